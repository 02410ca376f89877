// What the architectures have in common.
import { requireOptions } from "../../checks.ts";
import { requireCount } from "../layer.ts";

export interface ArchitectureOptions {
  /** Outputs: one logit a class. Default 10. */
  readonly classes?: number;
}

/** The number of classes; throws for other options and for less than one. */
export function classesOf(call: string, options: ArchitectureOptions, more: readonly string[] = []): number {
  requireOptions(call, options, ["classes", ...more]);
  const { classes = 10 } = options;
  requireCount(call, "classes", classes);
  return classes;
}
