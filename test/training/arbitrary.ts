// Arbitrary values for the public calls, and the rules of what is right, as the documentation has them.
import fc from "fast-check";

/** What a getter of the caller's throws. */
export class Thrown extends Error {}
const trap = (): never => {
  throw new Thrown("the caller's own");
};
const detached = (): Float32Array => {
  const gone = new Float32Array(8);
  structuredClone(gone, { transfer: [gone.buffer] });
  return Object.assign(gone, { [fc.toStringMethod]: () => "a detached array" });
};

/** Numbers that are right somewhere and wrong elsewhere. */
export const number = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -4, max: 4, noNaN: true }) },
  { weight: 4, arbitrary: fc.integer({ min: -1, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e39, -1e300, 5e-324, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53, 1.5) },
); // biome-ignore format: a kind a row

/** What is no number. */
export const oddity: fc.Arbitrary<unknown> = fc.constantFrom<unknown[]>(
  null, undefined, true, "", "1", "abc", 1n, Symbol("s"), {}, [], [[1, 2]], trap, new Date(0), new Map([[0, 1]]), new ArrayBuffer(32),
  new DataView(new ArrayBuffer(32)), detached(), new BigInt64Array(8), Object.create(null), { length: 8 }, { length: -8 }, { length: 0.5 },
  { length: 2 ** 40 }, { length: Number.NaN }, { length: "8" }, { get length(): never { return trap(); } }, new Array(8), Promise.resolve([1, 2]),
); // biome-ignore format: a list

const kinds = [
  Float32Array,
  Float64Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
] as const;
export const arrays = (length: fc.Arbitrary<number>): fc.Arbitrary<unknown> =>
  fc.oneof(
    length.chain((n) => fc.array(number, { minLength: n, maxLength: n })),
    length.chain((n) =>
      fc
        .tuple(fc.constantFrom(...kinds), fc.array(number, { minLength: n, maxLength: n }))
        .map(([Kind, list]) => Kind.from(list)),
    ),
    length.chain((n) => fc.array(fc.integer({ min: 0, max: 2 }), { minLength: n, maxLength: n })),
    fc
      .tuple(fc.array(number, { minLength: 4, maxLength: 8 }), fc.nat(3), oddity)
      .map(([list, at, odd]) => list.map((v, i) => (i === at ? odd : v))),
  );
export const examples = fc.oneof(
  { weight: 5, arbitrary: arrays(fc.constantFrom(4, 8, 8, 8, 7, 0)) },
  { weight: 1, arbitrary: oddity },
  { weight: 1, arbitrary: number },
);
export const targets = fc.oneof(
  { weight: 5, arbitrary: arrays(fc.constantFrom(1, 2, 2, 2, 3)) },
  { weight: 1, arbitrary: oddity },
);
export const anything = fc.oneof(
  oddity,
  number,
  examples,
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withTypedArray: true,
    withSparseArray: true,
  }),
);

// The rules, as the documentation has them.
export const isList = (value: unknown): value is ArrayLike<number> =>
  (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) &&
  ((value as ArrayLike<unknown>).length === 0 ||
    Array.from(value as ArrayLike<unknown>).every((v) => typeof v === "number"));
export const all = (list: ArrayLike<number>, rule: (v: number) => boolean): boolean => Array.from(list).every(rule);
export const fitsF32 = (v: number): boolean => Number.isFinite(Math.fround(v));
export const isLabel = (v: number): boolean => v === 0 || v === 1 || v === 2;
export const isExamples = (x: unknown): x is ArrayLike<number> =>
  isList(x) && x.length > 0 && x.length % 4 === 0 && all(x, fitsF32);
/** Examples outside a data set: nothing says how bytes would be scaled. */
export const isScaled = (x: unknown): x is ArrayLike<number> =>
  isExamples(x) && !(x instanceof Uint8Array || x instanceof Uint8ClampedArray);
export const isBatch = (x: unknown, y: unknown): boolean =>
  isScaled(x) && isList(y) && y.length === x.length / 4 && all(y, isLabel);
