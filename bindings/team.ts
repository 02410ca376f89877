// Threads that run call lists together: this one, replica 0, and a worker for each other replica. They share one memory
// and meet at barriers, so a run is synchronous and posts no messages.
import { Worker } from "#platform";
import {
  encodeCalls,
  FAILED,
  ITEM,
  LEARN,
  MAILBOX_HEADER,
  MAILBOX_NUMBERS,
  type Orders,
  PATIENCE,
  readReason,
  SYNC,
  SYNC_STRIDE,
  writeReason,
} from "./control.ts";
import { loadModule, moduleFor } from "./load.ts";
import type { ModelMemory } from "./memory.ts";
import type { HostWorker } from "./platform/worker.ts";
import { prepareSteps, type ResolvedCall, runSteps, type Step } from "./steps.ts";

/** Seconds without a kernel call by any worker after which it counts as dead. The longest calls take a few. */
const patience = 60;

/** A worker, and the promise that it waits for commands. */
function enlist(orders: Orders, onEnd: (reason: string) => void): { worker: HostWorker; ready: Promise<void> } {
  // The form that bundlers look for.
  const worker = new Worker(new URL("./thread.ts", import.meta.url), { type: "module" });
  worker.ref?.();
  const ready = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => {
      worker.unref?.();
      resolve();
    };
    worker.onerror = ({ message }) => {
      onEnd(`thread ${orders.replica}: ${message}`);
      reject(new Error(`threads: thread ${orders.replica} did not start: ${message}`));
    };
  });
  worker.postMessage(orders);
  return { worker, ready };
}

export class Team {
  readonly replicas: number;
  readonly #memory: ModelMemory;
  readonly #control: number;
  /** Replica 0's words. */
  readonly #sync: number;
  readonly #mailbox: number;
  #workers: readonly HostWorker[] = [];
  #lists = 0;
  #ended: Error | undefined;

  /** @param memory shared; the team reserves segments in it that must stay */
  static async create(memory: ModelMemory, replicas: number, seconds = patience): Promise<Team> {
    const team = new Team(memory, replicas, seconds);
    const module = await loadModule(moduleFor(memory.build, true));
    const enlisted = Array.from({ length: replicas - 1 }, (_, i) => {
      const places = { control: team.#control, mailbox: team.#mailbox };
      return enlist({ module, memory: memory.memory, replica: i + 1, ...places }, (reason) => team.#lost(reason));
    });
    team.#workers = enlisted.map(({ worker }) => worker);
    try {
      await Promise.all(enlisted.map(({ ready }) => ready));
    } catch (error) {
      team.close();
      throw error;
    }
    return team;
  }

  private constructor(memory: ModelMemory, replicas: number, seconds: number) {
    this.#memory = memory;
    this.replicas = replicas;
    memory.reserve("sync", SYNC + SYNC_STRIDE * replicas);
    memory.reserve("mailbox", 8 * (MAILBOX_HEADER + MAILBOX_NUMBERS));
    this.#control = memory.base("sync");
    this.#sync = this.#control + SYNC;
    this.#mailbox = memory.base("mailbox");
    memory.i32("sync", PATIENCE, 1)[0] = seconds;
    for (let r = 0; r < replicas; r++) memory.i32("sync", SYNC + SYNC_STRIDE * r, 3).set([this.#control, r, replicas]);
  }

  /** Address of a replica's words: what the kernels barrier and allReduce ask for. */
  sync(replica: number): number {
    return this.#sync + SYNC_STRIDE * replica;
  }

  /** Address of the number of the item that a replica is at. */
  item(replica: number): number {
    return this.sync(replica) + ITEM;
  }

  /** A number for a new call list. */
  newList(): number {
    return this.#lists++;
  }

  /** Hands every replica its version of a list, in place of the one it had → that of this thread, for `run`. */
  teach(list: number, callsOf: (replica: number) => readonly ResolvedCall[]): readonly Step[] {
    for (let r = 1; r < this.replicas; r++) this.#send(r, list, callsOf(r));
    return prepareSteps(this.#memory.kernels, callsOf(0));
  }

  #send(replica: number, list: number, calls: readonly ResolvedCall[]): void {
    const words = encodeCalls(calls, this.#memory.kernels);
    const letter = new Float64Array(this.#memory.memory.buffer, this.#mailbox, MAILBOX_HEADER + MAILBOX_NUMBERS);
    for (let start = 0; start === 0 || start < words.length; start += MAILBOX_NUMBERS) {
      const part = words.slice(start, start + MAILBOX_NUMBERS);
      letter.set([replica, list, part.length, Number(start + MAILBOX_NUMBERS >= words.length)]);
      letter.set(part, MAILBOX_HEADER);
      this.run(LEARN, []);
    }
  }

  /** Runs a list in all threads; returns when all are done. */
  run(list: number, own: readonly Step[]): void {
    this.#follow(list, own, this.replicas, never);
  }

  /**
   * Runs a list for each item, in whichever thread has time: threads need not be equally fast. Every thread begins with
   * the item of its own number, whether there is one or not.
   * @param isDue whether it is time to end; asked after each item of this thread
   * @returns when all threads are done: how many items are, the first ones
   */
  share(list: number, own: readonly Step[], items: number, isDue: () => boolean): number {
    this.#follow(list, own, items, isDue);
    // Items are taken one after another: the last of all is the last of some replica.
    const last = Array.from({ length: this.replicas }, (_, r) =>
      this.#memory.i32("sync", SYNC + SYNC_STRIDE * r + ITEM, 1),
    );
    return 1 + Math.max(...last.map(([item]) => item as number));
  }

  #follow(list: number, own: readonly Step[], items: number, isDue: () => boolean): void {
    this.requireAlive();
    const { kernels } = this.#memory;
    try {
      kernels.command(this.#sync, list, items);
      do {
        runSteps(own);
        if (isDue()) kernels.endItems(this.#sync, own.length);
      } while (kernels.takeItem(this.#sync));
      kernels.barrier(this.#sync);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Throws where the team is no more. */
  requireAlive(): void {
    if (this.#ended) throw this.#ended;
  }

  /** Ends the workers. */
  close(): void {
    this.#end(new Error("threads: the model is closed"));
  }

  /** A worker has ended on its own: noticed between two runs. */
  #lost(reason: string): void {
    if (this.#ended) return;
    writeReason(this.#memory.memory, this.#control, reason);
    this.#end(gone(reason));
  }

  /** What a run that did not end says. */
  #failed(error: unknown): Error {
    const memory = this.#memory;
    const [failed, seconds] = [memory.i32("sync", FAILED, 1)[0], memory.i32("sync", PATIENCE, 1)[0]];
    // Marked as failed, but without a reason: by the barrier of this thread, which waited in vain.
    const own = failed ? `no thread has moved for ${seconds} s` : `thread 0: ${(error as Error).message}`;
    const reason = readReason(memory.memory, this.#control) ?? own;
    this.#memory.kernels.fail(this.#control);
    this.#end(gone(reason, error));
    return this.#ended as Error;
  }

  #end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = reason;
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
  }
}

const never = (): boolean => false;

const gone = (reason: string, cause?: unknown): Error =>
  new Error(`threads: ${reason}; the model cannot go on; its parameters can still be read, for a new one`, { cause });
