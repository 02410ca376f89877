// As bench/start/thalweg.js, for jax-js: the same net, jitted as bench/peers/jax.ts does.
const start = performance.now();
const { defaultDevice, init, jit, nn, numpy: np, random, valueAndGrad } = await import("@jax-js/jax");
await init("wasm");
defaultDevice("wasm");
const [first, second] = [
  [784, 128],
  [128, 10],
].map((shape) => random.normal(random.key(7), shape).mul(0.05));
const gradient = valueAndGrad(([w, b, v, c], x, y) => {
  const h = nn.relu(np.matmul(x, w).add(b));
  return np.sum(nn.logSoftmax(np.matmul(h, v).add(c)).mul(y)).mul(-1 / 64);
});
const step = jit((theta, x, y) => {
  const [loss, slopes] = gradient(
    theta.map((p) => p.ref),
    x,
    y,
  );
  return [loss, theta.map((p, i) => p.sub(slopes[i].mul(0.1)))];
});
const x = np.array(new Float32Array(64 * 784).fill(0.5)).reshape([64, 784]);
const y = np.array(Float32Array.from({ length: 640 }, (_, i) => (i % 10 === 0 ? 1 : 0))).reshape([64, 10]);
const [loss] = step([first, np.zeros([128]), second, np.zeros([10])], x, y);
if (!(loss.dataSync()[0] > 0)) throw new Error("the first loss is not positive");
console.log(performance.now() - start);
