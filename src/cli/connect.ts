// The command `thalweg connect`: the straight line between two trained networks, and a curve of low loss.
import { existsSync } from "node:fs";
import { checkpoints, createModel, l2, loadCheckpoint, type StepReport, sgd } from "thalweg";
import type { Dataset } from "thalweg/data";
import {
  contourPicture,
  createCurve,
  lineBetween,
  type Matched,
  matchWeights,
  type PathSummary,
  type Place,
  pathSummary,
  planeThrough,
  profilePicture,
  type Section,
  type Surface,
  type SurfaceOptions,
} from "thalweg/science";
import { ensemblesAlong, ensemblesText } from "./ensembles.ts";
import { bare, draw, nameOf } from "./figures.ts";
import { progress, whileShown } from "./progress.ts";
import { followed } from "./surface.ts";
import { dataOf, type LookOptions, optionsOf, readTrained } from "./trained.ts";

export interface ConnectCommand extends LookOptions {
  readonly kind: "bezier" | "chain";
  readonly bends: number;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly points: number;
  readonly examples: number;
  readonly match?: boolean;
  readonly ensemble: number;
  readonly plane: number;
  readonly out?: string;
  readonly resume?: boolean;
  readonly png?: boolean;
  readonly json?: boolean;
}

const sets = ["train", "test"] as const;
type Summaries = Readonly<Record<(typeof sets)[number], PathSummary>>;
type Surfaces = Readonly<Record<(typeof sets)[number], Surface>>;

/** @returns whether it went to its end */
export async function connect(
  a: string,
  b: string,
  command: ConnectCommand,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const [first, second] = [await readTrained(a), await readTrained(b)];
  const line = lineBetween(first.snapshot, second.snapshot);
  const data = await dataOf(first, command);
  const { optimizer: _, ...made } = optionsOf(first, command, data.train);
  const { momentum, weightDecay } = first.options;
  const { kind, bends, epochs, batch, learningRate, json, points, resume = false } = command;
  const out = command.out ?? `${bare(a)}-${nameOf(b)}`;
  const steps = epochs * Math.ceil(data.train.size / batch);
  const options = {
    ...made,
    seed: command.seed,
    optimizer: sgd({ learningRate: (step) => learningRate * shareOf(step / steps), momentum }),
    // At the point of the curve, of all parameters (Garipov et al. 2018); λΣw² pulls twice as hard as a decay of λ.
    ...(weightDecay > 0 && { regularizer: l2(weightDecay / 2, { include: "all" }) }),
  };
  const model = await createModel(options);
  const hasStatistics = model.state.length > 0;
  const judged = (
    section: Section,
    name: string,
    set: (typeof sets)[number],
    { examples, ...grid }: SurfaceOptions,
  ): Promise<Surface | undefined> => {
    const file = `${out}.${name}.npz`;
    return followed(model, data[set], section, name.replace(".", ", "), json, {
      ...{ ...grid, statistics: data.train, file, signal, resume: resume && existsSync(file) },
      examples: Math.min(examples as number, data[set].size),
      normalization: hasStatistics ? "refresh" : "running",
    });
  };
  const along = async (
    section: Section,
    name: string,
  ): Promise<{ summaries: Summaries; surfaces: Surfaces } | undefined> => {
    const found: [string, PathSummary][] = [];
    const values: [string, Surface][] = [];
    for (const set of sets) {
      const surface = await judged(section, `${name}.${set}`, set, { points, x: [0, 1], examples: command.examples });
      if (!surface) return undefined;
      values.push([set, surface]);
      found.push([set, pathSummary(section, surface)]);
    }
    return { summaries: Object.fromEntries(found) as Summaries, surfaces: Object.fromEntries(values) as Surfaces };
  };
  const started = performance.now();
  const stopped = (): false => {
    write(json ? `${JSON.stringify({ interrupted: true })}\n` : "interrupted; go on with --resume\n");
    return false;
  };
  const straight = await along(line, "line");
  if (!straight) return stopped();
  if (!json) write(text("straight line", straight.summaries));
  let moved: Matched | undefined;
  if (command.match)
    try {
      moved = await whileShown("matching", json, (onProgress) =>
        matchWeights(model, first.snapshot, second.snapshot, { signal, onProgress }),
      );
    } catch (error) {
      if (!signal.aborted) throw error;
      return stopped();
    }
  const matched = moved && (await along(lineBetween(first.snapshot, moved), "matched"));
  if (moved && !matched) return stopped();
  if (matched && !json) write(text("matched line", matched.summaries));
  const curve = await createCurve(options, [first.snapshot, second.snapshot], { kind, bends });
  const kept = `${out}.curve.checkpoint`;
  const goesOn = resume && existsSync(kept);
  if (goesOn) await loadCheckpoint(curve.model, kept);
  const learnt = await learn(curve.model, data.train, { epochs, batch, kept, goesOn, json, signal });
  if (!learnt) return stopped();
  const section = curve.section();
  curve.model.close();
  const bent = await along(section, "curve");
  if (!bent) return stopped();
  if (!json) write(text(`${kind} curve`, bent.summaries));
  const at = (t: number): Place => ({ parameters: curve.at(t) });
  const statistics = hasStatistics ? data.train : undefined;
  const count = command.ensemble;
  const ensembles =
    count === 0 ? undefined : await ensemblesAlong(model, at, count, data.test, statistics, json, signal);
  if (signal.aborted) return stopped();
  if (ensembles && !json) write(ensemblesText(ensembles));
  const title = `from ${nameOf(a)} to ${nameOf(b)}`;
  const profiles = sets.flatMap((set) => [
    { name: `straight line, ${set}`, surface: straight.surfaces[set] },
    ...(matched ? [{ name: `matched line, ${set}`, surface: matched.surfaces[set] }] : []),
    { name: `${kind} curve, ${set}`, surface: bent.surfaces[set] },
  ]);
  const pictures = await draw(out, await profilePicture(profiles, { title }), command.png);
  if (command.plane > 0) {
    const plane = planeOf(section, at, bends);
    const examples = Math.min(command.examples, 2000);
    const surface = await judged(plane, "plane", "train", { points: command.plane, examples });
    if (!surface) return stopped();
    const picture = await contourPicture(surface, {
      title: `${title}, and the ${kind} curve; ${first.options.dataset}, train`,
      axes: ["along the straight line", "towards the curve"],
    });
    pictures.push(...(await draw(`${out}.plane`, picture, command.png)));
  }
  model.close();
  const seconds = (performance.now() - started) / 1000;
  if (json)
    write(
      `${JSON.stringify({
        line: straight.summaries,
        ...(matched && { matched: { ...matched.summaries, distance: moved?.distance } }),
        curve: bent.summaries,
        ...(ensembles && { ensembles }),
        ...{ weightDecay, kind, bends, epochs, seconds, out, pictures },
      })}\n`,
    );
  else {
    const penalty = weightDecay > 0 ? `losses are cross-entropy + ½·${weightDecay}·‖w‖²; ` : "";
    write(
      `${penalty}after ${seconds.toFixed(1)} s; kept in ${out}.*.npz, ${out}.curve.checkpoint, ${pictures.join(", ")}\n`,
    );
  }
  return true;
}

/** The plane through a, b and the bend; with several bends through the middle of the curve, which lies near it then. */
function planeOf({ vectors }: Section, at: (t: number) => Place, bends: number): Section {
  const [a, bend, b] = [vectors[0], bends === 1 ? vectors[1] : at(0.5), vectors.at(-1)] as [Place, Place, Place];
  const path = Array.from({ length: 61 }, (_, i) => at(i / 60));
  const plane = planeThrough(a, b, bend, { path });
  const names = ["a", "b", bends === 1 ? "bend" : "middle"];
  return { ...plane, marks: plane.marks.map((mark, i) => ({ ...mark, name: names[i] as string })) };
}

/** Constant for half of the time, then falling evenly to a hundredth, where it stays for the last tenth. */
const shareOf = (done: number): number => Math.min(1, Math.max(0.01, 1 - (0.99 * (done - 0.5)) / 0.4));

async function learn(
  model: Awaited<ReturnType<typeof createCurve>>["model"],
  train: Dataset,
  how: {
    readonly epochs: number;
    readonly batch: number;
    readonly kept: string;
    readonly goesOn: boolean;
    readonly json: boolean | undefined;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const { epochs, batch, kept, goesOn, json, signal } = how;
  if (goesOn && (model.snapshot({ copy: false }).fit?.epoch ?? 1) > epochs) return true;
  const bar = progress("learning the curve", json);
  const started = performance.now();
  let first: number | undefined;
  try {
    const options = { epochs, batchSize: batch, signal, resume: goesOn, callbacks: [checkpoints(kept)] };
    for await (const report of model.fit(train, { ...options, reportEvery: 50 })) {
      const share = report.kind === "epoch" ? report.epoch / epochs : shareDone(report, epochs);
      first ??= share;
      const seconds = (performance.now() - started) / 1000;
      bar.tell(share, share > first ? ((1 - share) * seconds) / (share - first) : Number.NaN);
    }
    return true;
  } catch (error) {
    if (!signal.aborted) throw error;
    return false;
  } finally {
    bar.close();
  }
}

const shareDone = ({ epoch, stepInEpoch, stepsPerEpoch }: StepReport, epochs: number): number =>
  (epoch - 1 + stepInEpoch / stepsPerEpoch) / epochs;

function text(name: string, summaries: Summaries): string {
  return sets
    .map((set) => {
      const { loss, error, lengthRatio } = summaries[set];
      const [worst, end] = [loss.max, Math.max(...loss.ends)].map((value) => value.toFixed(4));
      const wrong = error ? `, at most ${(100 * error.max).toFixed(2)} % wrong` : "";
      return `${name}, ${set}: loss at most ${worst} (ends ${end}), barrier ${loss.barrier.toFixed(4)}${wrong}, ${lengthRatio.toFixed(3)} times as long as straight\n`;
    })
    .join("");
}
