// Streams: what passes by, in which order, how far ahead it is read, and that what was opened is closed.
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { type Stream, stream } from "thalweg/data";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "./fixture.ts";

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Whole numbers without end that tell how many have been asked for and whether they were closed. */
function counted(end = Number.POSITIVE_INFINITY) {
  const seen = { asked: 0, closed: 0 };
  const source = {
    async *[Symbol.asyncIterator]() {
      try {
        for (let i = 0; i < end; i++) {
          seen.asked++;
          yield i;
        }
      } finally {
        seen.closed++;
      }
    },
  };
  return { source, seen };
}

/** A source that gives one item and then nothing for ever. */
function idle() {
  const seen = { closed: 0 };
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]() {
      let given = false;
      return {
        next: () => {
          if (given) return new Promise(() => {});
          given = true;
          return Promise.resolve({ done: false, value: 0 });
        },
        async return() {
          seen.closed++;
          return { done: true, value: undefined };
        },
      };
    },
  };
  return { source, seen };
}

describe("stream reads", () => {
  const web = (): ReadableStream<number> =>
    new ReadableStream({
      start(controller) {
        for (const i of upTo(5)) controller.enqueue(i);
        controller.close();
      },
    });
  /** As Safari's: without an iterator of its own. */
  const bare = (): ReadableStream<number> => {
    const from = web();
    return { getReader: () => from.getReader() } as ReadableStream<number>;
  };
  test.each<[string, () => unknown]>([
    ["an array", () => upTo(5)],
    ["a set", () => new Set(upTo(5))],
    ["a generator", () => upTo(5).values()],
    ["an async generator", () => counted(5).source],
    ["promises", () => upTo(5).map((i) => Promise.resolve(i))],
    ["a Readable of objects", () => Readable.from(upTo(5))],
    ["a ReadableStream", web],
    ["a ReadableStream without an iterator", bare],
    ["another stream", () => stream(upTo(5))],
    ["a function that opens one", () => () => web()],
  ])("%s", async (_, make) => {
    expect(await all(stream(make() as number[]))).toEqual(upTo(5));
  });

  test("bytes of a file through a parser", async () => {
    const text = upTo(5000).map((i) => `${i},${i % 3}\n`).join(""); // biome-ignore format: short
    const path = join(temporaryFolder({ "numbers.csv": new TextEncoder().encode(text) }), "numbers.csv");
    async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
      let rest = "";
      for await (const chunk of chunks) {
        const list = (rest + chunk.toString("latin1")).split("\n");
        rest = list.pop() as string;
        yield* list;
      }
    }
    const examples = stream(() => createReadStream(path, { highWaterMark: 1000 }))
      .through(lines)
      .map((line) => line.split(",").map(Number))
      .map(([x, y]) => ({ x: x as number, y: y as number }));
    for (let pass = 0; pass < 2; pass++)
      expect(await all(examples)).toEqual(upTo(5000).map((i) => ({ x: i, y: i % 3 })));
  });

  test.each([[undefined], [1], ["text"], [{}]])("not %j", (value) => {
    expect(() => stream(value as never)).toThrow(
      /^stream: expected an iterable, an async iterable, a Readable or a Read/,
    );
  });
});

test("map, filter, take, skip and repeat", async () => {
  const numbers = stream(upTo(6));
  expect(await all(numbers.map((i) => i * i))).toEqual([0, 1, 4, 9, 16, 25]);
  expect(await all(numbers.map(async (i) => -i).filter(async (i) => i < -3))).toEqual([-4, -5]);
  expect(await all(numbers.skip(2).take(3))).toEqual([2, 3, 4]);
  expect(await all(numbers.take(0))).toEqual([]);
  expect(await all(numbers.take(9))).toEqual(upTo(6));
  expect(await all(numbers.take(2).repeat(3))).toEqual([0, 1, 0, 1, 0, 1]);
  expect(await all(numbers.take(2).repeat().take(5))).toEqual([0, 1, 0, 1, 0]);
  // What can be read once only has no second pass.
  expect(await all(stream(upTo(3).values()).repeat())).toEqual(upTo(3));
  for (const [call, says] of [
    [() => numbers.map(1 as never), "map: f must be a function"],
    [() => numbers.take(-1), "take: count must be a whole number ≥ 0, got -1"],
    [() => numbers.skip(0.5), "skip: count must be"],
    [() => numbers.repeat(0), "repeat: passes must be"],
    [() => numbers.shuffle(0), "shuffle: bufferSize must be"],
    [() => numbers.shuffle(3, -1), "shuffle: seed must be"],
    [() => numbers.batch(0), "batch: rows must be"],
    [() => numbers.batch(2, { drop: true } as never), 'batch: unknown option "drop"'],
    [() => numbers.prefetch(0), "prefetch: count must be"],
  ] as const)
    expect(call).toThrow(says);
});

describe("shuffle", () => {
  test("gives each item once, by the seed, and each pass in another order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.integer({ min: 1, max: 80 }), fc.nat(1e6), async (n, bufferSize, seed) => {
        const order = await all(stream(upTo(n)).shuffle(bufferSize, seed));
        expect(order.toSorted((a, b) => a - b)).toEqual(upTo(n));
        expect(await all(stream(upTo(n)).shuffle(bufferSize, seed))).toEqual(order);
        // No item comes before the buffer that it entered was full.
        order.forEach((item, place) => {
          expect(item).toBeLessThan(place + bufferSize + 1);
        });
      }),
      { seed: 4, numRuns: 100 },
    );
    const shuffled = stream(upTo(50)).shuffle(20, 7);
    const [first, second] = [await all(shuffled), await all(shuffled)];
    expect(first).not.toEqual(second);
    expect(await all(stream(upTo(50)).shuffle(20, 8))).not.toEqual(first);
    expect(await all(stream(upTo(50)).shuffle(20, 7).repeat(2))).toEqual([...first, ...second]);
  });

  test("with room for all is fair: each item is as often in each place", async () => {
    const [n, runs] = [5, 2000];
    const counts = upTo(n).map(() => upTo(n).map(() => 0));
    const shuffled = stream(upTo(n)).shuffle(n, 1);
    for (let run = 0; run < runs; run++)
      (await all(shuffled)).forEach((item, place) => {
        (counts[place] as number[])[item] = ((counts[place] as number[])[item] as number) + 1;
      });
    const expected = runs / n;
    const chi = counts.flat().reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 16 degrees of freedom: above 39.3 once in a thousand seeds.
    expect(chi).toBeLessThan(39.3);
  });
});

describe("batch", () => {
  const examples = stream(upTo(7)).map((i) => ({ x: Float32Array.of(i, -i), y: i % 3 }));
  test("joins examples, the last batch being smaller, or left out", async () => {
    const whole = await all(examples.batch(3));
    expect(whole.map(({ x, y }) => [[...(x as Float32Array)], [...(y as Float64Array)]])).toEqual([
      [
        [0, -0, 1, -1, 2, -2],
        [0, 1, 2],
      ],
      [
        [3, -3, 4, -4, 5, -5],
        [0, 1, 2],
      ],
      [[6, -6], [0]],
    ]);
    expect(whole[0]?.x).toBeInstanceOf(Float32Array);
    expect(await all(examples.batch(3, { dropRemainder: true }))).toEqual(whole.slice(0, 2));
    expect(new Set(whole.map(({ x }) => (x as Float32Array).buffer)).size).toBe(3);
    const arrays = new Set<unknown>();
    for await (const { x } of examples.batch(3, { reuse: true })) arrays.add((x as Float32Array).buffer);
    expect(arrays.size).toBe(1);
    const reused = examples.batch(3, { reuse: true }).take(2).repeat(2).skip(1);
    for (const call of ["shuffle", "prefetch"] as const)
      expect(() => reused[call](2)).toThrow(
        `${call}: these batches share their arrays, and it would keep some; put it`,
      );
  });

  test.each<[string, readonly unknown[], string]>([
    ["a number", [1], "batch: item 1: expected an object of options, got 1"],
    ["another name", [{ x: 1, y: 1, z: 1 }], 'batch: item 1: unknown option "z"'],
    ["no y", [{ x: [1] }], "batch: item 1: y must be an array of numbers, got undefined"],
    ["text", [{ x: [1], y: [2] }, { x: ["1"], y: [2] }], 'batch: item 2: x[0] = "1" is not a number'],
    ["another length", [{ x: [1, 2], y: 0 }, { x: [1], y: 0 }], "batch: item 2: x has 1 numbers, those before had 2 an example"],
    ["none", [{ x: [], y: 0 }], "batch: item 1: x is empty; an example has one number at least"],
    ["other arrays", [{ x: [1], y: Int32Array.of(1) }, { x: [1], y: [0.5] }], "batch: item 2: y is made for a Float64Array, those before for a Int32Array"],
  ])("refuses %s, saying which", async (_, list, says) => {
    await expect(all(stream(list as never[]).batch(2))).rejects.toThrow(says);
  }); // biome-ignore format: a case a line
});

describe("prefetch", () => {
  test("asks so far ahead and no further, and keeps the order", async () => {
    const { source, seen } = counted(20);
    const list: number[] = [];
    for await (const i of stream(source).prefetch(3)) {
      await new Promise((done) => setTimeout(done));
      list.push(i);
      expect(seen.asked).toBe(Math.min(20, i + 1 + 3));
    }
    expect(list).toEqual(upTo(20));
    const without = counted();
    for await (const i of stream(without.source)) {
      expect(without.seen.asked).toBe(i + 1);
      if (i === 5) break;
    }
  });

  test("lets a source that waits do so while others work", async () => {
    const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 20));
    const slow = (): Stream<number> =>
      stream(async function* () {
        for (const i of upTo(8)) {
          await pause();
          yield i;
        }
      });
    const time = async (items: Stream<number>): Promise<number> => {
      const began = performance.now();
      for await (const _ of items) await pause();
      return performance.now() - began;
    };
    // 8 waits beside 8 pauses instead of 16 one after another.
    const [ahead, plain] = await Promise.all([time(slow().prefetch(2)), time(slow())]);
    expect(ahead).toBeLessThan(0.8 * plain);
  });
});

describe("whatever was opened is closed, once,", () => {
  const ways: readonly (readonly [string, (s: Stream<number>) => Stream<unknown>])[] = [
    ["alone", (s) => s],
    ["behind map and filter", (s) => s.map((i) => i + 1).filter((i) => i > 0)],
    ["behind take and skip", (s) => s.skip(0).take(100)],
    ["behind shuffle", (s) => s.shuffle(1)],
    ["behind batch", (s) => s.map((i) => ({ x: i, y: 0 })).batch(1)],
    ["behind prefetch", (s) => s.prefetch(2)],
    ["behind repeat", (s) => s.repeat()],
    ["behind a parser", (s) => s.through((items) => items)],
  ];
  test.each(ways)("%s: by break, by an error in the loop, and at the end", async (_, way) => {
    const { source, seen } = counted();
    for await (const _item of way(stream(source))) break;
    expect(seen.closed).toBe(1);
    await expect(
      (async () => {
        for await (const _item of way(stream(source))) throw new Error("enough");
      })(),
    ).rejects.toThrow("enough");
    expect(seen.closed).toBe(2);
    const finite = counted(4);
    for await (const _item of way(stream(finite.source)).take(3));
    expect(finite.seen.closed).toBe(1);
  });

  test.each(ways.slice(0, 7))("%s: while it waits for an item that never comes", async (name, way) => {
    const { source, seen } = idle();
    const iterator = way(stream(source))[Symbol.asyncIterator]();
    if (!name.includes("shuffle")) await iterator.next();
    const waiting = Promise.resolve(iterator.next()).catch(() => {});
    await new Promise((done) => setTimeout(done, 5));
    await iterator.return?.();
    await waiting;
    expect(seen.closed).toBe(1);
  });

  test("a Readable and a ReadableStream too", async () => {
    const readable = Readable.from(upTo(5));
    for await (const _ of stream(readable)) break;
    expect(readable.destroyed).toBe(true);
    const waiting = new Readable({ objectMode: true, read() {} });
    let cancelled = false;
    const web = new ReadableStream({
      cancel() {
        cancelled = true;
      },
    });
    for (const source of [waiting, web]) {
      const iterator = stream<unknown>(source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
      const next = Promise.resolve(iterator.next()).catch(() => {});
      await new Promise((done) => setTimeout(done, 5));
      await iterator.return?.();
      await next;
    }
    expect([waiting.destroyed, cancelled]).toEqual([true, true]);
  });

  test("and a source's own error comes through all of it", async () => {
    for (const [, way] of ways) {
      const broken = async function* () {
        yield 1;
        throw new Error("the line is dead");
      };
      await expect(all(way(stream(broken)))).rejects.toThrow("the line is dead");
    }
  });
});
