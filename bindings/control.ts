// What the threads of a team share beside the model's numbers: the words of assembly/sync.ts, and two ways of saying
// more than a word — call lists to the workers, the reason of a failure back.
import type { Kernels } from "./load.ts";
import type { ResolvedCall } from "./steps.ts";

/** Bytes from the start of the segment "sync"; the first three as in assembly/sync.ts. */
export const FAILED = 192;
export const PATIENCE = 320;
const REASON = 448;
const REASON_BYTES = 512;
/** Here the replicas' words begin. */
export const SYNC = REASON + REASON_BYTES;
export const SYNC_STRIDE = 64;
export const PROGRESS = 12;
export const ITEM = 20;

/** The command that tells workers to read the mailbox; others are numbers of call lists. */
export const LEARN = -1;
/** Numbers the mailbox holds, behind its header: whom it is for, which list, how many numbers, whether they are the last. */
export const MAILBOX_HEADER = 4;
export const MAILBOX_NUMBERS = 8192;

/** What a worker must know before it can wait for commands. */
export interface Orders {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Which replica it is, from 1. */
  readonly replica: number;
  /** Addresses. */
  readonly control: number;
  readonly mailbox: number;
}

/** Call lists as numbers: kernel (its place in the module), how many arguments, arguments; and so on. */
export function encodeCalls(calls: readonly ResolvedCall[], kernels: Kernels): number[] {
  const names = Object.keys(kernels);
  return calls.flatMap(({ kernel, numbers }) => [names.indexOf(kernel), numbers.length, ...numbers]);
}

export function decodeCalls(words: readonly number[], kernels: Kernels): ResolvedCall[] {
  const names = Object.keys(kernels);
  const calls: ResolvedCall[] = [];
  for (let at = 0; at < words.length; ) {
    const [kernel, count] = [words[at] as number, words[at + 1] as number];
    calls.push({ kernel: names[kernel] as string, numbers: words.slice(at + 2, at + 2 + count) });
    at += 2 + count;
  }
  return calls;
}

/** Leaves word of why the team failed; the first reason stays. */
export function writeReason(memory: WebAssembly.Memory, control: number, text: string): void {
  const length = new Int32Array(memory.buffer, control + REASON, 1);
  const codes = new Uint16Array(memory.buffer, control + REASON + 4, (REASON_BYTES - 4) / 2);
  if (Atomics.compareExchange(length, 0, 0, -1) !== 0) return;
  const shown = text.slice(0, codes.length);
  for (let i = 0; i < shown.length; i++) codes[i] = shown.charCodeAt(i);
  Atomics.store(length, 0, shown.length);
}

/** The reason, if one was left. */
export function readReason(memory: WebAssembly.Memory, control: number): string | undefined {
  const length = Atomics.load(new Int32Array(memory.buffer, control + REASON, 1), 0);
  if (length <= 0) return undefined;
  return String.fromCharCode(...new Uint16Array(memory.buffer, control + REASON + 4, length));
}
