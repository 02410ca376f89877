// Chains of elementwise operations over very long tensors, block by block, against one pass over memory each: what
// src/plan/block.ts decides by.
import type { Tensor } from "../../src/graph/tensor.ts";
import { add, mul, sub } from "../../src/ops/binary.ts";
import { relu, square } from "../../src/ops/unary.ts";
import { checkAgreement } from "../contest.ts";
import { fill, uniformNumbers } from "../jobs.ts";
import { programOf } from "../programs.ts";
import { race } from "../race.ts";
import { type Arena, compare, type Row, significant } from "../row.ts";

const millions = [1, 4, 8];

/** Six operations, every one a pass over x. */
function six({ x }: { readonly x: Tensor }): Tensor {
  const half = sub(mul(x, 1.5), 0.25);
  return mul(add(square(relu(half)), x), 0.5);
}

export async function* chain({ ours: { build, name: own }, options }: Arena): AsyncGenerator<Row> {
  for (const million of millions) {
    const length = million * 2 ** 20;
    const inputs = { x: { shape: [length], values: fill(length, uniformNumbers(3)) } };
    const contestants = new Map([
      [own, await programOf(build, inputs, six, { worthBlocking: 1 })],
      ["pass by pass", await programOf(build, inputs, six, { worthBlocking: Number.POSITIVE_INFINITY })],
    ]);
    const name = `six elementwise operations on ${million} Mi elements, block by block`;
    checkAgreement(name, new Map([...contestants].map(([who, { answer }]) => [who, answer])), 0);
    const measured = await race(name, contestants, options);
    const ms = measured.get(own) as number;
    measured.delete(own);
    yield { suite: "chain", name, build, ms: significant(ms), ...compare(ms, measured) };
  }
}
