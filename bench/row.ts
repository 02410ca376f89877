// One line of the benchmark: ours, the peers of the same run, and what share of the machine that is.
import { type Contestant, checkAgreement, type Library } from "./contest.ts";
import type { Ours } from "./ours.ts";
import { type RaceOptions, race } from "./race.ts";

export interface Row {
  readonly suite:
    | "gemm"
    | "conv"
    | "chain"
    | "optimizers"
    | "data"
    | "science"
    | "step"
    | "threads"
    | "epoch"
    | "size"
    | "start";
  readonly name: string;
  /** Which build of ours ran. */
  readonly build: string;
  /** Milliseconds of ours; absent where the row counts bytes. */
  readonly ms?: number;
  readonly bytes?: number;
  /** The same measure for each peer, from the same run. */
  readonly peers: Readonly<Record<string, number>>;
  /** Peer over ours: above 1, ours is the better. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Multiplications and additions of the products and convolutions, in 10⁹ a second. */
  readonly gflops?: number;
  /** The highest such rate that any loop of this build reached in the same run. */
  readonly ceiling?: number;
  /** 10⁹ bytes a second that its operations read and write at least, where memory sets the pace. */
  readonly gigabytes?: number;
  /** The same of a plain copy as long as the result, in the same run. */
  readonly copy?: number;
  /** gflops / ceiling, or gigabytes / copy */
  readonly share?: number;
  /** Ours over what the name says it is measured by. */
  readonly cost?: number;
  /** Of several threads over one. */
  readonly speedup?: number;
  /** JavaScript heap that 10,000 of our steps took. */
  readonly heapGrowthBytes?: number;
  /** Bytes of examples that went by. */
  readonly streamedBytes?: number;
  /** How much more memory the process held meanwhile than behind the first tenth of them. */
  readonly residentGrowthBytes?: number;
  /** Peers that cannot do this job, and why. */
  readonly without?: Readonly<Record<string, string>>;
  /** What `bytes` is made of. */
  readonly parts?: Readonly<Record<string, number>>;
}

/** Who takes part, the same for every row. */
export interface Arena {
  readonly ours: Ours;
  readonly peers: readonly Library[];
  readonly options: RaceOptions;
  /** 10⁹ bytes of examples that the row of streams takes. */
  readonly gigabytes: number;
}

export interface Event {
  readonly suite: "gemm" | "conv" | "step";
  readonly name: string;
  readonly flops: number;
  /** How far answers may lie apart, relative to the largest. */
  readonly tolerance: number;
  /** The right answer, where it is known. */
  readonly expected?: ArrayLike<number>;
}

/** Checks that all contestants do the same work, then races them and our ceiling loops. */
export async function measure(
  { suite, name, flops, tolerance, expected }: Event,
  contestants: ReadonlyMap<string, Contestant>,
  { ours, options }: Arena,
): Promise<Row> {
  const answers = new Map([...contestants].map(([who, { answer }]) => [who, answer]));
  if (expected) answers.set("the definition", expected);
  checkAgreement(name, answers, tolerance);
  const ceilings = new Map(ours.ceilings.map((ceiling) => [`ceiling ${ceiling.name}`, ceiling]));
  const measured = await race(name, new Map<string, Pick<Contestant, "run">>([...contestants, ...ceilings]), options);

  const own = measured.get(ours.name) as number;
  const gflops = flops / own / 1e6;
  const peaks = [...ceilings].map(([loop, ceiling]) => ceiling.flops / (measured.get(loop) as number) / 1e6);
  // Convolutions count the products of their definition: those that need fewer may pass it.
  const ceiling = Math.max(...peaks);
  const theirs = new Map([...measured].filter(([who]) => who !== ours.name && !ceilings.has(who)));
  return {
    suite,
    name,
    build: ours.build,
    ms: significant(own),
    ...compare(own, theirs),
    gflops: significant(gflops),
    ceiling: significant(ceiling),
    share: significant(gflops / ceiling),
  };
}

export function compare(own: number, theirs: ReadonlyMap<string, number>): Pick<Row, "peers" | "ratios"> {
  return {
    peers: Object.fromEntries([...theirs].map(([peer, value]) => [peer, significant(value)])),
    ratios: Object.fromEntries([...theirs].map(([peer, value]) => [peer, significant(value / own)])),
  };
}

/** Four digits: more would be noise. */
export function significant(value: number): number {
  return Number(value.toPrecision(4));
}

/** Every library's contestant for one job, set up one after another. */
export async function enter(
  { ours, peers }: Arena,
  set: (library: Library) => Promise<Contestant>,
): Promise<Map<string, Contestant>> {
  const contestants = new Map<string, Contestant>();
  for (const library of [ours, ...peers]) contestants.set(library.name, await set(library));
  return contestants;
}
