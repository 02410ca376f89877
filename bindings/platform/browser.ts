// What differs between hosts, the browser's side. Chosen by export condition.
import type { HostParent, HostWorkerConstructor } from "./worker.ts";

/** Bytes behind a URL, by fetch. */
export async function readBytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok)
    throw new Error(`load: ${url.href} answered ${response.status} ${response.statusText}`, { cause: response.status });
  return new Uint8Array(await response.arrayBuffer());
}

const STORE = "files";

/** One transaction with the store of this origin's files, and its answer. */
async function inStore<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const settled = <R>(request: IDBRequest<R>): Promise<R> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const opening = indexedDB.open("thalweg", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled(opening);
  try {
    const transaction = database.transaction(STORE, mode);
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const answer = await settled(ask(transaction.objectStore(STORE)));
    await done;
    return answer;
  } finally {
    database.close();
  }
}

/** A record of IndexedDB, of one part; its transaction is done whole or not at all. */
export async function writeKept(name: string, parts: () => readonly Uint8Array[]): Promise<void> {
  await inStore("readwrite", (store) => store.put(parts()[0], name));
}

export async function readKept(name: string): Promise<Uint8Array> {
  const bytes: unknown = await inStore("readonly", (store) => store.get(name));
  if (!(bytes instanceof Uint8Array)) throw new Error("there is no such record");
  return bytes;
}

/** A page has no files to add to. */
export function appendLine(path: string, _line: string, _first?: string): Promise<boolean> {
  return Promise.reject(new Error(`log: a page cannot write ${path}; use history(), and keep its reports yourself`));
}

/** The page's own worker. */
export const Worker = globalThis.Worker as unknown as HostWorkerConstructor;

interface WorkerScope {
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
}

/** Inside a worker: the other end. */
export const parent: HostParent = {
  listen: (listener) =>
    (globalThis as unknown as WorkerScope).addEventListener("message", ({ data }) => listener(data)),
  post: (message, transfer = []) => (globalThis as unknown as WorkerScope).postMessage(message, transfer),
};

/** Whether this host has files and installed packages to read. */
export const hasFiles = false;

/** A page has none to list. */
export function listFolder(_url: URL): Promise<{ readonly name: string; readonly isFolder: boolean }[]> {
  return Promise.reject(new Error("a page has no folders"));
}

/** The URL that an address means; relative ones start from the page (in a worker: from its script). */
export function locate(address: string): URL {
  return new URL(address, globalThis.document?.baseURI ?? globalThis.location?.href);
}

/** A page has no installed packages. */
export function packageFolder(_name: string): URL | undefined {
  return undefined;
}

/** Lets timers, input and rendering run, then goes on: a message to oneself is not throttled as timers are. */
export function hostTurn(): Promise<void> {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(undefined);
  });
}

/** Processors, as far as the browser tells. */
export const processors = (): number => globalThis.navigator?.hardwareConcurrency ?? 1;

/** Why threads cannot work together here (or, `inWorker`, in a worker of this page), and what to do; undefined: they can. */
export function threadsObstacle(inWorker: boolean): string | undefined {
  if (!globalThis.crossOriginIsolated)
    return "this page has no shared memory; serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  if (!inWorker && globalThis.document !== undefined)
    return "the main thread of a page may not wait for other threads; use createRemoteModel";
  return undefined;
}
