// The model that the suites train where not its steps are measured but what goes on around them.
import { type BuildChoice, chain, createModel, crossEntropy, dense, type Model, relu, sgd } from "thalweg";

export const batchSize = 64;

/** 784-128-10, with momentum. */
export const mnistModel = (build: BuildChoice, learningRate = 0.05): Promise<Model> =>
  createModel({
    input: [784],
    network: chain(dense(128), relu(), dense(10)),
    loss: crossEntropy(),
    optimizer: sgd({ learningRate, momentum: 0.9 }),
    build,
  });
