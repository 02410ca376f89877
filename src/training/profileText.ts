// Profiles for people: a table, and the trace file that Chrome's viewers read.
import { showShape } from "../graph/tensor.ts";
import type { Profile, ProfileCall } from "./profile.ts";
import { table } from "./table.ts";

/** Calls that the table names one by one. */
const LISTED = 20;

/** A profile as text: time by kernel, then the longest calls, with their rates. */
export function formatProfile({ build, batch, rounds, milliseconds, calls }: Profile): string {
  const kernels = [...new Set(calls.map(({ kernel }) => kernel))]
    .map((kernel) => ({ kernel, list: calls.filter((call) => call.kernel === kernel) }))
    .sort((a, b) => time(b.list) - time(a.list));
  const longest = [...calls].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, LISTED);
  const rest = calls.length - longest.length;
  const head = (...titles: readonly string[]): string[] => [...titles, "ms", "share", "GFLOP/s", "GB/s"];
  return [
    `a step of ${batch} examples, ${build} build: ${milliseconds.toFixed(3)} ms in ${calls.length} kernel calls (medians of ${rounds} rounds)`,
    "",
    ...table(
      [head("kernel", "calls"), ...kernels.map(({ kernel, list }) => [kernel, `${list.length}`, ...figures(list)])],
      [1, 2, 3, 4, 5],
    ),
    "",
    ...table(
      [
        head("longest calls", "program", "makes"),
        ...longest.map((call) => [
          call.kernel,
          call.program,
          `${call.operation} ${showShape(call.shape)}`,
          ...figures([call]),
        ]),
      ],
      [3, 4, 5, 6],
    ),
    ...(rest > 0 ? [`and ${rest} shorter calls: ${percent(calls, longest)}`] : []),
  ].join("\n");
}

const time = (list: readonly ProfileCall[]): number => list.reduce((sum, call) => sum + call.milliseconds, 0);

/** Time, share and rates of some calls together; a rate stands only where it is known of all. */
function figures(list: readonly ProfileCall[]): string[] {
  const ms = time(list);
  const share = list.reduce((sum, call) => sum + call.share, 0);
  const rate = (of: (call: ProfileCall) => number | undefined): string =>
    list.every((call) => of(call) !== undefined)
      ? (list.reduce((sum, call) => sum + (of(call) as number) * call.milliseconds, 0) / ms).toFixed(1)
      : "";
  return [
    ms.toFixed(4),
    `${(100 * share).toFixed(1)} %`,
    rate((call) => call.gflops),
    rate((call) => call.gigabytesPerSecond),
  ];
}

function percent(calls: readonly ProfileCall[], shown: readonly ProfileCall[]): string {
  const share = (list: readonly ProfileCall[]): number => list.reduce((sum, call) => sum + call.share, 0);
  return `${(100 * (share(calls) - share(shown))).toFixed(1)} %`;
}

/**
 * A profile as a trace file for chrome://tracing, Perfetto or speedscope: the calls end to end, each as long as its
 * median, under the program they belong to. Format: "Trace Event Format", complete events ("X"), times in µs.
 */
export function chromeTrace({ calls }: Profile): string {
  const event = (name: string, category: string, ts: number, dur: number, args: object): object => ({
    name,
    cat: category,
    ph: "X",
    ts,
    dur,
    pid: 1,
    tid: 1,
    args,
  });
  const traceEvents: object[] = [];
  let at = 0;
  for (const program of ["train", "update"] as const) {
    const own = calls.filter((call) => call.program === program);
    traceEvents.push(event(program, "program", at, 1e3 * time(own), {}));
    for (const { kernel, operation, shape, milliseconds, share, gflops, gigabytesPerSecond } of own) {
      const makes = `${operation} ${showShape(shape)}`;
      traceEvents.push(event(kernel, program, at, 1e3 * milliseconds, { makes, share, gflops, gigabytesPerSecond }));
      at += 1e3 * milliseconds;
    }
  }
  return JSON.stringify({ traceEvents, displayTimeUnit: "ms" });
}
