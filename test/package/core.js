// What .size-limit.json weighs: the JavaScript of a page that trains a small network.
export { chain, createModel, crossEntropy, dense, relu, sgd } from "thalweg";
