// jax-js at its best: the whole step (gradient and update) in one jit, and the loss read synchronously. Measured
// against jit of the gradient alone (1.5 to 5 times slower), no jit (up to 30 times) and asynchronous reads.
import { readFileSync } from "node:fs";
import { defaultDevice, init, jit, lax, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import type { Contestant, Library } from "../contest.ts";
import { channelsFirst, checkedSteps, type Job, outputsOf, type Placed, targets } from "../jobs.ts";
import { operands, type Product, sample, storedShapes } from "../products.ts";

export async function load(): Promise<Library> {
  await init("wasm"); // init() alone asks for navigator.gpu, which Node 20 lacks
  defaultDevice("wasm");
  const manifest = new URL("./node_modules/@jax-js/jax/package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return {
    name: "jax-js",
    details: `jax-js ${version} wasm`,
    declines: ({ layers }) =>
      layers.some(({ kind }) => kind === "batchNorm") ? "a step would take minutes" : undefined,
    step,
    product,
  };
}

/** Every use of an array consumes it; `.ref` keeps it for another. */
async function step(given: Job): Promise<Contestant> {
  const job = channelsFirst(given);
  const { net, layers } = job;
  const x = array(job.x, [net.batch, ...net.input]);
  const y = array(targets(job), [net.batch, outputsOf(job)]);
  let parameters = layers.flatMap((layer) => layer.parameters.map(({ values, shape }) => array(values, shape)));

  const loss = (theta: np.Array[], x: np.Array, y: np.Array): np.Array => {
    let h = x;
    let next = 0;
    for (const layer of layers) {
      const [weight, bias] = theta.slice(next) as [np.Array, np.Array];
      h = apply(layer, h, weight, bias);
      next += layer.parameters.length;
    }
    return net.loss === "crossEntropy"
      ? np.sum(nn.logSoftmax(h).mul(y)).mul(-1 / net.batch)
      : np.mean(np.square(h.sub(y)));
  };
  const gradient = valueAndGrad(loss);
  const update = jit((theta: np.Array[], x: np.Array, y: np.Array): [np.Array, np.Array[]] => {
    const [value, slopes] = gradient(
      theta.map((p) => p.ref),
      x,
      y,
    );
    return [value, theta.map((p, i) => p.sub((slopes[i] as np.Array).mul(net.learningRate)))];
  });
  const once = (): number => {
    const [value, next] = update(parameters, x.ref, y.ref);
    parameters = next;
    return value.dataSync()[0] as number;
  };
  return {
    answer: Array.from({ length: checkedSteps }, once),
    run(times) {
      for (let i = 0; i < times; i++) once();
    },
  };
}

function apply(layer: Placed, h: np.Array, weight: np.Array, bias: np.Array): np.Array {
  switch (layer.kind) {
    case "dense":
      return np.matmul(h, weight).add(bias);
    case "conv": {
      const { stride, padding, filters } = layer;
      const around: [number, number] = [padding, padding];
      const out = lax.convGeneralDilated(h, weight, [stride, stride], [around, around]);
      return layer.bias ? out.add(bias.reshape([filters, 1, 1])) : out;
    }
    case "maxPool": {
      const [channels, height, width] = layer.output as [number, number, number];
      const windows = [-1, channels, height, layer.size, width, layer.size];
      return np.max(h.reshape(windows), [3, 5]);
    }
    case "flatten":
      return h.reshape([-1, layer.output[0] as number]);
    case "relu":
      return nn.relu(h);
    case "tanh":
      return np.tanh(h);
    default:
      throw new Error(`jax-js: no ${layer.kind}`);
  }
}

async function product(shape: Product): Promise<Contestant> {
  const { transposeA, transposeB } = shape;
  const stored = storedShapes(shape);
  const values = operands(shape);
  const a = array(values.a, stored.a);
  const b = array(values.b, stored.b);
  const multiply = jit((a: np.Array, b: np.Array) =>
    np.matmul(transposeA ? np.matrixTranspose(a) : a, transposeB ? np.matrixTranspose(b) : b),
  );
  return {
    answer: sample(multiply(a.ref, b.ref).dataSync() as Float32Array),
    async run(times) {
      for (let i = 0; i < times; i++) {
        const out = multiply(a.ref, b.ref);
        await out.blockUntilReady(); // dataSync() would copy the result as well
        out.dispose();
      }
    },
  };
}

function array(values: Float32Array, shape: readonly number[]): np.Array {
  return np.array(values.slice()).reshape([...shape]);
}
