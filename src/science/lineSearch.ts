// How far to go along a direction: sufficient decrease (Armijo), and also a slope that has flattened (strong Wolfe).
import type { Counted, Point } from "./descent.ts";
import { dot, moved, type Vector } from "./vectors.ts";

/** A point on the line: t along the direction, and the slope there. */
interface Trial extends Point {
  readonly t: number;
  readonly slope: number;
}

/** c₁ of sufficient decrease: L(t) ≤ L(0) + c₁·t·L′(0). */
const DECREASE = 1e-4;
const MOST_TRIALS = 25;
/** What f32 cannot tell of a loss, as a share of it. */
const ROUNDING = 2 ** -22;

/** The first of t, t/2, t/4 … with sufficient decrease. */
export function armijo(counted: Counted, from: Point, direction: Vector, t: number): Trial | undefined {
  const slope = dot(from.gradient, direction);
  for (let i = 0, at = t; i < MOST_TRIALS; i++, at /= 2) {
    const trial = tryAt(counted, from, direction, at);
    if (trial.loss <= from.loss + DECREASE * at * slope) return trial;
  }
  return undefined;
}

/**
 * A point with sufficient decrease and |L′(t)| ≤ −c₂·L′(0): an interval that must hold one, made smaller by cubic
 * interpolation (Nocedal and Wright, algorithms 3.5 and 3.6, with the safeguards of Schmidt's minFunc, as PyTorch has
 * them). Where the loss no longer tells points apart, the slopes alone decide (Hager and Zhang 2005).
 * @param first the t to try first
 */
export function strongWolfe(
  counted: Counted,
  from: Point,
  direction: Vector,
  first: number,
  flatness: number,
): Trial | undefined {
  const zero: Trial = { ...from, t: 0, slope: dot(from.gradient, direction) };
  const tooHigh = (trial: Trial): boolean => !(trial.loss <= zero.loss + DECREASE * trial.t * zero.slope);
  const isFlat = (trial: Trial): boolean => Math.abs(trial.slope) <= -flatness * zero.slope;
  const isAsGood = (trial: Trial): boolean =>
    trial.t > 0 && isFlat(trial) && trial.loss <= zero.loss + ROUNDING * Math.abs(zero.loss);
  let trials = 0;
  const attempt = (t: number): Trial => {
    trials++;
    return tryAt(counted, from, direction, t);
  };
  let before = zero;
  let trial = attempt(first);
  let interval: [Trial, Trial] | undefined;
  while (!interval) {
    if (isAsGood(trial)) return trial;
    if (tooHigh(trial) || (trials > 2 && trial.loss >= before.loss) || trial.slope >= 0) interval = [before, trial];
    else if (isFlat(trial) || trials > MOST_TRIALS) return trial;
    else {
      const t = cubic(before, trial, trial.t + 0.01 * (trial.t - before.t), 10 * trial.t);
      [before, trial] = [trial, attempt(t)];
    }
  }
  let longest = 0;
  for (const value of direction) longest = Math.max(longest, Math.abs(value));
  let nearEnd = false;
  while (trials <= MOST_TRIALS) {
    const [a, b] = interval as [Trial, Trial];
    const [low, high] = [Math.min(a.t, b.t), Math.max(a.t, b.t)];
    if ((high - low) * longest < 1e-9) break;
    let t = Number.isFinite(b.loss + b.slope + a.loss + a.slope) ? cubic(a, b, low, high) : (low + high) / 2;
    const margin = 0.1 * (high - low);
    if (Math.min(high - t, t - low) < margin) {
      if (nearEnd || t >= high || t <= low) {
        t = high - t < t - low ? high - margin : low + margin;
        nearEnd = false;
      } else nearEnd = true;
    } else nearEnd = false;
    const next: Trial = attempt(t);
    if (isAsGood(next)) return next;
    const best: Trial = better(a, b);
    const other: Trial = best === a ? b : a;
    if (tooHigh(next) || next.loss >= best.loss) interval = [best, next];
    else if (isFlat(next)) return next;
    else interval = next.slope * (other.t - best.t) >= 0 ? [best, next] : [other, next];
  }
  const best: Trial = better(...interval);
  return best.t > 0 && best.loss < zero.loss ? best : undefined;
}

const better = (a: Trial, b: Trial): Trial => (a.loss <= b.loss || Number.isNaN(b.loss) ? a : b);

function tryAt(counted: Counted, from: Point, direction: Vector, t: number): Trial {
  const point = counted.at(moved(from.theta, t, direction));
  return { ...point, t, slope: dot(point.gradient, direction) };
}

/** Where the cubic through two losses with their slopes is least, kept in [low, high]. */
function cubic(one: Trial, two: Trial, low: number, high: number): number {
  const [a, b] = one.t <= two.t ? [one, two] : [two, one];
  const d = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const square = d * d - a.slope * b.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const root = Math.sqrt(square);
  const t = b.t - (b.t - a.t) * ((b.slope + root - d) / (b.slope - a.slope + 2 * root));
  return Number.isNaN(t) ? (low + high) / 2 : Math.min(Math.max(t, low), high);
}
