// Workers that share one memory and run a function with the kernels of the threads build: for tests of what threads do
// to each other. The thread that tests is none of them: a page's may not wait.

import { SYNC, SYNC_STRIDE } from "../../bindings/control.ts";
import { loadModule, type ModuleName } from "../../bindings/load.ts";

/** The words lie in bytes 1024 to 4095; the rest is the test's own. */
const CONTROL = 1024;

/** What a member's function gets. It crosses to a worker as text: it may use nothing else. */
export interface Member {
  // biome-ignore lint/suspicious/noExplicitAny: every kernel by name, seen from a function that is text
  readonly kernels: any;
  readonly memory: WebAssembly.Memory;
  readonly sync: number;
  readonly replica: number;
  readonly replicas: number;
}

const script = (task: string): string => `
const run = async ({ module, memory, sync, replica, replicas }) => {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory, abort() {} } });
  return (${task})({ kernels: exports, memory, sync, replica, replicas });
};
const answer = (post) => (orders) => run(orders).then((value) => post({ value }), (error) => post({ error: error.message }));
if (globalThis.process) {
  const { parentPort } = await import("node:worker_threads");
  parentPort.once("message", answer((message) => parentPort.postMessage(message)));
} else globalThis.onmessage = ({ data }) => answer(postMessage)(data);
`;

type Outcome<T> = { readonly value: T } | { readonly error: string };

/** A memory with the words of assembly/sync.ts for so many replicas. */
export function sharedMemory(replicas: number, patience = 60): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  new Int32Array(memory.buffer, CONTROL + 320, 1)[0] = patience;
  for (let r = 0; r < replicas; r++)
    new Int32Array(memory.buffer, CONTROL + SYNC + SYNC_STRIDE * r, 3).set([CONTROL, r, replicas]);
  return memory;
}
export const control = CONTROL;

/** Runs a task in as many threads as there are replicas; what each returned, or the message it threw. */
export async function crew<T>(
  name: ModuleName,
  memory: WebAssembly.Memory,
  replicas: number,
  task: (member: Member) => T,
  present = Array.from({ length: replicas }, (_, r) => r),
): Promise<Outcome<T>[]> {
  const { Worker } = await import("#platform");
  const module = await loadModule(name);
  const text = script(String(task));
  const inNode = "process" in globalThis;
  const url = inNode
    ? `data:text/javascript,${encodeURIComponent(text)}`
    : URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const workers = present.map(() => new Worker(new URL(url), { type: "module" }));
  try {
    return await Promise.all(
      workers.map(
        (worker, i) =>
          new Promise<Outcome<T>>((resolve, reject) => {
            const replica = present[i] as number;
            worker.onmessage = ({ data }) => resolve(data as Outcome<T>);
            worker.onerror = ({ message }) => reject(new Error(message));
            worker.ref?.();
            worker.postMessage({ module, memory, sync: CONTROL + SYNC + SYNC_STRIDE * replica, replica, replicas });
          }),
      ),
    );
  } finally {
    for (const worker of workers) {
      worker.onerror = null;
      worker.terminate();
    }
  }
}
