// What a training run tells its reader. One run is shown in one of three ways: as a terminal, as lines, as JSON.
import type { Profile } from "thalweg";

export interface Run {
  readonly examples: number;
  readonly testExamples: number;
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  readonly build: string;
  /** As the command's options name it. */
  readonly network: string;
  readonly threads: number;
  readonly version: string;
  /** The network as text, a line per layer. */
  readonly summary: string;
}

export interface StepReport {
  readonly epoch: number;
  readonly loss: number;
  readonly examplesPerSecond: number;
  /** Examples seen so far, over all epochs. */
  readonly seen: number;
}

export interface EpochReport {
  readonly epoch: number;
  /** Mean over the epoch. */
  readonly loss: number;
  /** Since training began. */
  readonly seconds: number;
  readonly examplesPerSecond: number;
  readonly validation?: { readonly loss: number; readonly accuracy?: number };
}

export interface Result {
  readonly testLoss: number;
  /** Where classes are told apart. */
  readonly testAccuracy?: number;
  /** Where a number is predicted: in its own unit, and the share of the variance that is explained. */
  readonly testRmse?: number;
  readonly testR2?: number;
  /** From the first step to the end of the last epoch, with the tests between epochs. */
  readonly seconds: number;
  readonly build: string;
  readonly network: string;
  readonly threads: number;
  /** What one gets by always giving the same answer: the most frequent class, or the mean. */
  readonly baseline: Baseline;
  /** Where the model was kept. */
  readonly checkpoint?: string;
}

export type Baseline =
  | { readonly label: string; readonly accuracy: number }
  | { readonly mean: number; readonly rmse: number };

export interface Display {
  begin(run: Run): void;
  /** Where the time of a step goes, where it was asked for: right after `begin`. `text` is the same as a table. */
  profile(profile: Profile, text: string): void;
  /** Whether step reports are wanted. */
  readonly wantsSteps: boolean;
  /** What the reader should know beside the numbers. */
  note(text: string): void;
  step(report: StepReport): void;
  epoch(report: EpochReport): void;
  end(result: Result): void;
  /** Stopped by the user; `last` is the last whole epoch, if there was one. */
  interrupted(last: EpochReport | undefined, seconds: number): void;
  /** Leaves the terminal in order; called in every case. */
  close(): void;
}
