// Row 2: a network is a composition of modules. One function in three ways: as a chain, from raw operations, by hand.
import {
  chain,
  createModel,
  crossEntropy,
  dense,
  initializers,
  type Layer,
  type LossFunction,
  type Model,
  ops,
  tanh,
} from "thalweg";
import { randomSource } from "thalweg/data";
import type { Experiment } from "./experiment.ts";
import { type Data, type Found, outcome } from "./outcomes/02-composition.ts";

const quick = { depths: [1, 2, 3, 4, 6, 8, 12], width: 12, inputs: 6, classes: 3, batch: 16, runs: 8, seed: 2 };
export type Parameters = { readonly [Name in keyof typeof quick]: (typeof quick)[Name] };

export const composition: Experiment<Parameters, Data> = {
  id: 2,
  file: "02-composition.ts",
  title: "A composition of modules",
  claim: "y = h_L ∘ … ∘ h_1(x), where each module h_l comes with parameters w_l of its own.",
  parameters: { quick, full: { ...quick, depths: [1, 2, 3, 4, 6, 8, 12, 16, 24], width: 32, runs: 30 } },
  async *run({ parameters, signal }) {
    const { depths, width, inputs, classes, batch, runs, seed } = parameters;
    const found: Found[] = [];
    let pairs: Data["pairs"] = [];
    for (const [at, depth] of depths.entries()) {
      const sizes = [inputs, ...Array<number>(depth - 1).fill(width), classes];
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
        const ofChain = valuesOf(asChain, x, y);
        const ofOps = valuesOf(asOps, x, y);
        const ofHand = byHand(sizes, theta, x, y);

        // The slope along a direction, by the gradient by hand and by differences of the loss by hand.
        const v = theta.map(random.normal);
        const lossAt = (h: number): number => {
          const moved = theta.map((w, i) => w + h * (v[i] as number));
          return byHand(sizes, moved, x, y).loss;
        };
        const slope = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5;
        const promised = v.reduce((sum, value, i) => sum + value * (ofHand.gradient[i] as number), 0);
        found.push({
          depth,
          outputs: apart(ofChain.outputs, ofHand.outputs),
          gradient: apart(ofChain.gradient, ofHand.gradient),
          ops: Math.max(apart(ofOps.outputs, ofChain.outputs), apart(ofOps.gradient, ofChain.gradient)),
          slope: Math.abs(slope - promised) / Math.abs(promised),
        });
        if (at === 2 && run === 0)
          pairs = Array.from(ofHand.gradient, (g, i) => ({ x: g, y: ofChain.gradient[i] as number }));
        yield { done: (at + (run + 1) / runs) / depths.length, note: `${depth} modules, run ${run + 1} of ${runs}` };
      }
    }
    return outcome({ found, pairs }, parameters);
  },
};

interface Values {
  readonly outputs: ArrayLike<number>;
  readonly gradient: ArrayLike<number>;
}

function valuesOf(model: Model, x: Float32Array, y: Float32Array): Values {
  const gradient = new Float32Array(model.parameters.length);
  model.objective({ x, y }).gradient(model.parameters, gradient);
  const outputs = model.predict(x);
  model.close();
  return { outputs, gradient };
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

/** And in loops of one's own: forward, and the chain rule backward, example by example. */
function byHand(sizes: readonly number[], theta: Float64Array, x: Float32Array, y: Float32Array) {
  const [inputs, classes] = [sizes[0] as number, sizes.at(-1) as number];
  const rows = x.length / inputs;
  const outputs: number[] = [];
  const gradient = new Float64Array(theta.length);
  const starts = [0];
  for (let l = 1; l < sizes.length; l++)
    starts.push((starts[l - 1] as number) + ((sizes[l - 1] as number) + 1) * (sizes[l] as number));
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    // What each module is given, and what the last one gives.
    const given: number[][] = [];
    let z = Array.from(x.subarray(row * inputs, (row + 1) * inputs));
    for (let l = 1; l < sizes.length; l++) {
      const [a, w, size] = [l === 1 ? z : z.map(Math.tanh), starts[l - 1] as number, sizes[l] as number];
      given.push(a);
      z = Array.from({ length: size }, (_, j) => {
        const bias = theta[w + a.length * size + j] as number;
        return a.reduce((sum, value, i) => sum + value * (theta[w + i * size + j] as number), bias);
      });
    }
    outputs.push(...z);
    const total = z.reduce((sum, value) => sum + Math.exp(value), 0);
    const target = y.subarray(row * classes, (row + 1) * classes);
    loss += (Math.log(total) - z.reduce((sum, value, j) => sum + value * (target[j] as number), 0)) / rows;
    let dz = z.map((value, j) => (Math.exp(value) / total - (target[j] as number)) / rows);
    for (let l = sizes.length - 2; l >= 0; l--) {
      const [a, w, size] = [given[l] as number[], starts[l] as number, dz.length];
      dz.forEach((d, j) => {
        [...a, 1].forEach(
          (value, i) => (gradient[w + i * size + j] = (gradient[w + i * size + j] as number) + d * value),
        );
      });
      const back = (i: number): number => dz.reduce((sum, d, j) => sum + d * (theta[w + i * size + j] as number), 0);
      dz = a.map((value, i) => (1 - value ** 2) * back(i));
    }
  }
  return { outputs, gradient, loss };
}

/** The largest difference, relative to the largest number. */
function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const differences = Array.from(b, (value, i) => Math.abs((a[i] as number) - value));
  return Math.max(...differences) / Math.max(...Array.from(b, Math.abs));
}
