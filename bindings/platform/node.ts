// What differs between hosts, Node's side. Chosen by export condition, so that a bundle for a page never sees it.
import type { Worker as NodeWorker } from "node:worker_threads";
import type { HostParent, HostWorker } from "./worker.ts";

// Node's own modules are asked for where they are used: importing them takes 1 ms each, and 4 for node:fs.
const builtin = process.getBuiltinModule;
const files = (): typeof import("node:fs/promises") => builtin("node:fs/promises");
const fileUrl = (path: string): URL => builtin("node:url").pathToFileURL(path);

/** Bytes of a file: URL from disk, of any other URL by fetch. */
export async function readBytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol === "file:")
    return new Uint8Array(
      await files()
        .readFile(url)
        .catch((error: Error) => {
          throw new Error(`load: cannot read ${url.href} (${error.message}); check the path`, { cause: error });
        }),
    );
  const response = await fetch(url);
  if (!response.ok)
    throw new Error(`load: ${url.href} answered ${response.status} ${response.statusText}`, { cause: response.status });
  return new Uint8Array(await response.arrayBuffer());
}

/** The last write to each path that is under way. */
const writing = new Map<string, Promise<void>>();

/**
 * A file that is there whole or not at all: under another name, synced, renamed. Writes to one path follow one another.
 * @param parts its bytes, which may change as soon as others have their turn: they are written without a pause, and so need
 * not be copied
 */
export async function writeKept(path: string, parts: () => readonly Uint8Array[]): Promise<void> {
  const whole = builtin("node:path").resolve(path);
  const before = writing.get(whole) ?? Promise.resolve();
  const write = before.catch(() => {}).then(() => writeWhole(whole, parts));
  writing.set(whole, write);
  try {
    await write;
  } finally {
    if (writing.get(whole) === write) writing.delete(whole);
  }
}

async function writeWhole(path: string, parts: () => readonly Uint8Array[]): Promise<void> {
  const { open, rename, rm } = files();
  const { writeSync } = builtin("node:fs");
  await removeAbandoned(path);
  // Of its own: threads of this process, and other processes, may write to the same path.
  const temporary = `${path}.${process.pid}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    const file = await open(temporary, "wx");
    try {
      for (const part of parts()) for (let at = 0; at < part.length; ) at += writeSync(file.fd, part, at);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  // The name too must outlast a loss of power, where the system lets folders be synced.
  const folder = await open(builtin("node:path").dirname(path)).catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/** Removes what processes left beside a path that were killed while they wrote to it. */
async function removeAbandoned(path: string): Promise<void> {
  const { dirname, basename, join } = builtin("node:path");
  const { readdir, rm, stat } = files();
  const begin = `${basename(path)}.`;
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    const [, pid] = (name.startsWith(begin) && /^(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name.slice(begin.length))) || [];
    if (pid === undefined) continue;
    const file = join(dirname(path), name);
    // One of this process's number may be that of an earlier process: in a container they often have the same.
    const abandoned =
      Number(pid) === process.pid
        ? await stat(file).then(
            ({ mtimeMs }) => mtimeMs < Date.now() - 1000 * process.uptime(),
            () => false,
          )
        : !isAlive(Number(pid));
    if (abandoned) await rm(file, { force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // asks alone
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

export const readKept = async (path: string): Promise<Uint8Array> => new Uint8Array(await files().readFile(path));

/**
 * Adds a line to a file; where that is new or empty, `first` goes before it.
 * @returns whether it was added: not to a file that begins with another line than `first`
 */
export async function appendLine(path: string, line: string, first?: string): Promise<boolean> {
  const file = await files().open(path, "a+");
  try {
    const head = new TextEncoder().encode(first === undefined ? "" : `${first}\n`);
    const isNew = (await file.stat()).size === 0;
    const { buffer } = await file.read(new Uint8Array(head.length), 0, head.length, 0);
    if (!isNew && buffer.some((byte, i) => byte !== head[i])) return false;
    await file.appendFile(`${isNew && first !== undefined ? `${first}\n` : ""}${line}\n`);
    return true;
  } finally {
    await file.close();
  }
}

const workers = (): typeof import("node:worker_threads") => builtin("node:worker_threads");

/** A module worker as a page knows it, over worker_threads. It keeps the process alive only between ref and unref. */
export class Worker implements HostWorker {
  readonly #worker: NodeWorker;
  onmessage: HostWorker["onmessage"] = null;
  onerror: HostWorker["onerror"] = null;

  constructor(url: URL, _options?: { readonly type: "module" }) {
    // Not the program's own flags: --input-type, or conditions that mean sources, would keep a built file from starting.
    this.#worker = new (workers().Worker)(url, { execArgv: [] });
    this.#worker.unref();
    this.#worker.on("message", (data) => this.onmessage?.({ data }));
    this.#worker.on("error", (error) => this.onerror?.({ message: error.message }));
    this.#worker.on("exit", (code) => this.onerror?.({ message: `the worker ended with code ${code}` }));
  }
  postMessage(message: unknown, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, transfer as never);
  }
  terminate(): void {
    void this.#worker.terminate();
  }
  ref(): void {
    this.#worker.ref();
  }
  unref(): void {
    this.#worker.unref();
  }
}

/** Inside a worker: the other end. */
export const parent: HostParent = {
  listen: (listener) => void workers().parentPort?.on("message", listener),
  post: (message, transfer = []) => workers().parentPort?.postMessage(message, transfer as never),
};

/** Whether this host has files and installed packages to read. */
export const hasFiles = true;

/** What a folder holds. */
export async function listFolder(url: URL): Promise<{ readonly name: string; readonly isFolder: boolean }[]> {
  const entries = await files().readdir(url, { withFileTypes: true });
  return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
}

/** The URL that a path or an address means; paths are relative to the working directory. */
export function locate(pathOrUrl: string): URL {
  return /^(file|https?):/i.test(pathOrUrl) ? new URL(pathOrUrl) : fileUrl(pathOrUrl);
}

/**
 * The folder of an installed package as a URL ending in "/", looked for from the working directory, then from the
 * program that was started, then from here; undefined if it is nowhere.
 */
export function packageFolder(name: string): URL | undefined {
  const { createRequire } = builtin("node:module");
  for (const origin of [builtin("node:path").join(process.cwd(), "_"), process.argv[1], import.meta.url]) {
    if (!origin) continue;
    try {
      return new URL("./", fileUrl(createRequire(origin).resolve(`${name}/package.json`)));
    } catch {
      // not installed there
    }
  }
  return undefined;
}

/** Lets timers, I/O and rendering run, then goes on. */
export const hostTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const processors = (): number => builtin("node:os").availableParallelism();

/** Why threads cannot work together here; in Node they always can. */
export function threadsObstacle(_inWorker: boolean): string | undefined {
  return undefined;
}
