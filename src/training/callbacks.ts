// What may look on while a model is fitted, and stop it: plain objects, told of every report before the loop's owner is.
import { requireArray, requireFunction, show } from "../checks.ts";
import type { Report } from "./reports.ts";
import type { CallbackState, Snapshot, SnapshotOptions } from "./snapshot.ts";

/** What callbacks see of a model, here (answers at once) or in a worker (promises). */
export interface FittedModel {
  snapshot(options?: SnapshotOptions): Snapshot | Promise<Snapshot>;
  restore(snapshot: Snapshot): void | Promise<void>;
  setLearningRate(value: number): void | Promise<void>;
}

/** A looker-on; all of its parts are optional, and those that return a promise are waited for. */
export interface Callback {
  /** Before the first step. */
  begin?(model: FittedModel): void | Promise<void>;
  /** Every report, before `fit` hands it out; "stop" makes it the last one. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most callbacks return nothing
  report?(report: Report, model: FittedModel): "stop" | void | Promise<"stop" | void>;
  /** When all callbacks have been told of a report: what a snapshot says of them is now as it is behind it. */
  settled?(report: Report, model: FittedModel): void | Promise<void>;
  /** When the fit is over, however it ended, also where the `end` of one before it threw: the model may be changed again. */
  end?(model: FittedModel): void | Promise<void>;
  /** What tells its state from those of others in a snapshot; needed where there is one. */
  readonly name?: string;
  /**
   * What it must know again to go on as if the fit had never stopped: plain data, in which vectors may be Float32Arrays. Part
   * of every snapshot that is taken during a fit.
   */
  state?(): unknown;
  /** Goes on from such a state, behind `begin`, where a fit is resumed; "stop": it had ended there. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most callbacks return nothing
  restore?(state: unknown): "stop" | void;
}

/** Throws unless `callbacks` is a list of objects whose parts are functions. */
export function requireCallbacks(callbacks: unknown): void {
  if (callbacks === undefined) return;
  requireArray("fit", "callbacks", callbacks);
  for (const callback of callbacks as unknown as readonly Callback[]) {
    if (typeof callback !== "object" || callback === null)
      throw new Error(`fit: callbacks must be objects such as earlyStopping(), got ${show(callback)}`);
    for (const part of ["begin", "report", "settled", "end", "state", "restore"] as const)
      if (callback[part] !== undefined) requireFunction("fit", `callbacks: ${part}`, callback[part], "report() {}");
    if (callback.state && (typeof callback.name !== "string" || !callback.restore))
      throw new Error("fit: a callback with state() needs a name, and restore(state) to go on from it");
  }
}

/** A snapshot that says where the callbacks of its fit stand. */
export function withStates<S extends Snapshot>(snapshot: S, callbacks: readonly Callback[]): S {
  const states = callbacks.flatMap((callback): CallbackState[] => {
    const state = callback.state?.();
    return state === undefined ? [] : [{ name: callback.name as string, state }];
  });
  return snapshot.fit && states.length > 0 ? { ...snapshot, fit: { ...snapshot.fit, callbacks: states } } : snapshot;
}

/**
 * Tells the callbacks of a fit's reports, in their order, and ends it where one of them says so.
 * @param from whether they go on from where the model's snapshot says they stood
 */
export async function* toldTo<R extends Report>(
  callbacks: readonly Callback[],
  model: FittedModel,
  reports: AsyncGenerator<R, void, void>,
  from: boolean | undefined,
): AsyncGenerator<R, void, void> {
  const failures: unknown[] = [];
  try {
    const states = [...((from && (await model.snapshot({ copy: false })).fit?.callbacks) || [])];
    let stops = false;
    for (const callback of callbacks) {
      await callback.begin?.(model);
      const at = states.findIndex(({ name }) => callback.restore && name === callback.name);
      if (at >= 0 && callback.restore?.(states.splice(at, 1)[0]?.state) === "stop") stops = true;
    }
    if (stops) return;
    for await (const report of reports) {
      for (const callback of callbacks) if ((await callback.report?.(report, model)) === "stop") stops = true;
      for (const callback of callbacks) await callback.settled?.(report, model);
      yield report;
      if (stops) return;
    }
  } catch (error) {
    failures.push(error);
  } finally {
    // Also where a callback threw before the first step.
    await inTurn([() => reports.return(), ...callbacks.map((callback) => () => callback.end?.(model))], failures);
  }
}

/** Does each thing, also behind those that fail. @throws the first of all failures, behind the last */
async function inTurn(things: readonly (() => unknown)[], failures: unknown[]): Promise<void> {
  for (const thing of things)
    try {
      await thing();
    } catch (error) {
      failures.push(error);
    }
  if (failures.length > 0) throw failures[0];
}
