// Two hundred steps whose every number is decided by integers: what differs at the end differs by the engine.
import {
  type BuildChoice,
  batchNorm,
  chain,
  conv2d,
  createModel,
  crossEntropy,
  dense,
  dropout,
  globalAveragePool2d,
  l2,
  type ModelOptions,
  maxPool2d,
  relu,
  sgd,
  tanh,
} from "../../src/index.ts";

const [rows, classes] = [23, 5];

/** Every kind of kernel that makes products: dense, of images directly, and by Winograd's algorithm. */
export const nets = {
  dense: {
    input: [11],
    network: chain(dense(19), relu(), dropout(0.3), dense(13), tanh(), dense(classes)),
  },
  images: {
    input: [9, 8, 3],
    network: chain(
      ...[conv2d(8, 3, { padding: "same" }), batchNorm(), relu(), conv2d(12, 3, { padding: "same" }), maxPool2d()],
      ...[conv2d(6, 3, { strides: 2, padding: 1 }), tanh(), globalAveragePool2d(), dense(classes)],
    ),
  },
} as const satisfies Record<string, Pick<ModelOptions, "input" | "network">>;
export type Net = keyof typeof nets;

/** Numerical Recipes' generator: 32-bit integers, of which the upper 16 bits are used. */
function generator(state: number): () => number {
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 16;
  };
}

/** θ after 200 steps with momentum, as bytes. */
export async function thetaAfter200Steps(build: BuildChoice, net: Net): Promise<Uint8Array> {
  const { input, network } = nets[net];
  const model = await createModel({
    input,
    network,
    loss: crossEntropy(),
    regularizer: l2(1e-3),
    optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
    seed: 7,
    build,
  });
  const next = generator(1);
  const width = input.reduce((product: number, extent) => product * extent, 1);
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
