// The worker's side of a remote model: a model whose programs arrive by message instead of from a network.
import { parent } from "#platform";
import { load, moduleFor } from "../../bindings/load.ts";
import { ModelMemory } from "../../bindings/memory.ts";
import type { Drawn, Sampler } from "../data/samplers/sampler.ts";
import type { Program } from "../plan/program.ts";
import { Engine } from "./engine.ts";
import { posted } from "./metrics.ts";
import { Model } from "./model.ts";
import { keyText, type ProgramKey } from "./passes.ts";
import type { Abort, Answer, Call, PostedSampler, Request, Sample, Sampled } from "./protocol.ts";
import type { Report } from "./reports.ts";

interface Fit {
  readonly reports: AsyncGenerator<Report, void, void>;
  readonly controller: AbortController;
}

const programs = new Map<string, Program>();
/** As posted so far: those of one step behind those of the step before. */
const rates: number[] = [];
const fits = new Map<number, Fit>();
let engine: Engine | undefined;
/** Epochs that are being drawn, by the number of their fit. */
const draws = new Map<number, (answer: Sampled) => void>();
let model: Model | undefined;

function program(...key: ProgramKey): Program {
  const found = programs.get(keyText(...key));
  if (!found) throw new Error(`remote model: program ${keyText(...key)} was not sent`);
  return found;
}

async function create(request: Extract<Request, { method: "create" }>): Promise<void> {
  const { specification, values, module } = request;
  const { build, threads, layout, stateLayout, parameterCount } = specification;
  // Compiled once, by whoever made this worker: nothing is fetched here.
  load({ module }, moduleFor(build, threads > 1));
  const memory = await ModelMemory.create(build, threads > 1);
  const blueprint = { layout, stateLayout, parameterCount, program };
  engine = await Engine.create(specification, values, program, memory);
  const { length } = specification.learningRates;
  if (request.scheduled)
    engine.schedule(specification.learningRates.map((_, i) => (step) => rates[step * length + i] as number));
  model = new Model(blueprint, engine);
}

async function answer(request: Request): Promise<unknown> {
  if (request.method === "create") return create(request);
  if (!model || !engine) throw new Error("remote model: not created yet");
  switch (request.method) {
    case "step":
      return model.step(request.batch);
    case "learn":
      return (await import("./learner.ts")).learn(engine, request.batch, request.how);
    case "evaluate":
      return model.evaluate(request.data, request.metrics ? { metrics: posted } : {});
    case "predict":
      return model.predict(request.x);
    case "profile":
      return model.profile(request.batch, request.options);
    case "parameters":
      return model.parameters.slice();
    case "average":
      return model.average.slice();
    case "setParameters":
      model.parameters = request.values as Float32Array;
      return undefined;
    case "state":
      return model.state.slice();
    case "setState":
      model.state = request.values as Float32Array;
      return undefined;
    case "snapshot":
      return model.snapshot();
    case "restore":
      return model.restore(request.snapshot);
    case "refreshStatistics":
      return model.refreshStatistics(request.data, request.options);
    case "setLearningRate":
      model.learningRate = request.value;
      return undefined;
    case "fit": {
      const controller = new AbortController();
      const reports = model.fit(request.data, {
        ...request.options,
        ...(request.metrics && { metrics: posted }),
        ...(request.sampler && { sampler: askingBack(request.fit, request.sampler) }),
        signal: controller.signal,
      });
      fits.set(request.fit, { reports, controller });
      return undefined;
    }
    case "next":
      return nextReport(request.fit);
    case "leave":
      await fits.get(request.fit)?.reports.return();
      fits.delete(request.fit);
      return undefined;
    case "objective":
      return objective(model, request);
  }
}

/** A sampler whose epochs are drawn where its function is. */
const askingBack = (fit: number, sampler: PostedSampler): Sampler => ({
  ...sampler,
  async epoch(context) {
    const { drawn, error } = await new Promise<Sampled>((resolve) => {
      draws.set(fit, resolve);
      parent.post({ sample: fit, context } satisfies Sample);
    });
    if (error !== undefined) throw new Error(error);
    return drawn as Drawn;
  },
});

async function nextReport(number: number): Promise<Report | undefined> {
  try {
    const { value, done } = (await fits.get(number)?.reports.next()) ?? { done: true, value: undefined };
    if (done) fits.delete(number);
    return value ?? undefined;
  } catch (error) {
    fits.delete(number);
    throw error;
  }
}

function objective(of: Model, { batch, options, theta, v, want }: Extract<Request, { method: "objective" }>): unknown {
  const function_ = of.objective(batch, options);
  if (want === "loss") return function_.loss(theta);
  const out = new Float32Array(function_.size);
  if (want === "gradient") return { loss: function_.gradient(theta, out), gradient: out };
  function_.hessianVector(theta, v as Float32Array, out);
  return out;
}

/** Buffers of an answer that nobody here needs any more. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (value instanceof Float32Array) return [value.buffer as ArrayBuffer];
  if (typeof value === "object" && value !== null && "gradient" in value) return buffersOf(value.gradient);
  return [];
}

parent.listen((message) => {
  if ("abort" in (message as Abort)) {
    fits.get((message as Abort).abort)?.controller.abort();
    return;
  }
  if ("sampled" in (message as Sampled)) {
    draws.get((message as Sampled).sampled)?.(message as Sampled);
    return;
  }
  const { id, request, programs: posted, rates: ahead } = message as Call;
  for (const rate of ahead) rates.push(rate);
  for (const { key, program: compiled } of posted) programs.set(keyText(...key), compiled);
  answer(request).then(
    (value) => parent.post({ id, value } satisfies Answer, buffersOf(value)),
    (error: unknown) => {
      const { name, message: text } = error instanceof Error ? error : new Error(String(error));
      parent.post({ id, error: { name, message: text } } satisfies Answer);
    },
  );
});
