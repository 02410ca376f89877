// thalweg/science: instruments that see learning. They need an objective over one flat vector, not a network.
export { type DatasetObjectiveOptions, datasetObjective } from "../training/datasetObjective.ts";
export { type FunctionObjectiveOptions, functionObjective } from "../training/functionObjective.ts";
export type { Objective } from "../training/objective.ts";
export {
  beale,
  himmelblau,
  type QuadraticOptions,
  quadratic,
  rastrigin,
  ravine,
  rosenbrock,
  saddle,
  type TestFunction,
} from "./testFunctions.ts";
