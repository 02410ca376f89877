// thalweg as a contestant. With programs.ts, what of the benchmark knows our own API.
import { readFile } from "node:fs/promises";
import { type BuildChoice, type BuildName, chooseBuild, instantiate, loadModule } from "../bindings/load.ts";
import type { Contestant, Library } from "./contest.ts";
import { checkedSteps, type Job } from "./jobs.ts";
import type { Layer, Net } from "./nets.ts";
import { operands, type Product, sample } from "./products.ts";

export interface Ours extends Library {
  readonly build: BuildName;
  step(job: Job, threads?: number): Promise<Contestant>;
  /** Loops that do nothing but multiply and add: what this build could reach at most on this machine, today. */
  readonly ceilings: readonly Ceiling[];
}

export interface Ceiling {
  readonly name: string;
  readonly flops: number;
  run(times: number): void;
}

export async function loadOurs(choice: BuildChoice): Promise<Ours> {
  const build = chooseBuild(choice);
  return {
    name: "thalweg",
    details: `thalweg, ${build} build`,
    build,
    ceilings: await loadCeilings(build),
    step: (job, threads) => step(job, build, threads),
    product: (shape) => product(shape, build),
  };
}

/** A step as a user writes it: the batch is copied in and the loss comes back, every time. */
async function step({ net, layers, x, y }: Job, build: BuildName, threads = 1): Promise<Contestant> {
  // Not a literal: threads run built files, whose types are those of the sources.
  const built = "../dist/index.js";
  const thalweg: typeof import("thalweg") = await import(threads === 1 ? "thalweg" : built);
  const { createModel, crossEntropy, meanSquaredError, sgd } = thalweg;
  const model = await createModel({
    input: net.input,
    network: networkOf(thalweg, net),
    loss: net.loss === "crossEntropy" ? crossEntropy() : meanSquaredError(),
    optimizer: sgd({ learningRate: net.learningRate }),
    seed: 7,
    build,
    threads,
  });
  const start = layers.flatMap(({ parameters }) => parameters);
  model.layout.forEach(({ name, shape, offset }, i) => {
    const parameter = start[i];
    if (`${parameter?.shape}` !== `${shape}` || (shape.length === 1 && !name.endsWith(parameter?.name ?? "")))
      throw new Error(`bench: the start has ${parameter?.name} [${parameter?.shape}] for ${name} [${shape}]`);
    model.parameters.set(parameter?.values ?? [], offset);
  });
  const batch = { x, y };
  return {
    answer: Array.from({ length: checkedSteps }, () => model.step(batch)),
    run(times) {
      for (let i = 0; i < times; i++) model.step(batch);
    },
    close: () => model.close(),
  };
}

export const networkOf = (thalweg: typeof import("thalweg"), { layers }: Net): import("thalweg").Layer =>
  thalweg.chain(...layers.map((layer) => layerOf(thalweg, layer)));

function layerOf(thalweg: typeof import("thalweg"), layer: Layer): import("thalweg").Layer {
  switch (layer.kind) {
    case "dense":
      return thalweg.dense(layer.units);
    case "conv": {
      const { filters, size, stride, padding, bias } = layer;
      return thalweg.conv2d(filters, size, { strides: stride, padding, bias });
    }
    case "maxPool":
      return thalweg.maxPool2d(layer.size);
    case "globalAveragePool":
      return thalweg.globalAveragePool2d();
    default:
      return thalweg[layer.kind]();
  }
}

/** The GEMM kernel alone, called as a program calls it. */
async function product({ m, k, n, transposeA, transposeB, ...rest }: Product, build: BuildName): Promise<Contestant> {
  const values = operands({ m, k, n, ...rest });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernels = await instantiate(await loadModule(build), memory);
  const scratchBytes = kernels.gemmScratch(m, n, k);
  const places = reserve(memory, [4 * m * n, 4 * m * k, 4 * k * n, scratchBytes]);
  const [c, a, b, scratch] = places as [number, number, number, number];
  new Float32Array(memory.buffer, a, m * k).set(values.a);
  new Float32Array(memory.buffer, b, k * n).set(values.b);
  const [aRow, aColumn] = transposeA ? [1, m] : [k, 1];
  const [bRow, bColumn] = transposeB ? [1, k] : [n, 1];
  const once = () => kernels.gemm(c, a, b, scratch, m, n, k, aRow, aColumn, bRow, bColumn, 0, 0);
  once();
  return {
    answer: sample(new Float32Array(memory.buffer, c, m * n)),
    run(times) {
      for (let i = 0; i < times; i++) once();
    },
  };
}

/** Addresses of regions of these many bytes, each on a cache line, in a memory grown to hold them. */
function reserve(memory: WebAssembly.Memory, sizes: readonly number[]): number[] {
  let end = 1024; // nothing may sit at address 0
  const places = sizes.map((size) => {
    const place = end;
    end = (end + size + 63) & ~63;
    return place;
  });
  memory.grow(Math.max(0, Math.ceil((end - memory.buffer.byteLength) / 65536)));
  return places;
}

/**
 * The loops of assembly/ceiling.ts. Each exported function runs so many iterations of one loop; the constant of the same
 * name with `Flops` behind it says what an iteration counts for.
 */
async function loadCeilings(build: BuildName): Promise<readonly Ceiling[]> {
  const file = new URL(`../bindings/wasm/ceiling-${build === "debug" ? "strict" : build}.wasm`, import.meta.url);
  const memory = new WebAssembly.Memory({ initial: 16 });
  const { instance } = await WebAssembly.instantiate(await readFile(file), { env: { memory, abort() {} } });
  const iterations = 10_000;
  return Object.entries(instance.exports).flatMap(([name, loop]) => {
    if (typeof loop !== "function") return [];
    const flops = instance.exports[`${name}Flops`];
    if (!(flops instanceof WebAssembly.Global))
      throw new Error(`bench: ceiling.ts exports ${name} but no ${name}Flops`);
    return {
      name,
      flops: iterations * Number(flops.value),
      run(times) {
        for (let i = 0; i < times; i++) loop(iterations);
      },
    };
  });
}
