// Barriers, and sums over replicas behind them.
import { describe, expect, test } from "vitest";
import { ITEM, PROGRESS, SYNC, SYNC_STRIDE } from "../../bindings/control.ts";
import { instantiate, loadModule } from "../../bindings/load.ts";
import { control, crew, sharedMemory } from "./crew.ts";
import { builds } from "./harness.ts";

describe.each(builds.filter((build) => build !== "debug"))("%s for threads", (build) => {
  const name = build === "relaxed" ? "relaxed-threads" : "strict-threads";

  test.each([2, 3])("nobody of %d passes a barrier before all have come", async (replicas) => {
    const memory = sharedMemory(replicas);
    const outcomes = await crew(name, memory, replicas, ({ kernels, memory, sync, replica, replicas }) => {
      const words = new Int32Array(memory.buffer, 8192, replicas);
      for (let round = 1; round <= 500; round++) {
        // Plain numbers, late ones now and then: the barrier alone makes them seen.
        if ((round + replica) % 100 === 0) for (const end = Date.now() + 2; Date.now() < end; );
        words[replica] = round;
        kernels.barrier(sync);
        for (let other = 0; other < replicas; other++)
          if (words[other] !== round) return `round ${round}: ${other} was at ${words[other]}`;
        kernels.barrier(sync);
      }
      return "met";
    });
    expect(outcomes).toEqual(Array.from({ length: replicas }, () => ({ value: "met" })));
  });

  test.each([1, 2, 3])(
    "allReduce adds up %d replicas in f64, the same bits in each, in place or not",
    async (replicas) => {
      const memory = sharedMemory(replicas);
      const outcomes = await crew(name, memory, replicas, ({ kernels, memory, sync, replica, replicas }) => {
        const sizes = [...Array(18).keys(), 33, 200];
        const results: number[][] = [];
        const [exchange, x, y] = [8192, 65536 * (replica + 4), 65536 * (replica + 4) + 4096];
        sizes.forEach((n, round) => {
          const inPlace = round % 2 === 1;
          const values = new Float32Array(memory.buffer, x, n);
          for (let i = 0; i < n; i++) values[i] = Math.sin(i + 10 * replica + round) * 2 ** ((7 * i + replica) % 20);
          kernels.allReduce(inPlace ? x : y, x, n, exchange + 4096 * round, sync);
          results.push([...new Float32Array(memory.buffer, inPlace ? x : y, n)]);
        });
        const expected = sizes.map((n, round) =>
          Array.from({ length: n }, (_, i) => {
            let sum = 0;
            for (let r = 0; r < replicas; r++)
              sum += Math.fround(Math.sin(i + 10 * r + round) * 2 ** ((7 * i + r) % 20));
            return Math.fround(sum);
          }),
        );
        return { results, expected };
      });
      for (const outcome of outcomes) {
        if ("error" in outcome) throw new Error(outcome.error);
        expect(outcome.value.results).toEqual(outcome.value.expected);
      }
    },
  );

  test("mergeStatistics gives mean and variance of all rows, also where the mean is large", async () => {
    const replicas = 3;
    const rows = [5, 4, 4];
    const memory = sharedMemory(replicas);
    const outcomes = await crew(name, memory, replicas, ({ kernels, memory, sync, replica }) => {
      const rows = [5, 4, 4];
      const value = (row: number, c: number): number => Math.fround(1000 * c + Math.sin(3 * row + c));
      const results: number[][] = [];
      const [exchange, x] = [8192, 65536 * (replica + 4)];
      [...Array(18).keys()].forEach((channels, round) => {
        const own = new Float32Array(memory.buffer, x, 2 * channels);
        const count = rows[replica] as number;
        const first = rows.slice(0, replica).reduce((a, b) => a + b, 0);
        for (let c = 0; c < channels; c++) {
          let mean = 0;
          for (let i = 0; i < count; i++) mean += value(first + i, c) / count;
          own[c] = mean;
          let variance = 0;
          for (let i = 0; i < count; i++) variance += (value(first + i, c) - mean) ** 2 / count;
          own[channels + c] = variance;
        }
        kernels.mergeStatistics(x + 4096, x, channels, exchange + 4096 * round, sync, count / 13);
        results.push([...new Float32Array(memory.buffer, x + 4096, 2 * channels)]);
      });
      return results;
    });
    const all = rows.reduce((a, b) => a + b, 0);
    for (const outcome of outcomes) {
      if ("error" in outcome) throw new Error(outcome.error);
      outcome.value.forEach((result, channels) => {
        for (let c = 0; c < channels; c++) {
          const values = Array.from({ length: all }, (_, row) => Math.fround(1000 * c + Math.sin(3 * row + c)));
          const mean = values.reduce((a, b) => a + b) / all;
          const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / all;
          // Means and shares come as f32: half a unit each of the mean, twice their square and product of the variance.
          const half = 2 ** -24 * Math.max(1, Math.abs(mean));
          expect(Math.abs((result[c] as number) - mean)).toBeLessThanOrEqual(4 * half);
          const off = 4 * half * Math.sqrt(variance) + 16 * half ** 2 + 2 ** -22;
          expect(Math.abs((result[channels + c] as number) - variance)).toBeLessThanOrEqual(off);
        }
      });
      expect(outcome).toEqual(outcomes[0]);
    }
  });

  test("a command reaches all others, once each", async () => {
    const outcomes = await crew(name, sharedMemory(3), 3, ({ kernels, sync, replica }) => {
      const heard: number[] = [];
      for (let i = 1; i <= 300; i++) {
        // Some come while the others still spin, some when they sleep.
        if (replica === 0 && i % 100 === 0) for (const end = Date.now() + 5; Date.now() < end; );
        if (replica === 0) kernels.command(sync, 7 * i, 3);
        else heard.push(kernels.nextCommand(sync));
        kernels.barrier(sync);
      }
      return heard;
    });
    const all = Array.from({ length: 300 }, (_, i) => 7 * (i + 1));
    expect(outcomes).toEqual([{ value: [] }, { value: all }, { value: all }]);
  });

  test("each item is taken once, by whoever has time, until no more shall be", async () => {
    const outcomes = await crew(name, sharedMemory(3), 3, ({ kernels, memory, sync, replica }) => {
      const item = new Int32Array(memory.buffer, sync + 20, 1);
      return Array.from({ length: 400 }, (_, round) => {
        const items = [3, 4, 5, 11, 200][round % 5] as number;
        if (replica === 0) kernels.command(sync, 0, items);
        else kernels.nextCommand(sync);
        const taken: number[] = [];
        do {
          taken.push(item[0] as number);
          if ((item[0] as number) % 7 === replica)
            for (const end = performance.now() + 0.02; performance.now() < end; );
          if (replica === 0 && round % 2 === 1 && taken.length === 3) kernels.endItems(sync, 1);
        } while (kernels.takeItem(sync));
        kernels.barrier(sync);
        return { items, taken };
      });
    });
    const rounds = outcomes.map((outcome) => ("value" in outcome ? outcome.value : []));
    let early = 0;
    for (let round = 0; round < 400; round++) {
      const items = rounds[0]?.[round]?.items as number;
      const taken = rounds.map((each) => each[round]?.taken ?? []);
      const done = 1 + Math.max(...taken.flat());
      expect(taken.map(([first]) => first)).toEqual([0, 1, 2]);
      expect(taken.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: done }, (_, i) => i));
      if (round % 2 === 0) expect(done).toBe(items);
      else if (done < items) early++;
    }
    expect(early).toBeGreaterThan(0);
  });

  test.each([
    [9, 3],
    [10, 0],
  ])("one more item is taken where the others did less than half of their 20 calls: %d", async (done, last) => {
    const memory = sharedMemory(3);
    const kernels = await instantiate(await loadModule(name), memory);
    const sync = (replica: number): number => control + SYNC + SYNC_STRIDE * replica;
    kernels.command(sync(0), 0, 100);
    for (const [replica, calls] of [
      [1, 4],
      [2, done - 4],
    ] as const) {
      kernels.nextCommand(sync(replica));
      new Int32Array(memory.buffer, sync(replica) + PROGRESS, 1)[0] = calls;
    }
    kernels.endItems(sync(0), 10);
    const item = new Int32Array(memory.buffer, sync(0) + ITEM, 1);
    while (kernels.takeItem(sync(0)));
    expect(item[0]).toBe(last);
  });

  test("who waits for one that never comes traps when patience ends, and all others with it", async () => {
    const began = performance.now();
    const outcomes = await crew(name, sharedMemory(3, 1), 3, ({ kernels, sync }) => kernels.barrier(sync), [0, 1]);
    expect(outcomes).toEqual([{ error: "unreachable" }, { error: "unreachable" }]);
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  test("patience lasts while somebody moves", async () => {
    const outcomes = await crew(name, sharedMemory(2, 1), 2, ({ kernels, memory, sync, replica }) => {
      if (replica === 1)
        for (let call = 1; call <= 25; call++) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
          Atomics.add(new Int32Array(memory.buffer, sync + 12, 1), 0, 1);
        }
      kernels.barrier(sync);
      return "met";
    });
    expect(outcomes).toEqual([{ value: "met" }, { value: "met" }]);
  });

  test("a failure wakes and traps all who wait, for commands or at a barrier", async () => {
    const memory = sharedMemory(3);
    const { fail } = await instantiate(await loadModule(name), memory);
    const waiting = crew(
      name,
      memory,
      3,
      ({ kernels, sync, replica }) => (replica === 1 ? kernels.barrier(sync) : kernels.nextCommand(sync)),
      [1, 2],
    );
    setTimeout(() => fail(control), 200);
    expect(await waiting).toEqual([{ error: "unreachable" }, { error: "unreachable" }]);
  });
});
