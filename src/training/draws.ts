// Random numbers of a batch that replicas share out: each draws for its rows what one thread would draw for them.
import { showShape, type Tensor, topological } from "../graph/tensor.ts";
import { drawByRows } from "../ops/random.ts";
import type { CompileRequest } from "../plan/compile.ts";
import { rewrite } from "../plan/simplify.ts";

/** Streams of random numbers that grow with the batch: those whose shapes differ between graphs of two batch sizes. */
export function drawsByRows(one: readonly Tensor[], other: readonly Tensor[]): ReadonlySet<unknown> {
  const shapes = new Map(topological(one).map(({ attributes, shape }) => [attributes.stream, showShape(shape)]));
  return new Set(
    topological(other).flatMap(({ attributes: { stream }, shape }) =>
      stream !== undefined && shapes.has(stream) && shapes.get(stream) !== showShape(shape) ? [stream] : [],
    ),
  );
}

/** Has a replica draw its own rows of what is drawn by rows. */
export function replaceDraws(request: CompileRequest, byRows: ReadonlySet<unknown>, rows: number): CompileRequest {
  if (byRows.size === 0) return request;
  const { outputs, effects = [], inputs = [] } = request;
  const names = Object.keys(outputs);
  const roots = [...Object.values(outputs).map(({ tensor }) => tensor), ...effects, ...inputs];
  const replaced = rewrite(roots, (node) => drawByRows(node, byRows, rows));
  return {
    outputs: Object.fromEntries(names.map((name, i) => [name, { ...outputs[name], tensor: replaced[i] as Tensor }])),
    effects: replaced.slice(names.length, names.length + effects.length),
    inputs: replaced.slice(names.length + effects.length),
  };
}
