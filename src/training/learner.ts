// The steps of a fit on a stream, as an engine does them.

import { size } from "../graph/tensor.ts";
import type { Engine } from "./engine.ts";
import { judge, notFinite, Turns } from "./fit.ts";
import type { Learner, Learning, Learnt } from "./fitStream.ts";
import type { Measured, Metrics } from "./metrics.ts";
import type { Batch, Evaluation, FitOptions } from "./reports.ts";

/** What an engine's fit on a stream calls. */
export function learnerOf<M extends Metrics>(engine: Engine, options: FitOptions<M>): Learner<M> {
  const { validation, metrics, signal } = options;
  const { input, target } = engine.specification;
  const turns = new Turns(engine, signal);
  return {
    input,
    target,
    async turn() {
      if (turns.due) await turns.take();
      turns.check();
    },
    learn: (batch, how) => learn(engine, batch, how),
    async judge() {
      const held = engine.hold("fit: validation", validation as NonNullable<typeof validation>);
      try {
        return (await judge(engine, held, turns, metrics)) as Evaluation & Measured<M>;
      } finally {
        held.release();
      }
    },
  };
}

/** One step on a batch, which may be judged first. @throws as Learner.learn */
export function learn(engine: Engine, batch: Batch, { first, testFirst }: Learning): Learnt {
  const tested = testFirst ? { tested: test(engine, batch) } : undefined;
  const loss = engine.step(batch, "fit", !first);
  if (!Number.isFinite(loss)) {
    const parts = engine.parts(rowsOf(engine, batch), batch.weights !== undefined);
    throw notFinite(engine, loss, "", parts, (part, alone) => engine.fillPart("fit", batch, part, alone));
  }
  return { step: engine.steps, loss, ...tested };
}

const rowsOf = ({ specification: { input } }: Engine, { x }: Batch): number => x.length / size(input);

/** What evaluate would say of a batch. */
function test(engine: Engine, batch: Batch): Evaluation {
  const program = engine.writeBatch("fit", "evaluate", batch);
  program.run();
  const rows = rowsOf(engine, batch);
  const number = (name: string): number => (program.view(name)?.[0] as number | undefined) ?? 0;
  return {
    loss: number("loss") / rows + number("penalty"),
    ...(engine.specification.judges && { accuracy: number("correct") / rows }),
  };
}
