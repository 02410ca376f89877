// jax-js at its best: the whole step (gradient and update) in one jit, and the loss read synchronously. Measured
// against jit of the gradient alone (1.5 to 5 times slower), no jit (up to 30 times) and asynchronous reads.
import { readFileSync } from "node:fs";
import { defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import type { Contestant, Library } from "../contest.ts";
import { checkedSteps, type Job, targets } from "../nets.ts";
import { operands, type Product, sample, storedShapes } from "../products.ts";

export async function load(): Promise<Library> {
  await init("wasm"); // init() alone asks for navigator.gpu, which Node 20 lacks
  defaultDevice("wasm");
  const manifest = new URL("./node_modules/@jax-js/jax/package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return { name: "jax-js", details: `jax-js ${version} wasm`, step, product };
}

/** Every use of an array consumes it; `.ref` keeps it for another. */
async function step(job: Job): Promise<Contestant> {
  const { net, layers } = job;
  const outputs = net.widths.at(-1) as number;
  const x = matrix(job.x, [net.batch, net.widths[0] as number]);
  const y = matrix(targets(job), [net.batch, outputs]);
  let parameters = layers.flatMap(({ kernel, bias, inputs, outputs }) => [
    matrix(kernel, [inputs, outputs]),
    np.array(bias.slice()),
  ]);

  const loss = (theta: np.Array[], x: np.Array, y: np.Array): np.Array => {
    let h = x;
    layers.forEach((_, i) => {
      h = np.matmul(h, theta[2 * i] as np.Array).add(theta[2 * i + 1] as np.Array);
      if (i < layers.length - 1) h = net.activation === "relu" ? nn.relu(h) : np.tanh(h);
    });
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

async function product(shape: Product): Promise<Contestant> {
  const { transposeA, transposeB } = shape;
  const stored = storedShapes(shape);
  const values = operands(shape);
  const a = matrix(values.a, stored.a);
  const b = matrix(values.b, stored.b);
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

function matrix(values: Float32Array, shape: [number, number]): np.Array {
  return np.array(values.slice()).reshape(shape);
}
