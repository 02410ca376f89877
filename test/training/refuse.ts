// Tools for tests of bad input: what a refusal must be, and that it leaves a model as it was.
import { expect } from "vitest";
import {
  arrayDataset,
  chain,
  createModel,
  crossEntropy,
  dense,
  dropout,
  type Model,
  type ModelOptions,
  relu,
  sgd,
} from "../../src/index.ts";
import { numbers } from "../nn/net.ts";

export const options: ModelOptions = {
  input: [4],
  network: chain(dense(5), relu(), dropout(0.2), dense(3)),
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  seed: 3,
  build: "strict",
};
export const labels = (size: number): Int32Array => Int32Array.from({ length: size }, (_, i) => i % 3);
export const data = arrayDataset({ x: numbers(40, 1), y: labels(10), shape: [4] });
export const batch = { x: numbers(8, 2), y: [2, 0] };

/** Anything, where a type allows little. */
// biome-ignore lint/suspicious/noExplicitAny: that is its point
export const any = (value: unknown): any => value;

/** A plain Error, not one of the engine's own, whose message has the parts it must. */
export async function expectRefusal(call: () => unknown, says: string | RegExp): Promise<void> {
  let error: unknown;
  let value: unknown;
  try {
    value = await call();
  } catch (caught) {
    error = caught;
  }
  expect(error, `accepted: ${JSON.stringify(value)}`).toBeInstanceOf(Error);
  const { name, message } = error as Error;
  expect(message).toMatch(says);
  expect(name).toBe("Error");
}

/** What can be seen of a model. */
export const stateOf = (model: Model): unknown => ({
  theta: model.parameters.slice(),
  learningRate: model.learningRate,
  steps: model.steps,
});

/** A model, and a test that all that was asked of it since has left it as it was: it goes on as an untouched one does. */
export async function guarded(
  more: Partial<ModelOptions> = {},
): Promise<{ readonly model: Model; intact(): Promise<void> }> {
  const [model, twin] = [await createModel({ ...options, ...more }), await createModel({ ...options, ...more })];
  return {
    model,
    async intact() {
      expect(stateOf(model)).toEqual(stateOf(twin));
      if (!more.loss)
        for (const each of [model, twin]) {
          each.step(batch);
          for await (const _ of each.fit(data, { batchSize: 3 }));
        }
      expect(stateOf(model)).toEqual(stateOf(twin));
    },
  };
}
