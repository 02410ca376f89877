// thalweg/metrics: judgements over a whole data set, from predictions and targets in flat arrays. An entry of its own: a
// page that only trains downloads none of it, and meanAbsoluteError is a loss, too.
export {
  type AverageOptions,
  accuracy,
  confusionMatrix,
  f1,
  precision,
  recall,
  topKAccuracy,
  zeroOneLoss,
} from "./decisions.ts";
export { calibrationError, logLoss, rocAuc } from "./likelihoods.ts";
export { meanAbsoluteError, r2, rootMeanSquaredError } from "./values.ts";
