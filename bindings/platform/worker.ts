// Workers as both hosts offer them: types alone.

export interface HostWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  /** Also called when the worker ends on its own. */
  onerror: ((event: { readonly message: string }) => void) | null;
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  terminate(): void;
  /** Node: keep the process alive for this worker, or do not. */
  ref?(): void;
  unref?(): void;
}

export type HostWorkerConstructor = new (url: URL, options?: { readonly type: "module" }) => HostWorker;

/** A worker's way to the thread that started it. */
export interface HostParent {
  listen(listener: (message: unknown) => void): void;
  post(message: unknown, transfer?: readonly Transferable[]): void;
}
