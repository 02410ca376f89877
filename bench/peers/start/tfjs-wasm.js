// As bench/start/thalweg.js, for TensorFlow.js on its wasm backend: the same net, the update as bench/peers/tfjs.ts does.
const start = performance.now();
const tf = await import("@tensorflow/tfjs-core");
await import("@tensorflow/tfjs-layers"); // registers the gradients
const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
const { fileURLToPath } = await import("node:url");
setWasmPaths(fileURLToPath(new URL("../node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url)));
tf.enableProdMode();
await tf.setBackend("wasm");
const shapes = [[784, 128], [128], [128, 10], [10]];
const theta = shapes.map((shape) =>
  tf.variable(shape.length === 2 ? tf.randomNormal(shape, 0, 0.05) : tf.zeros(shape)),
);
const x = tf.fill([64, 784], 0.5);
const y = tf.oneHot(tf.zeros([64], "int32"), 10);
const gradient = tf.valueAndGrads((w, b, v, c) => {
  const h = tf.relu(tf.add(tf.matMul(x, w), b));
  return tf.losses.softmaxCrossEntropy(y, tf.add(tf.matMul(h, v), c));
});
const { value, grads } = gradient(theta);
for (const [i, p] of theta.entries()) p.assign(tf.sub(p, tf.mul(grads[i], 0.1)));
if (!(value.dataSync()[0] > 0)) throw new Error("the first loss is not positive");
console.log(performance.now() - start);
