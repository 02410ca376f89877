// What an experiment of the lecture is: a claim, two sizes to measure it at, and a run that ends with data, a verdict with
// the numbers that carry it, and figures.

/** Small enough for the whole lecture in some minutes, or as large as the claim deserves. */
export type Preset = "quick" | "full";

/** What JSON can hold. Numbers that it cannot hold, such as infinity, are for the experiment to name otherwise. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain };
export type PlainRecord = Readonly<Record<string, Plain>>;

export interface Experiment<Parameters extends PlainRecord = PlainRecord, Data extends PlainRecord = PlainRecord> {
  /** Its row among the lecture's claims: 1 to 18. */
  readonly id: number;
  readonly title: string;
  /** The name of its file, for who wants to read it: "05-empirical-risk.ts". */
  readonly file: string;
  /** What the lecture says, in one sentence. */
  readonly claim: string;
  readonly parameters: Readonly<Record<Preset, Parameters>>;
  /** Other experiments that must be done before, whose data this one reads with `outcomeOf`. */
  readonly needs?: readonly number[];
  /** Whether it looks at the images of CIFAR-10 where they are given; default false. */
  readonly usesCifar?: boolean;
  /**
   * Measures. Yields to the event loop at least a few times a second, so that it can be aborted.
   * @throws what went wrong: that a data set is missing, or the signal's reason
   */
  run(context: Context<Parameters>): AsyncGenerator<Progress, Outcome<Data>, void>;
}

export interface Context<Parameters> {
  readonly parameters: Parameters;
  readonly signal: AbortSignal;
  /** A folder of CIFAR-10's binary files, where one was given. */
  readonly cifar?: string;
  /**
   * A folder, which may have to be made, for what takes long to make again: what a run that was broken off has left there,
   * the next one with the same parameters finds.
   */
  readonly unfinished?: string;
  /** What an experiment named in `needs` found. */
  outcomeOf(id: number): Outcome;
}

export interface Progress {
  /** The share that is done, 0 to 1. */
  readonly done: number;
  /** What is being done, in some words. */
  readonly note?: string;
}

export interface Outcome<Data extends PlainRecord = PlainRecord> {
  /** Everything that is drawn or said. */
  readonly data: Data;
  readonly verdict: Verdict;
  /** At least one. */
  readonly figures: readonly Figure[];
  /** Model, data, seeds and number of runs, in a sentence or two. */
  readonly how: string;
}

export interface Verdict {
  readonly judgement: "supported" | "partly" | "not supported";
  /** Why, in a sentence or two with the numbers in it. */
  readonly why: string;
  readonly numbers: readonly Finding[];
}

export interface Finding {
  readonly name: string;
  readonly value: number;
  /** Of 95 % confidence unless `name` says otherwise. */
  readonly interval?: readonly [low: number, high: number];
  /** How many runs or draws are behind it. */
  readonly runs: number;
  /** What theory or the literature says, where it says something. */
  readonly expected?: number;
}

export interface Figure {
  /** Of its file: letters, digits and hyphens. */
  readonly name: string;
  /** What is drawn, computed on what, with the number of runs. */
  readonly caption: string;
  /** What there is to see, for those who cannot. */
  readonly description: string;
  readonly svg: string;
}
