// Checks of what optimisers are given.
import { requirePositive, requireWithin, show } from "../checks.ts";
import type { Optimizer, Schedule } from "./optimizer.ts";

/** The largest finite f32. */
export const LARGEST = 3.4028234663852886e38;

/** What every optimiser takes. */
export interface LearningRateOptions {
  /** η > 0, or a schedule: a function of the steps done so far */
  readonly learningRate?: number | Schedule;
}

/** Throws unless a value is an optimiser. */
export function requireOptimizer(call: string, value: unknown): asserts value is Optimizer {
  if (typeof (value as Optimizer)?.update !== "function")
    throw new Error(`${call}: expected an optimiser such as sgd({ learningRate: 0.1 }), got ${show(value)}`);
}

/** Throws unless η is a finite number above zero, or a function. */
export function requireLearningRate(call: string, learningRate: number | Schedule): void {
  if (typeof learningRate === "function") return;
  requirePositive(call, "learningRate", learningRate);
}

/** η of one step. @throws where a schedule gives what is no rate */
export function rateAt(schedule: Schedule, step: number): number {
  const rate = schedule(step);
  if (typeof rate === "number" && rate >= 0 && Number.isFinite(Math.fround(rate))) return rate;
  throw new Error(`learningRate: the schedule must give a finite number ≥ 0, got ${show(rate)} for step ${step}`);
}

/** Throws unless weight decay is ≥ 0. */
export const requireDecay = (call: string, weightDecay: number): void =>
  requireWithin(call, "weightDecay", weightDecay, 0, LARGEST);

/** Throws unless a decay rate of a mean lies in [0, 1). */
export const requireShare = (call: string, what: string, value: number): void =>
  requireWithin(call, what, value, 0, 1, true);
