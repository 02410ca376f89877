// What differs between hosts, the browser's side. Chosen by export condition.
import type { HostWorker } from "./node.ts";

export type { HostWorker };

/** Bytes behind a URL, by fetch. */
export async function readBytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`load: ${url.href} answered ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

export function startWorker(url: URL): HostWorker {
  const worker = new Worker(url, { type: "module" });
  return {
    postMessage: (message, transfer) => worker.postMessage(message, [...(transfer ?? [])]),
    onMessage: (listener) => worker.addEventListener("message", (event) => listener(event.data)),
    onError: (listener) =>
      worker.addEventListener("error", (event) => listener(new Error(event.message || "worker failed to start"))),
    terminate: () => worker.terminate(),
  };
}
