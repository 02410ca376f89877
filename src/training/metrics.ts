// Metrics: functions of a whole data set's predictions and targets, which evaluate and fit call.
import { requireFunction, requireOptions } from "../checks.ts";
import type { Shape } from "../graph/tensor.ts";
import type { Loss, TargetSpecification } from "../losses/loss.ts";
import type { Evaluation } from "./reports.ts";

/**
 * Judges predictions of all examples, row after row. Those of losses of classes and margins are probabilities, and the
 * targets labels from 0 (−1 is 0, and a distribution its likeliest class); else both are as they are. Any function of
 * one's own will do, or those of thalweg/metrics.
 */
export type Metric = (predictions: ArrayLike<number>, targets: ArrayLike<number>) => unknown;

/** Metrics by the name of their results. */
export type Metrics = Readonly<Record<string, Metric>>;

/** No metrics. */
export type None = Readonly<Record<never, never>>;

/** What each gave. */
export type Measured<M extends Metrics> = { readonly [Name in keyof M]: ReturnType<M[Name]> };

/** Throws unless metrics are functions, by names that mean nothing else yet. */
export function requireMetrics(call: string, metrics: unknown): void {
  if (metrics === undefined) return;
  requireOptions(`${call}: metrics`, metrics, Object.keys(Object(metrics)));
  for (const [name, metric] of Object.entries(metrics as Metrics)) {
    if (name === "loss") throw new Error(`${call}: a metric may not be called "loss"; give it another name`);
    requireFunction(call, `metrics.${name}`, metric, "accuracy of thalweg/metrics");
  }
}

/** What tells how outputs and targets are read. */
interface Reading {
  readonly link: Loss["link"];
  readonly target: TargetSpecification;
  readonly output: Shape;
}

/** What each metric makes of the outputs and targets of all examples. */
export function measure(
  metrics: Metrics,
  outputs: Float32Array,
  y: ArrayLike<number>,
  { link, target, output }: Reading,
): Readonly<Record<string, unknown>> {
  const predictions =
    link === "softmax"
      ? softmaxOfRows(outputs, output.at(-1) as number)
      : link === "sigmoid"
        ? Float64Array.from(outputs, (x) => 1 / (1 + Math.exp(-x)))
        : outputs;
  return applied(metrics, {
    predictions,
    targets: link === undefined || target.type === "i32" ? y : labelsOf(y, target),
  });
}

/** What metrics are given. */
interface Judged {
  readonly predictions: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
}

const applied = (metrics: Metrics, { predictions, targets }: Judged): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, metric(predictions, targets)]));

/** What a worker measures for metrics that cannot be posted: all that they would be given. */
export const posted: Metrics = { judged: (predictions, targets): Judged => ({ predictions, targets }) };

/** What the metrics themselves make of it, in its place. */
export function unposted<M extends Metrics>(metrics: M | undefined, evaluation: Evaluation): Evaluation & Measured<M> {
  const { judged, ...rest } = evaluation as Evaluation & { readonly judged?: Judged };
  return { ...rest, ...(metrics && judged && applied(metrics, judged)) } as Evaluation & Measured<M>;
}

function softmaxOfRows(logits: Float32Array, width: number): Float64Array {
  const result = Float64Array.from(logits);
  for (let start = 0; start < result.length; start += width) {
    const row = result.subarray(start, start + width);
    const top = row.reduce((a, b) => Math.max(a, b));
    row.forEach((x, i) => {
      row[i] = Math.exp(x - top);
    });
    const sum = row.reduce((a, b) => a + b);
    row.forEach((e, i) => {
      row[i] = e / sum;
    });
  }
  return result;
}

function labelsOf(y: ArrayLike<number>, { distribution, values }: TargetSpecification): Int32Array {
  if (distribution === undefined) {
    const between = values?.includes(-1) ? 0 : 0.5;
    return Int32Array.from(y, (value) => Number(value > between));
  }
  return Int32Array.from({ length: y.length / distribution }, (_, i) => {
    const row = Array.from({ length: distribution }, (__, j) => y[i * distribution + j] as number);
    return row.indexOf(Math.max(...row));
  });
}
