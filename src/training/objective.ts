// A model on one batch as a function of its flat parameter vector: what batch methods, curvature and surfaces work on.

import { requireOneOf, requireOptions, show } from "../checks.ts";
import type { Normalization } from "../nn/layer.ts";
import type { RiskKind } from "./blueprint.ts";
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

export interface ObjectiveOptions {
  /**
   * Which statistics BatchNorm uses: "running": the model's own, as in evaluation; "batch": those of the batch, as in
   * training. Default "running".
   */
  readonly normalization?: Normalization;
}

type Quantity = "loss" | "gradient" | "hessianVector";

const programs: Readonly<Record<Normalization, Readonly<Record<Quantity, RiskKind>>>> = {
  running: { loss: "loss", gradient: "gradient", hessianVector: "hessianVector" },
  batch: { loss: "batchLoss", gradient: "batchGradient", hessianVector: "batchHessianVector" },
};

/** The programs of an objective, by what they compute; throws for options that are none. */
export function objectivePrograms(options: ObjectiveOptions): Readonly<Record<Quantity, RiskKind>> {
  requireOptions("objective", options, ["normalization"]);
  const { normalization = "running" } = options;
  requireOneOf("objective", "normalization", normalization, ["running", "batch"]);
  return programs[normalization];
}

/** Throws unless a value is a flat vector of so many numbers. */
export function requireFlat(call: string, what: string, vector: unknown, count: number): void {
  if (!(vector instanceof Float32Array && vector.length === count))
    throw new Error(
      `${call}: ${what} must be a Float32Array of ${count} numbers, got ${vector instanceof Float32Array ? vector.length : show(vector)}`,
    );
}
/** A batch of one's own: the caller may reuse the arrays. */
export const copyOf = ({ x, y, weights }: Batch): Batch => ({
  x: Float64Array.from(x),
  y: Float64Array.from(y),
  ...(weights && { weights: Float64Array.from(weights) }),
});

/** The regularised risk on `batch`, without dropout; θ is given, the model's own stays as it is. */
export function objectiveOf(engine: Engine, batch: Batch, options: ObjectiveOptions): Objective {
  const count = engine.specification.parameterCount;
  const kinds = objectivePrograms(options);
  // Checks the batch before it is copied.
  engine.writeBatch("objective", kinds.loss, batch);
  const own = copyOf(batch);
  const requireVector = (call: string, what: string, vector: unknown): void => requireFlat(call, what, vector, count);
  const run = (call: string, kind: Quantity, theta: Float32Array, v?: Float32Array) => {
    engine.requireAlive(call);
    requireVector(call, "theta", theta);
    if (kind === "hessianVector") requireVector(call, "v", v);
    // A live view of the model's own parameters would be empty once the program's first use has grown the memory.
    const [at, along] = [theta, v].map((vector) =>
      vector?.buffer === engine.memory.memory.buffer ? vector.slice() : vector,
    );
    const program = engine.writeBatch(call, kinds[kind], own);
    (program.view("theta") as Float32Array).set(at as Float32Array);
    if (along) (program.view("v") as Float32Array).set(along);
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
