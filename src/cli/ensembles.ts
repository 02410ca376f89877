// What the networks along a curve predict together (Garipov et al. 2018, section 5): with its beginning, and all of them.
import type { Model } from "thalweg";
import type { Dataset } from "thalweg/data";
import { accuracy, logLoss } from "thalweg/metrics";
import { ensemble, type Place } from "thalweg/science";
import { whileShown } from "./progress.ts";

/** −log of the mean probability of the right class, without a regulariser, and the share of right answers. */
interface Judgement {
  readonly loss: number;
  readonly accuracy: number;
}

export interface CurveEnsembles {
  /** The network at t, and that at 0 and it together. */
  readonly points: readonly { readonly t: number; readonly alone: Judgement; readonly withFirst: Judgement }[];
  /** The networks at 0 and 1 together. */
  readonly ends: Judgement;
  /** Those at all of the points. */
  readonly all: Judgement;
}

/**
 * @param statistics what running statistics are computed anew from at every point
 * @returns undefined where it was stopped
 */
export async function ensemblesAlong(
  model: Model,
  at: (t: number) => Place,
  points: number,
  test: Dataset,
  statistics: Dataset | undefined,
  json: boolean | undefined,
  signal: AbortSignal,
): Promise<CurveEnsembles | undefined> {
  const places = Array.from({ length: points }, (_, i) => i / (points - 1));
  const predictions = await whileShown("ensembles", json, async (tell) => {
    const found: Float64Array[] = [];
    for (const t of places) {
      // Ctrl-C is heard between two points.
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted) break;
      found.push(ensemble(model, [at(t)], test, statistics && { statistics }));
      tell(found.length, points);
    }
    return found;
  });
  if (signal.aborted) return undefined;
  const judge = (...members: readonly Float64Array[]): Judgement => {
    const mean = (members[0] as Float64Array).map(
      (_, i) => members.reduce((sum, member) => sum + (member[i] as number), 0) / members.length,
    );
    return { loss: logLoss(mean, test.y), accuracy: accuracy(mean, test.y) };
  };
  const [first, last] = [predictions[0], predictions.at(-1)] as [Float64Array, Float64Array];
  return {
    points: predictions.map((own, i) => ({ t: places[i] as number, alone: judge(own), withFirst: judge(first, own) })),
    ends: judge(first, last),
    all: judge(...predictions),
  };
}

export function ensemblesText({ points, ends, all }: CurveEnsembles): string {
  const best = points.reduce((a, b) => (b.withFirst.accuracy > a.withFirst.accuracy ? b : a));
  const [first, last] = [points[0], points.at(-1)] as [(typeof points)[number], (typeof points)[number]];
  const share = ({ accuracy: right }: Judgement): string => `${(100 * right).toFixed(2)} %`;
  return `ensembles, test: a ${share(first.alone)} right, b ${share(last.alone)}, both ${share(ends)}; a and the curve's best, at ${best.t.toFixed(2)}, ${share(best.withFirst)}, ${points.length} points of the curve ${share(all)}\n`;
}
