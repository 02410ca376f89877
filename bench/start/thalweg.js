// Prints the milliseconds from import to the end of the first training step. Plain JavaScript: nothing is compiled on the way.
const start = performance.now();
const { chain, createModel, crossEntropy, dense, relu, sgd } = await import("thalweg");
const model = await createModel({
  input: [784],
  network: chain(dense(128), relu(), dense(10)),
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1 }),
  seed: 7,
});
const loss = model.step({ x: new Float32Array(64 * 784).fill(0.5), y: new Int32Array(64) });
if (!(loss > 0)) throw new Error(`the first loss is ${loss}`);
console.log(performance.now() - start);
