// What verdicts are made of besides numbers: the judgement, and shares in words.
import type { Verdict } from "./experiment.ts";

/** Supported where all that a claim says holds, partly where some of it does. */
export const judgementOf = (holds: readonly boolean[]): Verdict["judgement"] =>
  holds.every(Boolean) ? "supported" : holds.some(Boolean) ? "partly" : "not supported";

/** 0.123 is "12.3 %" with one decimal place. */
export const percent = (share: number, places = 0): string => `${(100 * share).toFixed(places)} %`;
