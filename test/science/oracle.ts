// The Hessian as a matrix, column by column: slow, and sure.
import type { Objective } from "../../src/index.ts";

export function denseHessian(objective: Objective, theta: Float32Array): Float64Array[] {
  const n = objective.size;
  const columns = Array.from({ length: n }, (_, i) => {
    const out = new Float32Array(n);
    objective.hessianVector(
      theta,
      Float32Array.from({ length: n }, (_, k) => Number(k === i)),
      out,
    );
    return out;
  });
  return columns.map((column, i) => Float64Array.from(column, (value, k) => (value + (columns[k]?.[i] as number)) / 2));
}
