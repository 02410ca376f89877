// Hessian-vector products of image networks: against central differences of gradients, and symmetric.
import { describe, test } from "vitest";
import {
  arrayDataset,
  avgPool2d,
  batchNorm,
  chain,
  conv2d,
  crossEntropy,
  dense,
  depthwiseConv2d,
  flatten,
  globalAveragePool2d,
  groupNorm,
  type Layer,
  maxPool2d,
  reshape,
  residual,
  softplus,
  tanh,
} from "../../src/index.ts";
import { datasetObjective } from "../../src/science/index.ts";
import { checkHessian, netOf, numbers } from "../nn/net.ts";

const rows = 6;
const x = numbers(rows * 6 * 6 * 2, 4);
const labels = Int32Array.from({ length: rows }, (_, i) => (i * 2) % 3);

const bodies: Readonly<Record<string, readonly Layer[]>> = {
  conv2d: [conv2d(3, 3), tanh()],
  "conv2d with strides and padding": [conv2d(3, 3, { strides: 2, padding: 1 }), tanh()],
  depthwiseConv2d: [depthwiseConv2d(3), tanh(), conv2d(3, 1)],
  // Of one channel, so that no small change of a weight changes which of a window is the largest.
  maxPool2d: [reshape([6, 12, 1]), conv2d(4, 1), tanh(), maxPool2d(2), conv2d(3, 2), tanh()],
  avgPool2d: [conv2d(4, 3), softplus(), avgPool2d(2)],
  globalAveragePool2d: [conv2d(4, 3), tanh(), globalAveragePool2d()],
  batchNorm: [conv2d(4, 3, { bias: false }), batchNorm(), tanh()],
  groupNorm: [conv2d(4, 3), groupNorm({ groups: 2 }), tanh()],
  residual: [conv2d(4, 3), residual(conv2d(4, 3, { padding: 1 }), batchNorm(), tanh()), globalAveragePool2d()],
};

describe("Hessian-vector products", () => {
  test.each(
    Object.entries(bodies).flatMap(([name, layers]) =>
      (["running", "batch"] as const).map((normalization) => [name, normalization, layers] as const),
    ),
  )("%s, statistics %s", async (_, normalization, layers) => {
    const model = await netOf([6, 6, 2], chain(...layers, flatten(), dense(3)), { loss: crossEntropy() });
    const data = arrayDataset({ x, y: labels, shape: [6, 6, 2] });
    checkHessian(model, datasetObjective(model, data, { normalization, batchSize: rows }));
    checkHessian(model, datasetObjective(model, data, { normalization, batchSize: 4 }));
  });
});
