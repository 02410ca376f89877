// Samplers: what decides which examples the batches of an epoch are cut from.
export { type CurriculumOptions, curriculum } from "./curriculum.ts";
export { classBalanced, type ImportanceOptions, importance, weighted, withReplacement } from "./draws.ts";
export type { SamplerOptions } from "./options.ts";
export { reshuffled, sequential, shuffledOnce } from "./orders.ts";
export type { Drawn, EpochContext, Sampler } from "./sampler.ts";
export { stratified } from "./stratified.ts";
