// thalweg/arrays against f64 references, its refusals, and its memory.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import * as arrays from "../bindings/arrays.ts";
import { bind, type Call } from "../bindings/asBind.ts";
import { ulpError, wave } from "./kernels/harness.ts";

const f32 = (...values: number[]): Float32Array => Float32Array.from(values);
/** Half a rounding of f32, relative. */
const unit = 2 ** -24;

/** Every |actual − exact| within the bound given for it. */
function expectWithin(actual: ArrayLike<number>, exact: readonly number[], bound: (i: number) => number): void {
  expect(actual.length).toBe(exact.length);
  exact.forEach((value, i) => {
    expect(Math.abs((actual[i] as number) - value), `element ${i}: ${actual[i]} for ${value}`).toBeLessThanOrEqual(
      bound(i),
    );
  });
}

const at = (x: Float32Array, i: number): number => x[i] as number;

describe("products and transposes", () => {
  const sizes = [
    [1, 1, 1],
    [2, 3, 4],
    [1, 17, 5],
    [7, 1, 9],
    [5, 6, 0],
    [0, 3, 2],
    [4, 0, 3],
    [33, 18, 70],
    [13, 10, 600],
  ];
  it.each(sizes)("matmul of [%i, k] and [k, %i], k = %i, is the product", (m, n, k) => {
    const a = wave(m * k);
    const b = wave(k * n, 1);
    const exact: number[] = [];
    const magnitude: number[] = [];
    for (let i = 0; i < m; ++i)
      for (let j = 0; j < n; ++j) {
        const terms = Array.from({ length: k }, (_, p) => at(a, i * k + p) * at(b, p * n + j));
        exact.push(terms.reduce((s, t) => s + t, 0));
        magnitude.push(terms.reduce((s, t) => s + Math.abs(t), 0));
      }
    // k products and at most k additions, each rounded: |error| ≤ k·2⁻²⁴·Σ|a·b|, and twice that covers second order.
    expectWithin(arrays.matmul(a, b, m, n, k), exact, (i) => 2 * k * unit * (magnitude[i] as number));
  });

  it.each([
    [0, 0],
    [0, 4],
    [1, 9],
    [9, 1],
    [4, 4],
    [5, 7],
    [70, 66],
  ])("transpose turns [%i, %i] round", (m, n) => {
    const a = wave(m * n);
    const exact = Array.from({ length: m * n }, (_, i) => at(a, (i % m) * n + Math.floor(i / m)));
    expect(Array.from(arrays.transpose(a, m, n))).toEqual(exact);
  });
});

describe("element by element", () => {
  const lengths = Array.from({ length: 18 }, (_, n) => n);

  it.each(lengths)("add, sub and mul of %i elements round once", (n) => {
    const a = wave(n);
    const b = wave(n, 2);
    expect(Array.from(arrays.add(a, b))).toEqual(Array.from(a, (v, i) => Math.fround(v + at(b, i))));
    expect(Array.from(arrays.sub(a, b))).toEqual(Array.from(a, (v, i) => Math.fround(v - at(b, i))));
    expect(Array.from(arrays.mul(a, b))).toEqual(Array.from(a, (v, i) => Math.fround(v * at(b, i))));
    expect(Array.from(arrays.mul(a, 0.1))).toEqual(Array.from(a, (v) => Math.fround(v * Math.fround(0.1))));
    expect(Array.from(arrays.sub(a, 3))).toEqual(Array.from(a, (v) => Math.fround(v - 3)));
  });

  it.each(lengths)("axpy of %i elements rounds the product and the sum, and leaves y alone", (n) => {
    const x = wave(n);
    const y = wave(n, 3);
    const scaled = x.map((v) => v * Math.fround(-0.3));
    expect(Array.from(arrays.axpy(-0.3, x, y))).toEqual(Array.from(scaled, (v, i) => Math.fround(v + at(y, i))));
    expect(y).toEqual(wave(n, 3));
  });

  const functions = {
    relu: (v: number) => Math.max(v, 0),
    tanh: Math.tanh,
    sigmoid: (v: number) => 1 / (1 + Math.exp(-v)),
    exp: Math.exp,
    log: Math.log,
  };
  // The kernels' own bounds are tested over the whole range with the kernels; here: the right one is called, on all elements.
  it.each(Object.entries(functions))("%s is itself within 4 ulp, tails included", (name, exact) => {
    for (const n of lengths) {
      const x = wave(n, n).map((v) => (name === "log" ? Math.abs(v) : 3 * v));
      const y = arrays[name as keyof typeof functions](x);
      expect(y.length).toBe(n);
      y.forEach((v, i) => {
        expect(ulpError(v, exact(at(x, i))), `${name}(${x[i]})`).toBeLessThanOrEqual(4);
      });
    }
  });

  it("carries NaN and infinities as IEEE does", () => {
    expect(Array.from(arrays.exp(f32(Number.NaN, Infinity, -Infinity, 0)))).toEqual([Number.NaN, Infinity, 0, 1]);
    expect(Array.from(arrays.log(f32(0, -1, Infinity, 1)))).toEqual([-Infinity, Number.NaN, Infinity, 0]);
    expect(Array.from(arrays.axpy(Number.NaN, f32(1), f32(1)))).toEqual([Number.NaN]);
  });
});

describe("rows and reductions", () => {
  it("softmax takes one row by default, or rows of the given length", () => {
    const x = wave(12).map((v) => 40 * v);
    const row = (from: number, n: number): number[] => {
      const top = Math.max(...x.subarray(from, from + n));
      const e = Array.from(x.subarray(from, from + n), (v) => Math.exp(v - top));
      const total = e.reduce((s, v) => s + v, 0);
      return e.map((v) => v / total);
    };
    // x − max rounds to f32: up to 160·2⁻²⁴ absolute, so the exponential moves by 2e-5 of itself at most.
    const bound = (exact: readonly number[]) => (i: number) => 2e-5 * (exact[i] as number) + 2 ** -149;
    const whole = row(0, 12);
    expectWithin(arrays.softmax(x), whole, bound(whole));
    const rows = [0, 3, 6, 9].flatMap((from) => row(from, 3));
    expectWithin(arrays.softmax(x, 3), rows, bound(rows));
    expect(arrays.softmax(f32()).length).toBe(0);
    expect(arrays.softmax(f32(), 3).length).toBe(0);
  });

  it.each([0, 1, 3, 4, 17, 64, 1000, 100_003])("sum, mean, dot and norm of %i elements do not drift", (n) => {
    const x = wave(n);
    const y = wave(n, 1);
    const total = (f: (i: number) => number): number => x.reduce((s, _, i) => s + f(i), 0);
    // At most 8 f32 roundings a term before the f64 total (assembly/sums.ts).
    const bound = (f: (i: number) => number): number => 8 * unit * total((i) => Math.abs(f(i)));
    const plain = (i: number): number => at(x, i);
    const product = (i: number): number => at(x, i) * at(y, i);
    const square = (i: number): number => at(x, i) ** 2;
    expectWithin([arrays.sum(x)], [total(plain)], () => bound(plain));
    if (n > 0) expectWithin([arrays.mean(x)], [total(plain) / n], () => bound(plain) / n);
    expectWithin([arrays.dot(x, y)], [total(product)], () => bound(product));
    expectWithin([arrays.norm(x)], [Math.sqrt(total(square))], () => 8 * unit * Math.sqrt(total(square)));
  });

  it("sums beyond the range of f32 are still right", () => {
    const large = new Float32Array(40).fill(3e38);
    const small = new Float32Array(40).fill(1e-30);
    expect(arrays.sum(large) / (40 * Math.fround(3e38))).toBeCloseTo(1, 12);
    expect(arrays.dot(large, large) / (40 * Math.fround(3e38) ** 2)).toBeCloseTo(1, 12);
    expect(arrays.norm(large) / (Math.sqrt(40) * Math.fround(3e38))).toBeCloseTo(1, 12);
    expect(arrays.norm(small) / (Math.sqrt(40) * Math.fround(1e-30))).toBeCloseTo(1, 12);
    expect(arrays.sum(f32(1, Infinity))).toBe(Infinity);
    expect(arrays.norm(f32(1, Number.NaN))).toBeNaN();
  });

  it("argmax finds the first of the largest, or the first NaN", () => {
    for (let n = 1; n < 40; ++n) {
      const x = wave(n, n);
      expect(arrays.argmax(x)).toBe(x.indexOf(Math.max(...x)));
    }
    expect(arrays.argmax(f32(1, 5, 2, 5, 5))).toBe(1);
    expect(arrays.argmax(f32(-Infinity, -Infinity))).toBe(0);
    expect(arrays.argmax(f32(9, Number.NaN, 10, Number.NaN))).toBe(1);
  });
});

describe("sgdStep", () => {
  it.each([false, true])("follows PyTorch's rule over several steps, nesterov: %s", (nesterov) => {
    const n = 19;
    const options = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov, velocity: new Float32Array(n) };
    let w: Float32Array = wave(n);
    const exact = Array.from(w);
    const v = new Array<number>(n).fill(0);
    for (let step = 0; step < 5; ++step) {
      const g = wave(n, step);
      w = arrays.sgdStep(w, g, options);
      exact.forEach((value, i) => {
        const decayed = at(g, i) + 0.01 * value;
        v[i] = 0.9 * (v[i] as number) + decayed;
        exact[i] = value - 0.1 * (nesterov ? decayed + 0.9 * v[i] : v[i]);
      });
    }
    // |w| ≤ 8, |v| ≤ 8; a step rounds a handful of times, and 0.1, 0.9, 0.01 themselves round.
    expectWithin(w, exact, () => 5 * 8 * 8 * unit);
    expectWithin(options.velocity, v, () => 5 * 8 * 8 * unit);
  });

  it("takes a bare learning rate, and leaves its inputs alone", () => {
    const w = f32(1, 2, 3);
    expect(Array.from(arrays.sgdStep(w, f32(2, 4, -8), 0.5))).toEqual([0, 0, 7]);
    expect(Array.from(w)).toEqual([1, 2, 3]);
    expect(arrays.sgdStep(f32(), f32(), 0.5).length).toBe(0);
  });
});

describe("wrong input", () => {
  const wrong: readonly [string, () => unknown, string][] = [
    [
      "a product that does not fit",
      () => arrays.matmul(wave(5), wave(6), 2, 2, 3),
      "matmul: a has 5 elements, expected m·k = 2·3 = 6",
    ],
    [
      "the second factor",
      () => arrays.matmul(wave(6), wave(5), 2, 2, 3),
      "matmul: b has 5 elements, expected k·n = 3·2 = 6",
    ],
    [
      "a fractional size",
      () => arrays.matmul(wave(6), wave(6), 2, 2.5, 3),
      "matmul: n is 2.5, expected an integer from 0 to 268435440",
    ],
    [
      "a missing size",
      () => arrays.transpose(wave(6), 2, undefined as never),
      "transpose: n is undefined, expected an integer",
    ],
    [
      "a result beyond 1 GiB",
      () => arrays.matmul(new Float32Array(20_000), new Float32Array(20_000), 20_000, 20_000, 1),
      "matmul: the result has 400000000 elements, expected at most 268435440 (1 GiB); use smaller pieces",
    ],
    ["unequal lengths", () => arrays.add(wave(3), wave(4)), "add: b has 4 elements, expected a.length = 3"],
    [
      "an array of one for a number",
      () => arrays.mul(wave(3), wave(1)),
      "mul: b has 1 elements, expected a.length = 3",
    ],
    [
      "a plain array",
      () => arrays.relu([1, 2] as never),
      "relu: x is Array(2), expected a Float32Array; pass Float32Array.from(x)",
    ],
    [
      "doubles",
      () => arrays.dot(wave(2), new Float64Array(2) as never),
      "dot: b is Float64Array(2), expected a Float32Array; pass Float32Array.from(b)",
    ],
    [
      "an array-like where a number would do",
      () => arrays.add(wave(2), {} as never),
      "add: b is an object (Object), expected a Float32Array or a number",
    ],
    ["nothing", () => arrays.exp(undefined as never), "exp: x is undefined, expected a Float32Array"],
    [
      "an object of the right shape",
      () => arrays.sum({ length: 3, byteLength: 12 } as never),
      "sum: x is an object (Object), expected a Float32Array",
    ],
    ["alpha as text", () => arrays.axpy("2" as never, wave(1), wave(1)), 'axpy: alpha is "2", expected a number'],
    [
      "rows that do not come out even",
      () => arrays.softmax(wave(5), 3),
      "softmax: x has 5 elements, expected a multiple of columns = 3",
    ],
    [
      "rows of nothing",
      () => arrays.softmax(wave(5), 0),
      "softmax: x has 5 elements, expected a multiple of columns = 0",
    ],
    ["the mean of nothing", () => arrays.mean(f32()), "mean: x is empty, expected at least one element"],
    ["the largest of nothing", () => arrays.argmax(f32()), "argmax: x is empty"],
    [
      "a learning rate of 0",
      () => arrays.sgdStep(wave(2), wave(2), 0),
      "sgdStep: learningRate is 0, expected a finite number above 0",
    ],
    [
      "a learning rate of NaN",
      () => arrays.sgdStep(wave(2), wave(2), { learningRate: Number.NaN }),
      "sgdStep: learningRate is NaN, expected",
    ],
    [
      "no options",
      () => arrays.sgdStep(wave(2), wave(2), undefined as never),
      "sgdStep: options is undefined, expected a learning rate or { learningRate, … }",
    ],
    [
      "a misspelt option",
      () => arrays.sgdStep(wave(2), wave(2), { learningRate: 1, decay: 1 } as never),
      "sgdStep: unknown option decay, expected learningRate, momentum, velocity, weightDecay or nesterov",
    ],
    [
      "momentum with nowhere to keep it",
      () => arrays.sgdStep(wave(2), wave(2), { learningRate: 1, momentum: 0.9 }),
      "sgdStep: momentum is 0.9 without velocity; pass velocity: new Float32Array(2)",
    ],
    [
      "a short velocity",
      () => arrays.sgdStep(wave(2), wave(2), { learningRate: 1, momentum: 0.9, velocity: wave(1) }),
      "sgdStep: velocity has 1 elements, expected parameters.length = 2",
    ],
  ];
  it.each(wrong)("%s is refused with call, values and remedy", (_, run, message) => {
    expect(run).toThrow(message);
    // and the next call is none the worse
    expect(Array.from(arrays.add(f32(1), f32(2)))).toEqual([3]);
  });

  it("anything at all is answered or refused by name", () => {
    const value = fc.oneof(
      fc.anything({ withTypedArray: true, withSparseArray: true, withNullPrototype: true }),
      fc.nat(4),
      fc.double(),
      fc.float32Array({ maxLength: 9 }),
    );
    const property = fc.property(
      fc.constantFrom(...Object.entries(arrays)),
      fc.array(value, { maxLength: 5 }),
      ([name, run], given) => {
        try {
          const result = (run as (...given: unknown[]) => unknown)(...given);
          expect(typeof result === "number" || result instanceof Float32Array).toBe(true);
        } catch (error) {
          expect((error as Error).message.startsWith(`${name}: `), `${name}: ${(error as Error).stack}`).toBe(true);
        }
      },
    );
    fc.assert(property, { seed: 7, numRuns: 3000 });
  });

  it("arrays of another realm are Float32Arrays all the same", () => {
    expect(arrays.sum(runInNewContext("new Float32Array([1, 2])"))).toBe(3);
  });
});

describe("memory", () => {
  interface Raw {
    add(a: Float32Array, b: Float32Array): Float32Array;
    dot(a: Float32Array, b: Float32Array): number;
    matmul(a: Float32Array, b: Float32Array, m: number, n: number, k: number): Float32Array;
  }

  /** A fresh instance with its memory, which `bind` keeps to itself. */
  async function instance(): Promise<{ call: Call<Raw>; bytes: () => number }> {
    const spy = vi.spyOn(WebAssembly, "instantiate");
    const call = await bind<Raw>(new URL("../bindings/wasm/arrays.wasm", import.meta.url));
    const [made] = spy.mock.results;
    const wasm = (await made?.value) as WebAssembly.Instance;
    spy.mockRestore();
    return { call, bytes: () => (wasm.exports.memory as WebAssembly.Memory).buffer.byteLength };
  }

  it("100,000 calls need no more than the first: neither WebAssembly memory nor heap grows", async () => {
    const { call, bytes } = await instance();
    const x = wave(1000);
    const run = (times: number): void => {
      for (let i = 0; i < times; ++i) {
        call("add", x, x);
        call("dot", x, x);
      }
    };
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    run(1000);
    collect();
    const before = { wasm: bytes(), heap: process.memoryUsage() };
    run(100_000);
    expect(bytes()).toBe(before.wasm);
    // V8 counts freed array buffers a little after the collection.
    await vi.waitFor(() => {
      collect();
      const after = process.memoryUsage();
      expect(after.heapUsed - before.heap.heapUsed).toBeLessThan(2 ** 20);
      expect(after.arrayBuffers - before.heap.arrayBuffers).toBeLessThan(2 ** 20);
    }, 5000);
  });

  it("a call that fails inside leaves nothing behind and says why", async () => {
    const { call, bytes } = await instance();
    const x = new Float32Array(2 ** 18);
    const fail = (): unknown => call("matmul", x, x, 2 ** 15, 2 ** 15, 1);
    expect(fail).toThrow(/^matmul: out of memory on Float32Array\(262144\), .*Invalid length at ~lib/);
    const before = bytes();
    for (let i = 0; i < 100; ++i) expect(fail).toThrow("out of memory");
    expect(bytes()).toBe(before);
    expect(call("dot", x.fill(1), x)).toBe(2 ** 18);
  });

  it("grows for a large call, on which addresses and views are taken anew", async () => {
    const { call, bytes } = await instance();
    const before = bytes();
    const x = new Float32Array(2 ** 20).fill(1);
    expect(call("add", x, x).every((v) => v === 2)).toBe(true);
    expect(bytes()).toBeGreaterThan(before);
  });
});

const built = fileURLToPath(new URL("../dist/arrays.js", import.meta.url));

// `npm test` builds first.
describe("the built package", () => {
  it("runs in plain Node by the package's name", async () => {
    const script =
      'import { dot } from "thalweg/arrays"; console.log(dot(Float32Array.of(1, 2), Float32Array.of(3, 4)));';
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
    });
    expect((await run).stdout).toBe("11\n");
  });

  it("contains as-bind with its licence, and reads the wasm from beside it", () => {
    const text = readFileSync(built, "utf8");
    expect(text).toMatch(/\/\*! Contains as-bind 0\.8\.2[\s\S]*?Copyright \(c\) 2019 Aaron Turner[\s\S]*?\*\//);
    const imported = [...text.matchAll(/\b(?:from|import) ?"([^"]+)";/g)].map(([, name]) => name);
    expect(imported).toContain("#platform");
    for (const name of imported) expect(name).toMatch(/^#platform$|^\.\/chunk-\w+\.js$/);
    expect(text).toContain('new URL("./wasm/arrays.wasm", import.meta.url)');
  });
});
