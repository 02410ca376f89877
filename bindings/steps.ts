// Kernel calls with numbers for addresses: what a program becomes before it runs, in this thread or in another.
import type { Kernels } from "./load.ts";

type Kernel = (...list: number[]) => void;

/** One kernel call, resolved. */
export interface ResolvedCall {
  readonly kernel: string;
  readonly numbers: readonly number[];
}

/** Kernels that do nothing but write down in `calls` how they are called. */
export const recorder = (calls: ResolvedCall[]): Kernels =>
  new Proxy({} as Kernels, {
    get:
      (_, kernel: string) =>
      (...numbers: number[]): void => {
        calls.push({ kernel, numbers });
      },
  });

/** One kernel call. Fixed fields, so that every step has the same shape and a run allocates nothing. */
export class Step {
  constructor(
    readonly call: Kernel,
    readonly count: number,
    readonly a: number,
    readonly b: number,
    readonly c: number,
    readonly d: number,
    readonly e: number,
    readonly f: number,
    readonly g: number,
    readonly h: number,
    readonly i: number,
    readonly j: number,
    readonly k: number,
    readonly l: number,
    readonly m: number,
    readonly n: number,
  ) {}
}
/** Arguments of a step; longer lists are bound. */
const MOST = 14;

/** Throws for a kernel there is not. */
export function prepareSteps(kernels: Kernels, calls: readonly ResolvedCall[]): Step[] {
  const table = kernels as unknown as Readonly<Record<string, Kernel>>;
  return calls.map(({ kernel, numbers }) => {
    const call = table[kernel];
    if (!call) throw new Error(`program: there is no kernel ${kernel}`);
    // Bound to its numbers, a call takes some 50 ns more: kernels with so many run a thousand times as long.
    if (numbers.length > MOST)
      return new Step(call.bind(null, ...numbers), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0, k = 0, l = 0, m = 0, n = 0] = numbers;
    return new Step(call, numbers.length, a, b, c, d, e, f, g, h, i, j, k, l, m, n);
  });
}

/** Every call, in order. @param progress counts them in its first word, for those who wait */
export function runSteps(steps: readonly Step[], progress?: Int32Array): void {
  for (let at = 0; at < steps.length; at++) {
    const s = steps[at] as Step;
    if (progress !== undefined) progress[0] = (progress[0] as number) + 1;
    // By the length of the list: a call with surplus arguments goes through an adaptor.
    if (s.count <= 4) s.call(s.a, s.b, s.c, s.d);
    else if (s.count <= 9) s.call(s.a, s.b, s.c, s.d, s.e, s.f, s.g, s.h, s.i);
    else s.call(s.a, s.b, s.c, s.d, s.e, s.f, s.g, s.h, s.i, s.j, s.k, s.l, s.m, s.n);
  }
}
