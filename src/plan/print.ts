// Programs as text: for people, and as fixtures of tests.
import { kernelParameters } from "../../bindings/generated/kernels.ts";
import type { Argument, Program } from "./program.ts";

const place = (argument: Argument): string =>
  typeof argument === "number" ? String(argument) : `${argument.segment}+${argument.offset}`;

/** One line a kernel call, with named arguments; then what lies where. */
export function formatProgram(program: Program): string {
  const calls = program.calls.map((call) => {
    const names = kernelParameters[call.kernel].split(" ");
    return `${call.kernel}(${call.arguments.map((argument, i) => `${names[i]}=${place(argument)}`).join(" ")})`;
  });
  const bindings = (title: string, list: Program["inputs"]): string[] =>
    Object.entries(list).map(([name, b]) => `${title} ${name}: ${b.type}[${b.shape}] at ${place(b)}`);
  return [
    ...bindings("input", program.inputs),
    ...calls,
    ...bindings("output", program.outputs),
    `arena ${program.arenaBytes} bytes, ${program.constants.length} constants`,
  ].join("\n");
}
