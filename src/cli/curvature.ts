// The command `thalweg curvature`: the Hessian of a trained network's loss, by its eigenvalues.
import {
  datasetObjective, eigenpairs, hessianTrace, type Objective, spectralDensity, spectrumPicture,
} from "thalweg/science"; // biome-ignore format: a list of names
import { bare, draw, nameOf } from "./figures.ts";
import { hashOf, type Parts, partsIn } from "./parts.ts";
import { whileShown } from "./progress.ts";
import { type ExamineOptions, examined } from "./trained.ts";

export interface CurvatureCommand extends ExamineOptions {
  readonly top: number;
  readonly tolerance: number;
  /** Hessian-vector products for it. */
  readonly trace?: number;
  readonly density?: boolean;
  readonly probes: number;
  readonly steps: number;
  readonly batchNorm: "running" | "batch";
  readonly seed: number;
  readonly resume?: boolean;
}

/** @returns whether it went to its end */
export async function curvature(
  checkpoint: string,
  command: CurvatureCommand,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const { top, probes, batchNorm, on, seed, json, png, resume = false } = command;
  const { model, data } = await examined(checkpoint, { ...command, threads: 1 });
  const objective = datasetObjective(model, data, { normalization: batchNorm });
  const theta = model.parameters.slice();
  const file = `${command.out ?? `${bare(checkpoint)}.curvature`}.npz`;
  const parts = await partsIn(
    file,
    {
      ...{ model: hashOf(theta, model.state), data: hashOf(data.x, data.y), seed, "number of steps": command.steps },
      ...{ tolerance: command.tolerance, normalization: batchNorm },
    },
    resume,
  );
  const started = performance.now();
  const gradient = new Float32Array(theta.length);
  const loss = objective.gradient(theta, gradient);
  try {
    await fill(parts, objective, theta, command, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    const kept = parts.get("eigenvalues") ? `what was done is kept in ${file}; go on` : "go on";
    write(json ? `${JSON.stringify({ interrupted: true, file })}\n` : `interrupted; ${kept} with --resume\n`);
    return false;
  } finally {
    model.close();
  }
  const numbers = (name: string): number[] => Array.from(parts.get(name) as Float64Array);
  const [eigenvalues, [smallest]] = [numbers("eigenvalues"), numbers("smallest") as [number]];
  const residual = Math.max(...numbers("residuals"), ...numbers("smallest_residual"));
  const scale = Math.max(...[...eigenvalues, smallest].map(Math.abs));
  const result = {
    parameters: theta.length,
    ...{ on, examples: data.size, loss, gradientNorm: Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0)) },
    ...{ eigenvalues, smallest, residual, converged: residual <= command.tolerance * scale },
    ...(command.trace !== undefined && { trace: traceOf(parts, command.trace) }),
    ...(command.density && { density: densityOf(spectrumOf(parts, probes), theta.length, command) }),
  };
  const caption = `${theta.length} parameters; loss on ${data.size} examples of ${on}; seed ${seed}; ${probes} probes of ${command.steps} steps; ▲ the ${top} largest and the smallest eigenvalue`;
  const picture =
    command.density &&
    (await spectrumPicture(spectrumOf(parts, probes), {
      eigenvalues: [smallest, ...eigenvalues],
      title: `spectral density of the Hessian of ${nameOf(checkpoint)}`,
      caption,
    }));
  const files = [file, ...(picture ? await draw(file.replace(/\.npz$/, ""), picture, png) : [])];
  const seconds = (performance.now() - started) / 1000;
  if (json) write(`${JSON.stringify({ ...result, seconds, files })}\n`);
  else write(`${lines(result).join("\n")}\nafter ${seconds.toFixed(1)} s; kept in ${files.join(", ")}\n`);
  return true;
}

/** Computes what is asked for and not done yet. */
async function fill(
  parts: Parts,
  objective: Objective,
  theta: Float32Array,
  { top, tolerance, trace, density, probes, steps, seed, json }: CurvatureCommand,
  signal: AbortSignal,
): Promise<void> {
  if (parts.get("eigenvalues")?.length !== top) {
    const { values, vectors, residuals } = await whileShown("largest eigenvalues", json, (onProgress) =>
      eigenpairs(objective, theta, { count: top, tolerance, seed, signal, onProgress }),
    );
    parts.keep({ eigenvalues: values, residuals, eigenvectors: vectors });
  }
  if (!parts.get("smallest")) {
    const { values, vectors, residuals } = await whileShown("most negative eigenvalue", json, (onProgress) =>
      eigenpairs(objective, theta, { which: "smallest", tolerance, seed, signal, onProgress }),
    );
    parts.keep({ smallest: values, smallest_residual: residuals, smallest_eigenvector: vectors });
  }
  if (trace !== undefined && !parts.get(`trace_${trace}`)) {
    const found = await whileShown("trace", json, (onProgress) =>
      hessianTrace(objective, theta, { method: "hutch++", samples: trace, seed, signal, onProgress }),
    );
    parts.keep({ [`trace_${trace}`]: Float64Array.of(found.trace, found.standardError) });
  }
  if (!density) return;
  // Probe by probe: each is kept.
  await whileShown("spectral density", json, async (onProgress) => {
    for (let i = 0; i < probes; i++) {
      if (parts.get(`nodes_${i}`)) continue;
      const { nodes, weights } = await spectralDensity(objective, theta, {
        ...{ steps, probes: 1, seed: seed + i, signal },
        onProgress: (done, total) => onProgress(i * total + done, probes * total),
      });
      parts.keep({ [`nodes_${i}`]: nodes, [`weights_${i}`]: weights });
    }
  });
}

/** All probes as one, each with the same share. */
function spectrumOf(parts: Parts, probes: number): { readonly nodes: Float64Array; readonly weights: Float64Array } {
  const of = (name: string): number[] =>
    Array.from({ length: probes }, (_, i) => Array.from(parts.get(`${name}_${i}`) as Float64Array)).flat();
  return { nodes: Float64Array.from(of("nodes")), weights: Float64Array.from(of("weights"), (w) => w / probes) };
}

interface TraceResult {
  readonly trace: number;
  readonly standardError: number;
  readonly products: number;
}

function traceOf(parts: Parts, products: number): TraceResult {
  const [trace, standardError] = parts.get(`trace_${products}`) as unknown as [number, number];
  return { trace, standardError, products };
}

interface DensityResult {
  readonly probes: number;
  readonly steps: number;
  /** Parameters times the mean of the density. */
  readonly trace: number;
  /** Share of the eigenvalues within a hundredth of the largest around 0. */
  readonly nearZero: number;
}

function densityOf(
  { nodes, weights }: { readonly nodes: Float64Array; readonly weights: Float64Array },
  parameters: number,
  { probes, steps }: CurvatureCommand,
): DensityResult {
  const most = Math.max(...nodes.map(Math.abs));
  const sum = (f: (node: number) => number): number =>
    nodes.reduce((total, node, i) => total + f(node) * (weights[i] as number), 0);
  return {
    ...{ probes, steps, trace: parameters * sum((node) => node) },
    nearZero: sum((node) => Number(Math.abs(node) <= most / 100)),
  };
}

function lines(result: {
  readonly parameters: number;
  readonly on: string;
  readonly examples: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly eigenvalues: readonly number[];
  readonly smallest: number;
  readonly residual: number;
  readonly converged: boolean;
  readonly trace?: TraceResult;
  readonly density?: DensityResult;
}): string[] {
  const { parameters, on, examples, loss, gradientNorm, eigenvalues, smallest, residual, converged } = result;
  const { trace, density } = result;
  const row = (name: string, text: string): string => `${name.padEnd(24)}${text}`;
  const short = (value: number): string => value.toPrecision(4);
  return [
    `${parameters} parameters; loss ${loss.toFixed(4)}, gradient norm ${short(gradientNorm)} on ${examples} examples of ${on}`,
    row("largest eigenvalues", eigenvalues.map(short).join("  ")),
    row("smallest eigenvalue", short(smallest)),
    row("residual ‖Hv − λv‖", `at most ${residual.toExponential(1)}${converged ? "" : ": not converged"}`),
    ...(trace
      ? [row("trace", `${short(trace.trace)} ± ${trace.standardError.toPrecision(2)} (${trace.products} products)`)]
      : []),
    ...(density
      ? [
          row("spectral density", `${density.probes} probes of ${density.steps} steps; trace ${short(density.trace)};`),
          row("", `${(100 * density.nearZero).toFixed(2)} % of the eigenvalues within 1 % of the largest around 0`),
        ]
      : []),
  ];
}
