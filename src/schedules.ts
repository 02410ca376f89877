// Learning rates as pure functions of the steps done so far, 0 before the first: for the `learningRate` of any optimiser.

import { requireFunction, requireOptions, requirePositive, requireWhole, requireWithin, show } from "./checks.ts";
import type { Schedule } from "./optimizers/optimizer.ts";

/** The largest finite f32. */
const LARGEST = 3.4028234663852886e38;

/** Throws unless a rate is finite and not below zero. */
function requireRate(call: string, what: string, value: number): void {
  requireWithin(call, what, value, 0, LARGEST);
}

/** Throws unless a list holds [step, …] with steps that grow from 0. */
function requireStarts(call: string, list: readonly (readonly [number, unknown])[]): void {
  const starts = Array.isArray(list) ? list.map((entry) => entry?.[0]) : [];
  if (starts[0] !== 0 || starts.some((start, i) => !Number.isSafeInteger(start) || (i > 0 && start <= starts[i - 1])))
    throw new Error(`${call}: expected [[0, …], [step, …], …] with steps that grow, got ${show(list)}`);
}

/** The last of [step, value] that has begun. */
function current<Value>(list: readonly (readonly [number, Value])[], step: number): readonly [number, Value] {
  let at = 0;
  while (at + 1 < list.length && (list[at + 1] as readonly [number, Value])[0] <= step) at++;
  return list[at] as readonly [number, Value];
}

/** from · factor^power, where that grows beyond f32 the largest one. */
const geometric = (from: number, factor: number, power: number): number =>
  from === 0 ? 0 : Math.min(from * factor ** Math.min(power, Number.MAX_VALUE), LARGEST);

export function constant(rate: number): Schedule {
  requireRate("constant", "rate", rate);
  return () => rate;
}

export interface StepOptions {
  readonly from: number;
  /** Steps between two changes. */
  readonly every: number;
  /** Of each change; default 0.1 */
  readonly factor?: number;
}

/** from · factor^⌊step/every⌋ */
export function step(options: StepOptions): Schedule {
  requireOptions("step", options, ["from", "every", "factor"]);
  const { from, every, factor = 0.1 } = options;
  requireRate("step", "from", from);
  requireWhole("step", "every", every, 1);
  requirePositive("step", "factor", factor);
  return (at) => geometric(from, factor, Math.floor(at / every));
}

/** from · factor^(how many of `at` have come) */
export function multiStep(options: {
  readonly from: number;
  /** Steps, growing. */
  readonly at: readonly number[];
  /** Of each change; default 0.1 */
  readonly factor?: number;
}): Schedule {
  requireOptions("multiStep", options, ["from", "at", "factor"]);
  const { from, at, factor = 0.1 } = options;
  requireRate("multiStep", "from", from);
  requirePositive("multiStep", "factor", factor);
  const rates: (readonly [number, number])[] = [
    [0, from],
    ...at.map((when, i) => [when, geometric(from, factor, i + 1)] as const),
  ];
  requireStarts("multiStep", rates);
  return (now) => current(rates, now)[1];
}

/** from · factor^(step/every) */
export function exponential(options: {
  readonly from: number;
  readonly factor: number;
  /** Steps that take one factor; default 1 */
  readonly every?: number;
}): Schedule {
  requireOptions("exponential", options, ["from", "factor", "every"]);
  const { from, factor, every = 1 } = options;
  requireRate("exponential", "from", from);
  requirePositive("exponential", "factor", factor);
  requirePositive("exponential", "every", every);
  return (at) => geometric(from, factor, at / every);
}

/** From one rate to another. */
export interface DecayScheduleOptions {
  readonly from: number;
  /** Default 0 */
  readonly to?: number;
  /** How many steps it takes; the last rate stays. */
  readonly steps: number;
}

function requireDecaySchedule(call: string, { from, to = 0, steps }: DecayScheduleOptions): void {
  requireRate(call, "from", from);
  requireRate(call, "to", to);
  requireWhole(call, "steps", steps, 1);
}

/** to + (from − to)·share, in a form that rounds to nothing below zero. */
const between = (from: number, to: number, share: number): number => from * share + to * (1 - share);

/** to + (from − to)·(1 − step/steps)^power; power 1, the default, is a straight line */
export function polynomial(options: DecayScheduleOptions & { readonly power?: number }): Schedule {
  requireOptions("polynomial", options, ["from", "to", "steps", "power"]);
  requireDecaySchedule("polynomial", options);
  const { from, to = 0, steps, power = 1 } = options;
  requirePositive("polynomial", "power", power);
  return (at) => between(from, to, (1 - Math.min(at / steps, 1)) ** power);
}

/** Half a wave of a cosine between two rates; `part` from 0 to 1. */
const wave = (from: number, to: number, part: number): number =>
  between(from, to, 0.5 * (1 + Math.cos(Math.PI * part)));

/** to + (from − to)·½(1 + cos(π·step/steps)) (Loshchilov & Hutter 2017) */
export function cosine(options: DecayScheduleOptions): Schedule {
  requireOptions("cosine", options, ["from", "to", "steps"]);
  requireDecaySchedule("cosine", options);
  const { from, to = 0, steps } = options;
  return (at) => wave(from, to, Math.min(at / steps, 1));
}

/** The same again and again, each time `multiply` times as long (SGDR, Loshchilov & Hutter 2017). */
export function cosineRestarts(options: DecayScheduleOptions & { readonly multiply?: number }): Schedule {
  requireOptions("cosineRestarts", options, ["from", "to", "steps", "multiply"]);
  requireDecaySchedule("cosineRestarts", options);
  const { from, to = 0, steps, multiply = 1 } = options;
  requireWhole("cosineRestarts", "multiply", multiply, 1);
  return (at) => {
    let left = at;
    let length = steps;
    while (left >= length) {
      if (multiply === 1) left %= length;
      else {
        left -= length;
        length *= multiply;
      }
    }
    return wave(from, to, left / length);
  };
}

/** PyTorch's OneCycleLR: up to the peak and down to almost nothing, by half waves of a cosine (Smith & Topin 2018). */
export function oneCycle(options: {
  readonly peak: number;
  readonly steps: number;
  /** Share of the steps until the peak, in (0, 1); default 0.3 */
  readonly rise?: number;
  /** The first rate is the peak over this; default 25 */
  readonly first?: number;
  /** The last rate is the first over this; default 10,000 */
  readonly last?: number;
}): Schedule {
  requireOptions("oneCycle", options, ["peak", "steps", "rise", "first", "last"]);
  const { peak, steps, rise = 0.3, first = 25, last = 1e4 } = options;
  requireRate("oneCycle", "peak", peak);
  requireWhole("oneCycle", "steps", steps, 2);
  requirePositive("oneCycle", "rise", rise);
  requireWithin("oneCycle", "rise", rise, 0, 1, true);
  requirePositive("oneCycle", "first", first);
  requirePositive("oneCycle", "last", last);
  requireRate("oneCycle", "peak / first", peak / first);
  requireRate("oneCycle", "peak / first / last", peak / first / last);
  const top = rise * steps - 1;
  return (at) =>
    at <= top
      ? // A rise of one step is its peak.
        wave(peak / first, peak, top > 0 ? at / top : 1)
      : wave(peak, peak / first / last, Math.min((at - top) / (steps - 1 - top), 1));
}

/** A straight line from almost nothing to the first rate of what follows: rate·(step + 1)/(steps + 1), then that. */
export function warmUp(steps: number, then: Schedule | number): Schedule {
  requireWhole("warmUp", "steps", steps, 1);
  const follows = typeof then === "number" ? constant(then) : then;
  requireFunction("warmUp", "then", follows, "schedules.cosine({ from: 0.1, steps: 1000 })");
  return (at) => (at < steps ? (follows(0) * (at + 1)) / (steps + 1) : follows(at - steps));
}

/** Constant pieces: [[0, rate], [step it begins with, rate], …] */
export function piecewise(rates: readonly (readonly [step: number, rate: number])[]): Schedule {
  requireStarts("piecewise", rates);
  for (const [, rate] of rates) requireRate("piecewise", "a rate", rate);
  const own = rates.map(([start, rate]) => [start, rate] as const);
  return (at) => current(own, at)[1];
}

/** Schedules one after the other, each counting from its own begin: [[0, schedule], [step it begins with, schedule], …] */
export function join(schedules: readonly (readonly [step: number, schedule: Schedule])[]): Schedule {
  requireStarts("join", schedules);
  for (const [, schedule] of schedules) requireFunction("join", "a schedule", schedule, "schedules.constant(0.1)");
  const own = schedules.map(([start, schedule]) => [start, schedule] as const);
  return (at) => {
    const piece = current(own, at);
    return piece[1](at - piece[0]);
  };
}

/**
 * Straight lines to a second rate and back (Smith 2017). From high to low that is fast geometric ensembling's: the middle of
 * a period is where to take a snapshot.
 */
export function triangular(options: {
  readonly from: number;
  readonly to: number;
  /** Steps there and back. */
  readonly period: number;
}): Schedule {
  requireOptions("triangular", options, ["from", "to", "period"]);
  const { from, to, period } = options;
  requireRate("triangular", "from", from);
  requireRate("triangular", "to", to);
  requireWhole("triangular", "period", period, 2);
  return (at) => {
    const part = (at % period) / period;
    return between(from, to, Math.abs(2 * part - 1));
  };
}

/**
 * Learning-rate range test (Smith 2017): grows evenly on a logarithmic scale. Fit with `reportEvery: 1`, draw the loss
 * against the rate, and take one somewhat below where it falls fastest.
 */
export function rangeTest(options: { readonly from: number; readonly to: number; readonly steps: number }): Schedule {
  requireOptions("rangeTest", options, ["from", "to", "steps"]);
  const { from, to, steps } = options;
  requirePositive("rangeTest", "from", from);
  requirePositive("rangeTest", "to", to);
  requireWhole("rangeTest", "steps", steps, 2);
  return (at) => from * (to / from) ** Math.min(at / (steps - 1), 1);
}

export interface PlateauOptions {
  /** Of each change, in (0, 1); default 0.1 */
  readonly factor?: number;
  /** Observations without a better one before the rate falls; default 10 */
  readonly patience?: number;
  /** How much better, as a share of the best, counts; default 1e-4 */
  readonly threshold?: number;
  /** Observations after a change that do not count; default 0 */
  readonly cooldown?: number;
  /** Default 0 */
  readonly least?: number;
}

/** What a plateau needs of a model, here or in a worker. */
interface Rated {
  snapshot(options: {
    readonly copy: false;
  }): { readonly learningRate: number } | Promise<{ readonly learningRate: number }>;
  setLearningRate(value: number): void | Promise<void>;
}

/** What watches a loss: as a callback of fit, or asked by a loop of one's own. */
export interface Plateau {
  readonly name: "reduceOnPlateau";
  begin(): void;
  report(
    report: { readonly kind: string; readonly loss: number; readonly validation?: { readonly loss: number } },
    model: Rated,
  ): Promise<void>;
  state(): unknown;
  restore(state: unknown): void;
  /** The rate for the steps to come, after one more observation of what is to fall. */
  next(loss: number, rate: number): number;
}

/**
 * PyTorch's ReduceLROnPlateau. As a callback, `fit(train, { callbacks: [schedules.reduceOnPlateau()] })`, it lowers the
 * model's rate by the loss of each epoch's validation (of its training, where there is none), and goes on from a checkpoint.
 * In a loop of one's own: `model.learningRate = plateau.next(loss, model.learningRate)`.
 */
export function reduceOnPlateau(options: PlateauOptions = {}): Plateau {
  requireOptions("reduceOnPlateau", options, ["factor", "patience", "threshold", "cooldown", "least"]);
  const { factor = 0.1, patience = 10, threshold = 1e-4, cooldown = 0, least = 0 } = options;
  requirePositive("reduceOnPlateau", "factor", factor);
  requireWithin("reduceOnPlateau", "factor", factor, 0, 1, true);
  requireWhole("reduceOnPlateau", "patience", patience, 0);
  requireWithin("reduceOnPlateau", "threshold", threshold, 0, 1, true);
  requireWhole("reduceOnPlateau", "cooldown", cooldown, 0);
  requireRate("reduceOnPlateau", "least", least);
  let best = Number.POSITIVE_INFINITY;
  let bad = 0;
  let resting = 0;
  const plateau: Plateau = {
    name: "reduceOnPlateau",
    state: () => ({ best, bad, resting }),
    restore(state) {
      ({ best, bad, resting } = state as { best: number; bad: number; resting: number });
    },
    begin() {
      [best, bad, resting] = [Number.POSITIVE_INFINITY, 0, 0];
    },
    async report(report, model) {
      if (report.kind !== "epoch") return;
      const { learningRate } = await model.snapshot({ copy: false });
      const rate = plateau.next(report.validation?.loss ?? report.loss, learningRate);
      if (rate !== learningRate) await model.setLearningRate(rate);
    },
    next(loss, rate) {
      if (typeof loss !== "number" || Number.isNaN(loss))
        throw new Error(`reduceOnPlateau: the loss must be a number, got ${show(loss)}`);
      const better = loss < (Number.isFinite(best) ? best - Math.abs(best) * threshold : best);
      bad = better ? 0 : bad + 1;
      if (better) best = loss;
      if (resting > 0) {
        resting--;
        bad = 0;
      }
      if (bad <= patience) return rate;
      bad = 0;
      resting = cooldown;
      return Math.max(rate * factor, least);
    },
  };
  return plateau;
}
