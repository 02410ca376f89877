// What may look on while a model is fitted, and stop it: plain objects, told of every report before the loop's owner is.
import { requireArray, requireFunction, show } from "../checks.ts";
import type { Report } from "./reports.ts";
import type { Snapshot, SnapshotOptions } from "./snapshot.ts";

/** What callbacks see of a model, here (answers at once) or in a worker (promises). */
export interface FittedModel {
  snapshot(options?: SnapshotOptions): Snapshot | Promise<Snapshot>;
  restore(snapshot: Snapshot): void | Promise<void>;
}

/** A looker-on; all of its parts are optional, and those that return a promise are waited for. */
export interface Callback {
  /** Before the first step. */
  begin?(model: FittedModel): void | Promise<void>;
  /** Every report, before `fit` hands it out; "stop" makes it the last one. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most callbacks return nothing
  report?(report: Report, model: FittedModel): "stop" | void | Promise<"stop" | void>;
  /** When the fit is over, however it ended, also where the `end` of one before it threw: the model may be changed again. */
  end?(model: FittedModel): void | Promise<void>;
}

/** Throws unless `callbacks` is a list of objects whose parts are functions. */
export function requireCallbacks(callbacks: unknown): void {
  if (callbacks === undefined) return;
  requireArray("fit", "callbacks", callbacks);
  for (const callback of callbacks as unknown as readonly Callback[]) {
    if (typeof callback !== "object" || callback === null)
      throw new Error(`fit: callbacks must be objects such as earlyStopping(), got ${show(callback)}`);
    for (const part of ["begin", "report", "end"] as const)
      if (callback[part] !== undefined) requireFunction("fit", `callbacks: ${part}`, callback[part], "report() {}");
  }
}

/** Tells the callbacks of a fit's reports, in their order, and ends it where one of them says so. */
export async function* toldTo<R extends Report>(
  callbacks: readonly Callback[],
  model: FittedModel,
  reports: AsyncGenerator<R, void, void>,
): AsyncGenerator<R, void, void> {
  const failures: unknown[] = [];
  try {
    for (const callback of callbacks) await callback.begin?.(model);
    for await (const report of reports) {
      let stops = false;
      for (const callback of callbacks) if ((await callback.report?.(report, model)) === "stop") stops = true;
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
