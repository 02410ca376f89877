// A model's regularised risk on a whole data set as a function of its flat parameter vector: chunk by chunk, summed in
// double precision.
import { requireOneOf, requireOptions, requireWhole } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Normalization } from "../nn/layer.ts";
import { add, mul } from "../ops/binary.ts";
import { grad } from "../ops/grad.ts";
import { constant, input } from "../ops/leaves.ts";
import { sum } from "../ops/reduce.ts";
import { stopGradient } from "../ops/stopGradient.ts";
import { type CompileRequest, compile } from "../plan/compile.ts";
import { kindFor } from "./blueprint.ts";
import { requireDataset } from "./check.ts";
import type { Model } from "./model.ts";
import { type Objective, type ObjectiveOptions, objectivePrograms, requireFlat } from "./objective.ts";
import { ReadyProgram } from "./readyProgram.ts";
import { type Workings, workingsOf } from "./workings.ts";

export interface DatasetObjectiveOptions extends ObjectiveOptions {
  /**
   * What `hessianVector` multiplies by. "hessian": ∇²L. "gaussNewton": JᵀH_ℓJ + ∇²λΩ, J the Jacobian of the network's
   * outputs, H_ℓ the Hessian of the loss by them: never indefinite where the loss is convex in the outputs (Schraudolph
   * 2002). Default "hessian".
   */
  readonly curvature?: "hessian" | "gaussNewton";
  /** Examples at once; default 256. With normalization "batch", BatchNorm has the statistics of so many. */
  readonly batchSize?: number;
}

/**
 * Mean loss over a data set, plus λΩ, without dropout. Every call goes over the whole set, in its order.
 * @throws for a data set that does not fit the model, and options that are none
 */
export function datasetObjective(model: Model, data: Dataset, options: DatasetObjectiveOptions = {}): Objective {
  const call = "datasetObjective";
  const { engine, trace } = workingsOf(call, model);
  requireOptions(call, options, ["normalization", "curvature", "batchSize"]);
  const { curvature = "hessian", batchSize = 256, normalization = "running" } = options;
  const kinds = objectivePrograms({ normalization });
  requireOneOf(call, "curvature", curvature, ["hessian", "gaussNewton"]);
  requireWhole(call, "batchSize", batchSize, 1);
  const { input: example, inputType, target, parameterCount: count } = engine.specification;
  requireDataset(call, data, example, inputType, target);
  engine.requireIndices(call, data.x);
  // Refuses weights where the loss has no use for them.
  if (data.weights) engine.program(kindFor(kinds.loss, data.weights), Math.min(batchSize, data.size));
  const products = new Map<number, ReadyProgram>();
  const programFor = (kind: keyof typeof kinds, rows: number): ReadyProgram => {
    if (kind !== "hessianVector" || curvature === "hessian")
      return engine.program(kindFor(kinds[kind], data.weights), rows);
    const known = products.get(rows);
    if (known) return known;
    const program = new ReadyProgram(
      engine.memory,
      compile(gaussNewtonRequest(trace, rows, count, normalization, data.weights !== undefined)),
    );
    products.set(rows, program);
    return program;
  };
  /** Σ rows·(what a program gives), over the chunks, divided by the size of the set. */
  const average = (kind: keyof typeof kinds, theta: Float32Array, v?: Float32Array, out?: Float32Array): number => {
    const name = `${call}.${kind}`;
    engine.requireAlive(name);
    requireFlat(name, "theta", theta, count);
    if (kind === "hessianVector") requireFlat(name, "v", v, count);
    if (kind !== "loss") requireFlat(name, "out", out, count);
    // They may be views of the model's memory, which holding the data may move.
    const [at, along] = [theta.slice(), v?.slice()];
    const total = new Float64Array(out ? count : 0);
    let loss = 0;
    const resident = engine.hold(name, data);
    try {
      for (let start = 0; start < data.size; start += batchSize) {
        const rows = Math.min(batchSize, data.size - start);
        const program = programFor(kind, rows);
        resident.gather(program, start, rows);
        (program.view("theta") as Float32Array).set(at);
        if (along) (program.view("v") as Float32Array).set(along);
        program.run();
        const share = rows / data.size;
        loss += share * ((program.view("loss")?.[0] as number | undefined) ?? 0);
        const part = program.view(kind === "gradient" ? "gradient" : "product");
        for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + share * (part[i] as number);
      }
    } finally {
      resident.release();
    }
    out?.set(total);
    return loss;
  };
  return {
    size: count,
    loss: (theta) => average("loss", theta),
    gradient: (theta, out) => average("gradient", theta, undefined, out),
    hessianVector: (theta, v, out) => void average("hessianVector", theta, v, out),
  };
}

/** Jᵀ H_ℓ J v + ∇²λΩ v. */
function gaussNewtonRequest(
  trace: Workings["trace"],
  rows: number,
  count: number,
  normalization: Normalization,
  weighted: boolean,
): CompileRequest {
  const [theta, v] = ["theta", "v"].map((name) => input(name, [count])) as [Tensor, Tensor];
  const { inputs, output, judge } = trace(rows, { training: false, normalization }, theta, undefined, weighted);
  const { total, penalty } = judge();
  // Jv is the gradient of (Jᵀu)·v by u, wherever u is: Jᵀu is linear in it.
  const u = constant(0, output.shape);
  const [pulled] = grad(output, [theta], u) as [Tensor];
  const [pushed] = grad(sum(mul(pulled, v)), [u]) as [Tensor];
  const [slope] = grad(total, [output]) as [Tensor];
  const [bent] = grad(sum(mul(slope, stopGradient(pushed))), [output]) as [Tensor];
  const [ofLoss] = grad(output, [theta], bent) as [Tensor];
  const ofPenalty = penalty && grad(sum(mul((grad(penalty, [theta]) as [Tensor])[0], v)), [theta])[0];
  return {
    inputs: [...inputs, theta, v],
    outputs: { product: { tensor: ofPenalty ? add(ofLoss, ofPenalty) : ofLoss } },
  };
}
