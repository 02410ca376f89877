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

/** Whether this host has files and installed packages to read. */
export const hasFiles = false;

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
