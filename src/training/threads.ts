// How many threads a model gets.
import { processors, threadsObstacle } from "#platform";
import type { BuildName } from "../../bindings/load.ts";
import { show } from "../checks.ts";

/** More than these gain little: a batch is shared out among them, and its sums wait for the slowest. */
const MOST_BY_ITSELF = 8;
/** As many as workers can be started on any machine worth it. */
const MOST = 64;

/**
 * How many of `threads` can share out a model with this loss.
 * @throws where the user asked for that number
 */
export function threadsFor(choice: unknown, threads: number, lossIsMean: () => boolean): number {
  if (threads === 1 || lossIsMean()) return threads;
  return orOne(
    choice,
    threads,
    "the loss gives one number for the whole batch that is not a mean over its examples, so no thread can do a part of it; return one number an example, [batch]",
  );
}

/** One thread and a warning where the number was left to us. @throws where it was not */
function orOne(choice: unknown, wanted: number, obstacle: string): number {
  if (choice !== "auto")
    throw new Error(`createModel: threads: ${wanted} cannot be had: ${obstacle}; or use threads: 1`);
  console.warn(`createModel: threads: "auto" gives one thread: ${obstacle}`);
  return 1;
}

/**
 * @param choice what the user asked for; default 1
 * @param inWorker whether the model will live in a worker of this page
 * @throws where a number was asked for that this host, build or page cannot give
 */
export function chooseThreads(choice: unknown, build: BuildName, inWorker: boolean): number {
  if (choice === undefined) return 1;
  if (choice !== "auto" && !(Number.isSafeInteger(choice) && (choice as number) >= 1 && (choice as number) <= MOST))
    throw new Error(`createModel: threads must be "auto" or a whole number from 1 to ${MOST}, got ${show(choice)}`);
  const wanted = choice === "auto" ? Math.min(processors(), MOST_BY_ITSELF) : (choice as number);
  if (wanted === 1) return 1;
  const obstacle =
    build === "debug" ? 'the debug build runs in one thread; use build: "strict"' : threadsObstacle(inWorker);
  return obstacle === undefined ? wanted : orOne(choice, wanted, obstacle);
}
