// What differs between hosts, Node's side. Chosen by export condition, so that a bundle for a page never sees it.
import { readFile } from "node:fs/promises";
import { Worker as NodeWorker } from "node:worker_threads";

/** Bytes of a file: URL from disk, of any other URL by fetch. */
export async function readBytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol === "file:") return new Uint8Array(await readFile(url));
  const response = await fetch(url);
  if (!response.ok) throw new Error(`load: ${url.href} answered ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A module worker; messages arrive as in a browser. */
export interface HostWorker {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  onMessage(listener: (message: unknown) => void): void;
  onError(listener: (error: Error) => void): void;
  terminate(): void;
}

export function startWorker(url: URL): HostWorker {
  const worker = new NodeWorker(url);
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer as never),
    onMessage: (listener) => worker.on("message", listener),
    onError: (listener) => {
      worker.on("error", listener);
      worker.on("exit", (code) => listener(new Error(`worker ended with code ${code}`)));
    },
    terminate: () => void worker.terminate(),
  };
}
