// Any function of operations as an objective: it runs on the kernels that train models.
import { type BuildChoice, chooseBuild } from "../../bindings/load.ts";
import { ModelMemory } from "../../bindings/memory.ts";
import { requireFunction, requireOptions, requireWhole, show } from "../checks.ts";
import { showShape, size as sizeOf, type Tensor } from "../graph/tensor.ts";
import { mul } from "../ops/binary.ts";
import { grad } from "../ops/grad.ts";
import { input } from "../ops/leaves.ts";
import { reshape } from "../ops/movement.ts";
import { sum } from "../ops/reduce.ts";
import { type CompileRequest, compile } from "../plan/compile.ts";
import { type Objective, requireFlat } from "./objective.ts";
import { ReadyProgram } from "./readyProgram.ts";

export interface FunctionObjectiveOptions {
  /** As in createModel; default "auto". */
  readonly build?: BuildChoice;
}

/**
 * f(θ) with its exact gradient and Hessian-vector products.
 * @param size numbers in θ
 * @param f from θ [size] to a scalar, made by operations
 * @throws for a function that gives no scalar
 */
export async function functionObjective(
  size: number,
  f: (theta: Tensor) => Tensor,
  options: FunctionObjectiveOptions = {},
): Promise<Objective> {
  const call = "functionObjective";
  requireWhole(call, "size", size, 1);
  requireFunction(call, "f", f, "(theta) => ops.sum(ops.square(theta))");
  requireOptions(call, options, ["build"]);
  const [theta, v] = ["theta", "v"].map((name) => input(name, [size])) as [Tensor, Tensor];
  const value = f(theta);
  if (value?.operation === undefined || value.type !== "f32" || sizeOf(value) !== 1)
    throw new Error(
      `${call}: f must return a scalar made by operations, got ${value?.operation ? `${value.type} ${showShape(value.shape)}` : show(value)}; reduce it with ops.sum`,
    );
  const loss = reshape(value, []);
  const [gradient] = grad(loss, [theta]) as [Tensor];
  const [product] = grad(sum(mul(gradient, v)), [theta]) as [Tensor];
  const memory = await ModelMemory.create(chooseBuild(options.build));
  const ready = (request: CompileRequest): ReadyProgram => new ReadyProgram(memory, compile(request));
  const programs = {
    loss: ready({ inputs: [theta], outputs: { loss: { tensor: loss } } }),
    gradient: ready({ inputs: [theta], outputs: { loss: { tensor: loss }, gradient: { tensor: gradient } } }),
    hessianVector: ready({ inputs: [theta, v], outputs: { product: { tensor: product } } }),
  };
  const run = (kind: keyof typeof programs, at: Float32Array, along?: Float32Array): ReadyProgram => {
    requireFlat(`objective.${kind}`, "theta", at, size);
    const program = programs[kind];
    program.prepare();
    (program.view("theta") as Float32Array).set(at);
    if (along) (program.view("v") as Float32Array).set(along);
    program.run();
    return program;
  };
  return {
    size,
    loss: (at) => run("loss", at).view("loss")[0] as number,
    gradient(at, out) {
      requireFlat("objective.gradient", "out", out, size);
      const program = run("gradient", at);
      out.set(program.view("gradient"));
      return program.view("loss")[0] as number;
    },
    hessianVector(at, along, out) {
      requireFlat("objective.hessianVector", "v", along, size);
      requireFlat("objective.hessianVector", "out", out, size);
      out.set(run("hessianVector", at, along).view("product"));
    },
  };
}
