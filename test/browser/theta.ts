// Two hundred steps whose every number is decided by integers: what differs at the end differs by the engine.
import {
  type BuildChoice,
  chain,
  createModel,
  crossEntropy,
  dense,
  dropout,
  l2,
  relu,
  sgd,
  tanh,
} from "../../src/index.ts";

const [rows, width, classes] = [23, 11, 5];

/** Numerical Recipes' generator: 32-bit integers, of which the upper 16 bits are used. */
function generator(state: number): () => number {
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 16;
  };
}

/** θ after 200 steps with dropout, momentum and both kinds of activation, as bytes. */
export async function thetaAfter200Steps(build: BuildChoice): Promise<Uint8Array> {
  const model = await createModel({
    input: [width],
    network: chain(dense(19), relu(), dropout(0.3), dense(13), tanh(), dense(classes)),
    loss: crossEntropy(),
    regularizer: l2(1e-3),
    optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
    seed: 7,
    build,
  });
  const next = generator(1);
  for (let step = 0; step < 200; step++) {
    const x = Float32Array.from({ length: rows * width }, () => next() / 16384 - 2);
    const y = Int32Array.from({ length: rows }, () => next() % classes);
    const loss = model.step({ x, y });
    if (!Number.isFinite(loss)) throw new Error(`the loss of step ${step} is ${loss}`);
  }
  return new Uint8Array(model.parameters.slice().buffer);
}

/** As text, to cross from process to process. */
export const asText = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
