// allReduce in graphs: what its derivative is, what is folded, and where replicas exchange their numbers.
import { describe, expect, test } from "vitest";
import { allReduce } from "../../src/ops/allReduce.ts";
import { add, mul } from "../../src/ops/binary.ts";
import { grad } from "../../src/ops/grad.ts";
import { constant, input } from "../../src/ops/leaves.ts";
import { sum } from "../../src/ops/reduce.ts";
import { square } from "../../src/ops/unary.ts";
import { compile } from "../../src/plan/compile.ts";
import { formatProgram } from "../../src/plan/print.ts";

const x = input("x", [20]);

describe("allReduce", () => {
  test("is nothing with one replica", () => {
    expect(allReduce(x, 1)).toBe(x);
  });

  test("adds up its cotangents: a sum that every replica squares has a gradient that is the sum of theirs", () => {
    const total = allReduce(sum(x), 2);
    const [gradient] = grad(square(total), [x], constant(0.5));
    const program = compile({ outputs: { gradient: { tensor: gradient as typeof x } } });
    expect(formatProgram(program)).toMatchInlineSnapshot(`
      "input x: f32[20] at arena+0
      sum(out=arena+80 x=arena+0 outer=1 n=20 inner=1)
      allReduce(y=arena+80 x=arena+80 n=1 exchange=exchange+0 sync=sync+0)
      mul(out=arena+80 a=constants+0 b=arena+80 m=1 n=1 aRow=0 aCol=0 bRow=0 bCol=0)
      allReduce(y=arena+80 x=arena+80 n=1 exchange=exchange+128 sync=sync+0)
      copyStrided(out=arena+0 x=arena+80 n0=1 n1=1 n2=1 n3=20 o0=0 o1=0 o2=0 o3=1 x0=0 x1=0 x2=0 x3=0)
      output gradient: f32[20] at arena+0
      arena 96 bytes, 1 constants"
    `);
  });

  test("of a constant is folded", () => {
    const program = compile({ outputs: { y: { tensor: mul(x, allReduce(constant(1 / 3), 3)) } } });
    expect(program.calls).toEqual([]);
    expect(program.exchangeBytes).toBe(0);
  });

  test("gives every sum a place of its own to exchange numbers in", () => {
    const program = compile({ outputs: { y: { tensor: add(allReduce(x, 3), allReduce(mul(x, 2), 3)) } } });
    const places = program.calls.flatMap(({ kernel, arguments: list }) => (kernel === "allReduce" ? [list[3]] : []));
    expect(places).toEqual([
      { segment: "exchange", offset: 0 },
      { segment: "exchange", offset: 384 },
    ]);
    expect(program.exchangeBytes).toBe(768);
  });
});
