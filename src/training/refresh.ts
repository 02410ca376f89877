// Running statistics computed anew: a cumulative average over a data set, for parameters that training did not leave
// there, such as a point of a curve between two minima (Garipov et al. 2018 do this before every evaluation).
import { requireOptions, requireWhole } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { requireDataset } from "./check.ts";
import type { Engine } from "./engine.ts";
import { PASS_ROWS, trainingBatches } from "./passes.ts";
import type { ResidentData } from "./resident.ts";

export interface RefreshOptions {
  /** Examples a pass; default 256. A layer averages the statistics of the passes, weighted by their length. */
  readonly batchSize?: number;
}

/** See Model.refreshStatistics. */
export function refreshStatistics(engine: Engine, data: Dataset, options: RefreshOptions): void {
  const call = "refreshStatistics";
  const { input, inputType, target } = engine.specification;
  requireDataset(call, data, input, inputType, target);
  engine.requireIndices(call, data.x);
  requireOptions(call, options, ["batchSize"]);
  const { batchSize = PASS_ROWS } = options;
  requireWhole(call, "batchSize", batchSize, 1);
  // Every program is compiled before the first runs: a batch that a layer cannot take changes nothing.
  for (const rows of trainingBatches(data.size, batchSize)) engine.sharedProgram("refresh", rows);
  const before = engine.state().slice();
  let resident: ResidentData | undefined;
  try {
    resident = engine.hold(call, data);
    averageStatistics(engine, resident, batchSize);
    const { memory } = engine;
    memory.requireFinite(call, "state", memory.base("state"), before.length);
  } catch (error) {
    engine.state().set(before);
    throw error;
  } finally {
    resident?.release();
  }
}

/** The state becomes the average of the statistics of a data set's passes, whether they are finite or not. */
function averageStatistics(engine: Engine, data: ResidentData, batchSize: number): void {
  const { memory, specification } = engine;
  // The first pass's weight is 1 and leaves nothing of what was there, unless that was infinite.
  engine.state().set(finiteOr(engine.state(), specification.state));
  for (let seen = 0; seen < data.size; ) {
    const rows = Math.min(batchSize, data.size - seen);
    const program = engine.sharedProgram("refresh", rows);
    if (program.view("nextState") === undefined) return;
    data.gather(program, seen, rows);
    seen += rows;
    memory.f32("share", 0, 1)[0] = rows / seen;
    program.run();
    engine.acceptState();
  }
}

/** Numbers, and others where they are not finite. */
export const finiteOr = (values: Float32Array, others: ArrayLike<number>): Float32Array =>
  values.map((value, i) => (Number.isFinite(value) ? value : (others[i] as number)));
