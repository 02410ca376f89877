// What threads gain: the steps of the suite `step`, our own in as many threads as there are processors, four at most,
// against our own in one.
import { availableParallelism } from "node:os";
import { type Contestant, checkAgreement } from "../contest.ts";
import { createJob } from "../jobs.ts";
import { nets } from "../nets.ts";
import { race } from "../race.ts";
import { type Arena, compare, type Row, significant } from "../row.ts";

const single = "1 thread";

export async function* threads({ ours, options }: Arena): AsyncGenerator<Row> {
  const count = Math.max(2, Math.min(4, availableParallelism()));
  const several = `${count} threads`;
  for (const net of nets) {
    const job = createJob(net);
    const contestants = new Map<string, Contestant>([
      [several, await ours.step(job, count)],
      [single, await ours.step(job)],
    ]);
    // Sums over the threads come in another order.
    checkAgreement(net.name, new Map([...contestants].map(([who, { answer }]) => [who, answer])), 1e-3);
    const measured = await race(net.name, contestants, { ...(net.rounds && { rounds: net.rounds }), ...options });
    for (const { close } of contestants.values()) close?.();
    const [own, one] = [measured.get(several), measured.get(single)] as [number, number];
    yield {
      suite: "threads",
      name: `${net.name}, ${several}`,
      build: ours.build,
      ms: significant(own),
      ...compare(own, new Map([[single, one]])),
      speedup: significant(one / own),
    };
  }
}
