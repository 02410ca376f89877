// A worker of a team: learns call lists and runs them when told to. It never returns to its event loop, so everything
// it hears after its orders comes through shared memory.
import { parent } from "#platform";
import {
  decodeCalls,
  FAILED,
  LEARN,
  MAILBOX_HEADER,
  MAILBOX_NUMBERS,
  type Orders,
  PROGRESS,
  SYNC,
  SYNC_STRIDE,
  writeReason,
} from "./control.ts";
import { instantiate, type Kernels } from "./load.ts";
import { prepareSteps, runSteps, type Step } from "./steps.ts";

function obey({ memory, replica, control, mailbox }: Orders, kernels: Kernels): never {
  const sync = control + SYNC + replica * SYNC_STRIDE;
  const progress = new Int32Array(memory.buffer, sync + PROGRESS, 1);
  const letter = new Float64Array(memory.buffer, mailbox, MAILBOX_HEADER + MAILBOX_NUMBERS);
  const lists = new Map<number, readonly Step[]>();
  let words: number[] = [];
  const learn = (): void => {
    const [addressee, list, count, last] = letter as unknown as readonly [number, number, number, number];
    if (addressee !== replica) return;
    words.push(...letter.subarray(MAILBOX_HEADER, MAILBOX_HEADER + count));
    if (!last) return;
    lists.set(list, prepareSteps(kernels, decodeCalls(words, kernels)));
    words = [];
  };
  for (;;) {
    const command = kernels.nextCommand(sync);
    if (command === LEARN) learn();
    else {
      const steps = lists.get(command) as readonly Step[];
      do runSteps(steps, progress);
      while (kernels.takeItem(sync));
    }
    kernels.barrier(sync);
  }
}

async function begin(orders: Orders): Promise<void> {
  const { module, memory, replica, control } = orders;
  let kernels: Kernels | undefined;
  try {
    kernels = await instantiate(module, memory);
    parent.post("ready");
    obey(orders, kernels);
  } catch (error) {
    // A team that has failed already has no use for this thread's complaint.
    if (Atomics.load(new Int32Array(memory.buffer, control + FAILED, 1), 0) === 0)
      writeReason(memory, control, `thread ${replica}: ${(error as Error).message}`);
    kernels?.fail(control);
    if (!kernels) throw error;
  }
}

parent.listen((orders) => void begin(orders as Orders));
