// The insides of a model, for what looks into it from other files: instruments that a page which only trains never loads.
import { show } from "../checks.ts";
import type { Blueprint } from "./blueprint.ts";
import type { Engine } from "./engine.ts";

export interface Workings {
  readonly engine: Engine;
  readonly trace: Blueprint["trace"];
}

/** By model; one that lives in a worker has no description to trace. */
export const workings = /* @__PURE__ */ new WeakMap<object, Pick<Workings, "engine"> & Partial<Workings>>();

/** @throws for what is no model of this page: one in a worker has its insides there */
export function workingsOf(call: string, model: object): Workings {
  const found = workings.get(Object(model));
  if (!found?.trace) throw new Error(`${call}: expected a model made by createModel, got ${show(model)}`);
  found.engine.requireAlive(call);
  return found as Workings;
}
