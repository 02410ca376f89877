// TensorFlow.js at its best in Node: production mode, SIMD, `valueAndGrads` and an update by hand in one `tidy`
// (`optimizer.minimize`, fused.matMul and layers' `trainOnBatch` were never faster). It has no threads in Node.
import { fileURLToPath } from "node:url";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // for its side effect: in Node it alone registers the gradients of core
import type { Contestant, Library } from "../contest.ts";
import { checkedSteps, type Job, outputsOf, targets } from "../jobs.ts";
import { isConvolutional } from "../nets.ts";
import { operands, type Product, sample, storedShapes } from "../products.ts";

export async function load(backend: "wasm" | "cpu" = "wasm"): Promise<Library> {
  if (backend === "cpu") await import("@tensorflow/tfjs-backend-cpu");
  setWasmPaths(fileURLToPath(new URL("./node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url)));
  tf.enableProdMode();
  await tf.setBackend(backend);
  // Synchronous for a backend that is ready, and free for the one that is current.
  const use = () => {
    if (tf.getBackend() !== backend) void tf.setBackend(backend);
  };
  const prepared = async (set: () => Contestant): Promise<Contestant> => {
    use();
    const { answer, run } = set();
    return {
      answer,
      run(times) {
        use();
        return run(times);
      },
    };
  };
  return {
    name: `tfjs-${backend}`,
    details: `tfjs ${tf.version_core} ${backend}`,
    declines: (net) =>
      isConvolutional(net) ? "the wasm backend has no gradient of a convolution (Conv2DBackpropFilter)" : undefined,
    step: (job) => prepared(() => step(job)),
    product: (shape) => prepared(() => product(shape)),
  };
}

function step(job: Job): Contestant {
  const { net, layers } = job;
  const x = tf.tensor(job.x, [net.batch, ...net.input]);
  const y = tf.tensor2d(targets(job), [net.batch, outputsOf(job)]);
  const rate = tf.scalar(net.learningRate);
  const parameters = layers.flatMap((layer) =>
    layer.parameters.map(({ shape, values }) => tf.variable(tf.tensor(values, [...shape]))),
  );

  const loss = (...theta: tf.Tensor[]): tf.Scalar => {
    let h: tf.Tensor = x;
    let next = 0;
    for (const { kind } of layers) {
      if (kind === "dense") h = tf.add(tf.matMul(h, theta[next++] as tf.Tensor), theta[next++] as tf.Tensor);
      else if (kind === "relu") h = tf.relu(h);
      else if (kind === "tanh") h = tf.tanh(h);
      else throw new Error(`tfjs: no ${kind}`);
    }
    const { softmaxCrossEntropy, meanSquaredError } = tf.losses;
    return net.loss === "crossEntropy" ? softmaxCrossEntropy(y, h) : meanSquaredError(y, h);
  };
  const gradient = tf.valueAndGrads(loss);
  const once = (): number =>
    tf.tidy(() => {
      const { value, grads } = gradient(parameters);
      parameters.forEach((p, i) => {
        p.assign(tf.sub(p, tf.mul(grads[i] as tf.Tensor, rate)));
      });
      return value.dataSync()[0];
    }) as unknown as number;
  return {
    answer: Array.from({ length: checkedSteps }, once),
    run(times) {
      for (let i = 0; i < times; i++) once();
    },
  };
}

function product(shape: Product): Contestant {
  const stored = storedShapes(shape);
  const values = operands(shape);
  const a = tf.tensor2d(values.a, stored.a);
  const b = tf.tensor2d(values.b, stored.b);
  const multiply = () => tf.matMul(a, b, shape.transposeA, shape.transposeB);
  return {
    answer: sample(multiply().dataSync()),
    run(times) {
      for (let i = 0; i < times; i++) multiply().dispose();
    },
  };
}
