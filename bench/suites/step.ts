// Training steps: forward, backward, SGD update, loss as a number; and what they leave on the JavaScript heap.
import { getHeapStatistics } from "node:v8";
import type { Contestant } from "../contest.ts";
import { createJob } from "../jobs.ts";
import { flopsOfStep, nets } from "../nets.ts";
import { type Arena, enter, measure, type Row } from "../row.ts";

export async function* step(arena: Arena): AsyncGenerator<Row> {
  for (const net of nets) {
    const job = createJob(net);
    const reasons = arena.peers.map((peer) => [peer.name, peer.declines?.(net)] as const);
    const without = Object.fromEntries(reasons.filter(([, reason]) => reason !== undefined)) as Record<string, string>;
    const present = arena.peers.filter(({ name }) => !(name in without));
    const contestants = await enter({ ...arena, peers: present }, (library) => library.step(job));
    const event = { suite: "step", name: net.name, flops: flopsOfStep(net), tolerance: 1e-3 } as const;
    const options = { ...(net.rounds && { rounds: net.rounds }), ...arena.options };
    const row = await measure(event, contestants, { ...arena, options });
    const tiny = net === nets[0];
    yield {
      ...row,
      ...(tiny && { heapGrowthBytes: heapGrowth(contestants.get(arena.ours.name) as Contestant) }),
      ...(Object.keys(without).length > 0 && { without }),
    };
  }
}

/** Bytes 10,000 steps allocate. A collection between two readings would hide some, so only rises count. */
function heapGrowth({ run }: Contestant): number {
  let growth = 0;
  let before = getHeapStatistics().used_heap_size;
  for (let part = 0; part < 10; part++) {
    run(1000);
    const after = getHeapStatistics().used_heap_size;
    growth += Math.max(0, after - before);
    before = after;
  }
  return growth;
}
