// Runs a batch method to its end without keeping the host waiting.
import { requireOptions } from "../checks.ts";
import { Course, type CourseOptions } from "./course.ts";
import type { Descent, DescentState } from "./descent.ts";

export interface MinimizeOptions extends Pick<CourseOptions, "signal"> {
  /** Sees every state, the start and the last included. */
  readonly onState?: (state: DescentState) => void;
}

/**
 * The last state of a method, as in `await minimize(lbfgs(objective, theta))`; it rests for the host between iterations.
 */
export async function minimize(descent: Descent, options: MinimizeOptions = {}): Promise<DescentState> {
  requireOptions("minimize", options, ["signal", "onState"]);
  const course = new Course("minimize", options, Number.POSITIVE_INFINITY);
  for (const state of descent) {
    options.onState?.(state);
    if (state.stopped) return state;
    await course.step();
  }
  throw new Error("minimize: the method has ended before; give a new one");
}
