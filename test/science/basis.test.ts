// Orthonormal vectors in a memory of their own, against the definition in double precision.
import { expect, test } from "vitest";
import { Basis, mostVectors } from "../../src/science/basis.ts";
import { dot, expectClose, numbers } from "../nn/net.ts";

/** A basis of random vectors, made by Gram and Schmidt. */
async function filled(size: number, count: number): Promise<Basis> {
  const basis = await Basis.create(size, count);
  for (let i = 0; i < count; i++) {
    basis.next.set(numbers(size, 10 + i));
    for (let pass = 0; pass < 2; pass++) basis.removeProjections();
    basis.push(basis.norm());
  }
  return basis;
}
const vectors = (basis: Basis): Float32Array[] => Array.from({ length: basis.length }, (_, i) => basis.vector(i));

// Groups of four vectors and blocks of 8192 numbers, whole and not.
test.each([
  [3, 2],
  [17, 5],
  [8192, 4],
  [8195, 9],
])("of %i numbers, %i vectors: at right angles, and takes out all that lies along them", async (size, count) => {
  const basis = await filled(size, count);
  const all = vectors(basis);
  // f32 rounding of numbers of length 1, and of the sums
  for (const [i, v] of all.entries())
    for (const [j, other] of all.entries()) expect(Math.abs(dot(v, other) - Number(i === j))).toBeLessThan(3e-7);
  const w = numbers(size, 5);
  basis.next.set(w);
  expect(basis.dot(1)).toBeCloseTo(dot(w, all[1] as Float32Array), 5);
  const left = Float64Array.from(w);
  for (const v of all) {
    const c = dot(w, v);
    for (let k = 0; k < size; k++) left[k] = (left[k] as number) - c * (v[k] as number);
  }
  basis.removeProjections();
  expectClose(basis.next, left, 2e-6);
  const factors = numbers(count, 3);
  const sum = w.map((_, k) => all.reduce((total, v, i) => total + (factors[i] as number) * (v[k] as number), 0));
  expectClose(basis.combine(factors), sum, 1e-6);
});

test("forgets its vectors", async () => {
  const basis = await filled(6, 3);
  basis.clear();
  expect(basis.length).toBe(0);
  basis.next.set([3, 0, 4, 0, 0, 0]);
  basis.removeProjections();
  basis.push(basis.norm());
  expect([...basis.vector(0)].map((value) => value.toFixed(6))).toEqual(
    [0.6, 0, 0.8, 0, 0, 0].map((value) => value.toFixed(6)),
  );
});

test("one memory holds 4 GiB of vectors", () => {
  expect(mostVectors(2 ** 20)).toBe(1022);
  expect(mostVectors(2 ** 29)).toBe(0);
});
