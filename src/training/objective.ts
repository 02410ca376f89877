// A model on one batch as a function of its flat parameter vector: what batch methods, curvature and surfaces work on.

import type { ProgramKind } from "./blueprint.ts";
import type { Engine } from "./engine.ts";
import type { Batch } from "./reports.ts";

/** Anything to be minimised. All vectors have `size` elements; results are written to `out`. */
export interface Objective {
  readonly size: number;
  loss(theta: Float32Array): number;
  /** Writes the gradient, returns the loss. */
  gradient(theta: Float32Array, out: Float32Array): number;
  /** Writes ∇²L(θ)·v, exactly: the gradient of the gradient. */
  hessianVector(theta: Float32Array, v: Float32Array, out: Float32Array): void;
}

/** The regularised risk on `batch`, without dropout; θ is given, the model's own stays as it is. */
export function objectiveOf(engine: Engine, batch: Batch): Objective {
  const count = engine.specification.theta.length;
  // The batch is the objective's own: the caller may reuse its arrays.
  const own: Batch = { x: Float64Array.from(batch.x), y: Float64Array.from(batch.y) };
  engine.writeBatch("objective", "loss", own);
  const requireVector = (call: string, what: string, vector: Float32Array): void => {
    if (!(vector instanceof Float32Array) || vector.length !== count)
      throw new Error(
        `${call}: ${what} must be a Float32Array of ${count} numbers, got ${vector?.length ?? String(vector)}`,
      );
  };
  const run = (call: string, kind: ProgramKind, theta: Float32Array, v?: Float32Array) => {
    requireVector(call, "theta", theta);
    const program = engine.writeBatch(call, kind, own);
    (program.view("theta") as Float32Array).set(theta);
    if (v) {
      requireVector(call, "v", v);
      (program.view("v") as Float32Array).set(v);
    }
    program.run();
    return program;
  };
  return {
    size: count,
    loss: (theta) => run("objective.loss", "loss", theta).view("loss")[0] as number,
    gradient(theta, out) {
      requireVector("objective.gradient", "out", out);
      const program = run("objective.gradient", "gradient", theta);
      out.set(program.view("gradient"));
      return program.view("loss")[0] as number;
    },
    hessianVector(theta, v, out) {
      requireVector("objective.hessianVector", "out", out);
      out.set(run("objective.hessianVector", "hessianVector", theta, v).view("product"));
    },
  };
}
