// What row 13 says and draws of what it measured.
import type { Parameters } from "../13-balance.ts";
import { bars, heightOf } from "../chart.ts";
import type { Outcome } from "../experiment.ts";
import { finding, type Mean, meanOf } from "../statistics.ts";
import { judgementOf } from "../verdict.ts";

/** The digit that is rare. */
export const RARE = 9;

/** Of one way to make batches, run by run, in percent; `without`: of its batches, without the rare class. */
export type Found = Readonly<Record<"recall" | "accuracy" | "without", readonly number[]>>;

/** By the ways' names. */
export type Data = { readonly found: Readonly<Record<string, Found>> };

export function outcome(data: Data, parameters: Parameters): Outcome<Data> {
  const { each, rare, judges, batchSize, epochs, learningRate, runs } = parameters;
  const names = Object.keys(data.found);
  const of = (name: string): Found => data.found[name] as Found;
  const mean = (name: string, what: keyof Found): Mean => meanOf(of(name)[what]);
  const gain = (name: string): Mean =>
    meanOf(of(name).recall.map((value, run) => value - (of("as they come").recall[run] as number)));
  const [balanced, weighted, stratified] = [gain("class-balanced"), gain("class weights"), gain("stratified")];
  return {
    data,
    verdict: {
      judgement: judgementOf([balanced.low > 0, weighted.low > 0]),
      why: `Of the class that is 1 in ${Math.round((9 * each + rare) / rare)} the network finds ${mean("as they come", "recall").mean.toFixed(0)} % with batches as they come, ${mean("class-balanced", "recall").mean.toFixed(0)} % with class-balanced ones and ${mean("class weights", "recall").mean.toFixed(0)} % with class weights; batches with each class's share, stratified, change it by ${stratified.mean.toFixed(1)} [${stratified.low.toFixed(1)}, ${stratified.high.toFixed(1)}] %.`,
      numbers: [
        finding("recall of the rare class, class-balanced less as they come, in percent", balanced),
        finding("the same, class weights", weighted),
        finding("the same, stratified", stratified),
        ...names.map((name) => finding(`accuracy over all classes, ${name}, in percent`, mean(name, "accuracy"))),
        ...names.map((name) => finding(`batches without the rare class, ${name}, in percent`, mean(name, "without"))),
      ],
    },
    figures: [
      bars({
        name: "rare-class",
        caption: `The rare class (the digit ${RARE}: ${rare} of ${9 * each + rare} examples of MNIST) and all classes, on ${judges} unseen examples, mean over the last of ${epochs} epochs; means of ${runs} runs with 95 % intervals.`,
        description:
          "For each of four ways to make batches: how much of the rare class is found, and how many examples of all classes are right. Recall is far higher where classes are balanced or weighted, if the claim holds.",
        label: "how batches are made",
        y: { label: "percent", domain: [0, 100] },
        bars: names.flatMap((group) => [
          { group, name: "recall of the rare class", ...heightOf(mean(group, "recall")) },
          { group, name: "accuracy, all classes", ...heightOf(mean(group, "accuracy")) },
        ]),
      }),
    ],
    how: `784-64-10 with ReLU, SGD (rate ${learningRate}, batches of ${batchSize}), seeds 1 to ${runs}: each draws its ${each} examples of nine classes and ${rare} of the tenth from MNIST's training set. Class weights are one over ten times the class's share.`,
  };
}
