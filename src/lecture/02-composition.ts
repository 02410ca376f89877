// Row 2: a network is a composition of modules. One function in three ways: as a chain, from raw operations, by hand.
import {
  chain,
  createModel,
  crossEntropy,
  dense,
  initializers,
  type Layer,
  type LossFunction,
  ops,
  tanh,
} from "thalweg";
import { randomSource } from "thalweg/data";
import { chart } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { finding, meanOf } from "./statistics.ts";

const quick = { depths: [1, 2, 3, 4, 6, 8, 12], width: 12, inputs: 6, classes: 3, batch: 16, runs: 8, seed: 2 };
type Parameters = { readonly [Name in keyof typeof quick]: (typeof quick)[Name] };

/** Half the distance of neighbouring 32-bit numbers, relative to them. */
const ROUNDING = 2 ** -24;

export const composition: Experiment<Parameters> = {
  id: 2,
  file: "02-composition.ts",
  title: "A composition of modules",
  claim: "y = h_L ∘ … ∘ h_1(x), where each module h_l comes with parameters w_l of its own.",
  parameters: { quick, full: { ...quick, depths: [1, 2, 3, 4, 6, 8, 12, 16, 24], width: 32, runs: 30 } },
  async *run({ parameters: { depths, width, inputs, classes, batch, runs, seed }, signal }) {
    const found: { depth: number; outputs: number; gradient: number; ops: number; slope: number }[] = [];
    let pairs: { x: number; y: number }[] = [];
    for (const [at, depth] of depths.entries()) {
      const sizes = [inputs, ...new Array<number>(depth - 1).fill(width), classes];
      const modules = sizes.slice(1).flatMap((size, l) => (l === 0 ? [dense(size)] : [tanh(), dense(size)]));
      const loss = crossEntropy({ targets: "probabilities" });
      for (let run = 0; run < runs; run++) {
        signal.throwIfAborted();
        const random = randomSource(seed + run, depth);
        const x = Float32Array.from({ length: batch * inputs }, random.normal);
        const y = new Float32Array(batch * classes);
        for (let row = 0; row < batch; row++) y[row * classes + random.below(classes)] = 1;
        const asChain = await createModel({ input: [inputs], network: chain(...modules), loss, seed: seed + run });
        const asOps = await createModel({ input: [inputs], network: fromOps(sizes), loss: lossFromOps });
        asOps.parameters = asChain.parameters;
        const theta = Float64Array.from(asChain.parameters);
        const [a, b] = [asChain, asOps].map((model): Values => {
          const gradient = new Float32Array(theta.length);
          model.objective({ x, y }).gradient(model.parameters, gradient);
          const outputs = model.predict(x);
          model.close();
          return { outputs, gradient };
        }) as [Values, Values];
        const c = byHand(sizes, theta, x, y);
        // The slope along a direction, by the gradient by hand and by differences of the loss by hand.
        const v = theta.map(random.normal);
        const [ahead, behind] = [1e-5, -1e-5].map((h) => byHand(sizes, theta.map((w, i) => w + h * (v[i] as number)), x, y).loss) as [number, number]; // biome-ignore format: one line
        const promised = v.reduce((sum, value, i) => sum + value * (c.gradient[i] as number), 0);
        found.push({
          depth,
          outputs: apart(a.outputs, c.outputs),
          gradient: apart(a.gradient, c.gradient),
          ops: Math.max(apart(b.outputs, a.outputs), apart(b.gradient, a.gradient)),
          slope: Math.abs((ahead - behind) / 2e-5 - promised) / Math.abs(promised),
        });
        if (at === 2 && run === 0) pairs = Array.from(c.gradient, (g, i) => ({ x: g, y: a.gradient[i] as number }));
        yield { done: (at + (run + 1) / runs) / depths.length, note: `${depth} modules, run ${run + 1} of ${runs}` };
      }
    }
    const most = (name: "outputs" | "gradient" | "ops" | "slope"): number => Math.max(...found.map((one) => one[name]));
    const atDepth = (name: "outputs" | "gradient") =>
      depths.map((depth) => {
        const { mean: y, low, high } = meanOf(found.filter((one) => one.depth === depth).map((one) => one[name]));
        return { x: depth, y, low, high };
      });
    const bound = 100 * ROUNDING;
    const equal = most("ops") <= bound && most("outputs") <= bound && most("gradient") <= bound;
    const all = found.length;
    return {
      data: { found, pairs },
      verdict: {
        judgement: equal && most("slope") < 1e-4 ? "supported" : "not supported",
        why: `${all} compositions of ${depths[0]} to ${depths.at(-1)} modules give the same outputs and gradients whether written as a chain, from raw operations or by hand in 64 bits: chain and operations ${most("ops") === 0 ? "to the last bit" : `within ${most("ops").toExponential(1)}`}, chain and hand within ${Math.max(most("outputs"), most("gradient")).toExponential(1)} of the largest number, where a single rounding to 32 bits is ${ROUNDING.toExponential(1)}. The bound was 100 roundings.`,
        numbers: [
          { name: "chain and raw operations, largest relative difference", value: most("ops"), runs: all, expected: 0 },
          { name: "chain and hand, outputs", value: most("outputs"), runs: all, expected: 0 },
          { name: "chain and hand, gradients", value: most("gradient"), runs: all, expected: 0 },
          finding("the same, mean", meanOf(found.map(({ gradient }) => gradient))),
          {
            name: "gradient by hand and differences of the loss by hand",
            value: most("slope"),
            runs: all,
            expected: 0,
          },
        ],
      },
      figures: [
        chart({
          name: "differences",
          caption: `Largest difference of chain and hand, relative to the largest number: mean and interval of ${runs} networks of each depth, width ${width}. Chain and raw operations differ by ${most("ops") === 0 ? "nothing at all" : `at most ${most("ops").toExponential(1)}`}.`,
          description:
            "Two lines of a few times the rounding of one operation; that of the outputs rises slowly with the depth.",
          x: { label: "modules with parameters, L" },
          y: { label: "relative difference", type: "log" },
          rules: [{ name: "one rounding, 2⁻²⁴", y: ROUNDING }],
          series: [
            { name: "outputs", as: "both", points: atDepth("outputs") },
            { name: "gradients", as: "both", points: atDepth("gradient") },
          ],
        }),
        chart({
          name: "gradients",
          caption: `Every number of the gradient of one network with ${depths[2]} modules: as the chain gives it, against the one by hand.`,
          description: "All points lie on the diagonal.",
          x: { label: "dL/dw by hand" },
          y: { label: "dL/dw of the chain" },
          series: [{ name: "weights and biases", as: "points", points: pairs }],
        }),
      ],
      how: `Dense modules of width ${width} with tanh between them, ${inputs} inputs, cross-entropy over ${classes} classes on ${batch} random examples; seeds ${seed} to ${seed + runs - 1}.`,
    };
  },
};

interface Values {
  readonly outputs: ArrayLike<number>;
  readonly gradient: ArrayLike<number>;
}

/** The same modules as one layer of raw operations. */
const fromOps = (sizes: readonly number[]): Layer => ({
  name: "composition",
  apply: (x, context) =>
    sizes.slice(1).reduce((h, size, l) => {
      const w = context.parameter(`w${l}`, [sizes[l] as number, size], initializers.glorot(), "weight");
      const b = context.parameter(`b${l}`, [size], initializers.zeros, "bias");
      return ops.add(ops.matmul(l === 0 ? h : ops.tanh(h), w), b);
    }, x),
});

/** log Σ exp z − z·y of each example. */
const lossFromOps: LossFunction = (z, y) => ops.sub(ops.logSumExp(z, 1), ops.sum(ops.mul(z, y), 1));

/** And in a loop of one's own: forward, and the chain rule backward, example by example. */
function byHand(
  sizes: readonly number[],
  theta: Float64Array,
  x: Float32Array,
  y: Float32Array,
): Values & { readonly loss: number } {
  const [inputs, classes] = [sizes[0] as number, sizes.at(-1) as number];
  const rows = x.length / inputs;
  const outputs: number[] = [];
  const gradient = new Float64Array(theta.length);
  const starts = sizes.map((_, l) =>
    sizes.slice(0, l).reduce((sum, size, k) => sum + (size + 1) * (sizes[k + 1] as number), 0),
  );
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    // What each module is given, and what the last one gives.
    const given: number[][] = [];
    let z = Array.from(x.subarray(row * inputs, (row + 1) * inputs));
    sizes.slice(1).forEach((size, l) => {
      const a = l === 0 ? z : z.map(Math.tanh);
      const [w, n] = [starts[l] as number, a.length];
      given.push(a);
      z = Array.from({ length: size }, (_, j) =>
        a.reduce(
          (sum, value, i) => sum + value * (theta[w + i * size + j] as number),
          theta[w + n * size + j] as number,
        ),
      );
    });
    outputs.push(...z);
    const total = z.reduce((sum, value) => sum + Math.exp(value), 0);
    const target = y.subarray(row * classes, (row + 1) * classes);
    loss += (Math.log(total) - z.reduce((sum, value, j) => sum + value * (target[j] as number), 0)) / rows;
    let dz = z.map((value, j) => (Math.exp(value) / total - (target[j] as number)) / rows);
    for (let l = sizes.length - 2; l >= 0; l--) {
      const [a, w, size] = [given[l] as number[], starts[l] as number, dz.length];
      dz.forEach((d, j) => {
        a.forEach((value, i) => (gradient[w + i * size + j] = (gradient[w + i * size + j] as number) + d * value));
        gradient[w + a.length * size + j] = (gradient[w + a.length * size + j] as number) + d;
      });
      dz = a.map(
        (value, i) => (1 - value ** 2) * dz.reduce((sum, d, j) => sum + d * (theta[w + i * size + j] as number), 0),
      );
    }
  }
  return { outputs, gradient, loss };
}

/** The largest difference, relative to the largest number. */
function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [most, scale] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)));
    scale = Math.max(scale, Math.abs(b[i] as number));
  }
  return most / scale;
}
