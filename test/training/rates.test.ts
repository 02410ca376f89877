// Learning rates behind a snapshot: those that were set stay, schedules go on.
import { expect, test } from "vitest";
import {
  chain, createModel, dense, type Model, meanSquaredError, type Optimizer, parameterGroups, relu, schedules, sgd,
} from "../../src/index.ts"; // biome-ignore format: a list of names

const batch = { x: [1, 2, 3, 4], y: [1, 0] };
const modelOf = (optimizer: Optimizer): Promise<Model> =>
  createModel({ input: [2], network: chain(dense(3), relu(), dense(1)), loss: meanSquaredError(), optimizer, seed: 2 });
/** θ and η after each of so many steps. */
const walk = (model: Model, steps: number): unknown[] =>
  Array.from({ length: steps }, () => {
    model.step(batch);
    return [model.learningRate, model.parameters.slice()];
  });
const cosine = (): Optimizer => sgd({ learningRate: schedules.cosine({ from: 0.5, steps: 20 }) });

test("a model that goes back to a snapshot goes by its schedule again", async () => {
  const model = await modelOf(cosine());
  walk(model, 3);
  const snapshot = model.snapshot();
  const after = walk(model, 5);
  model.learningRate = 0.3;
  walk(model, 2);
  model.restore(snapshot);
  expect(walk(model, 5)).toEqual(after);
});

test("a rate that took a schedule's place stays in its place, though it be the same at that step", async () => {
  const make = (): Promise<Model> =>
    modelOf(sgd({ learningRate: schedules.piecewise([[0, 0.1], [4, 0.01]]) })); // biome-ignore format: pairs
  const model = await make();
  walk(model, 1);
  model.learningRate = 0.1;
  walk(model, 1);
  const other = await make();
  other.restore(model.snapshot());
  expect(walk(other, 6)).toEqual(walk(model, 6));
});

test("groups keep the proportion they were given", async () => {
  const groups = (): Optimizer =>
    parameterGroups(
      [{ where: ({ kind }) => kind === "bias", optimizer: cosine() }],
      sgd({ learningRate: schedules.exponential({ from: 0.1, factor: 0.9 }) }),
    );
  const model = await modelOf(groups());
  walk(model, 3);
  model.learningRate = 0.05;
  walk(model, 5);
  const other = await modelOf(groups());
  other.restore(model.snapshot());
  expect(walk(other, 5)).toEqual(walk(model, 5));
});

test("a schedule at 0 has no proportion: groups stay as they are", async () => {
  const model = await modelOf(
    parameterGroups(
      [{ where: ({ kind }) => kind === "bias", optimizer: sgd({ learningRate: 0.5 }) }],
      sgd({ learningRate: () => 0 }),
    ),
  );
  model.learningRate = 0.01;
  expect(model.snapshot().learningRates).toEqual([0.01, 0.5]);
});

test.each([
  [{ learningRates: [] }, "restore: the snapshot has 0 learning rates, the model 1"],
  [{ learningRates: [-1] }, "restore: learningRates[0] must be in [0,"],
  [{ learningRates: [Number.NaN] }, "restore: learningRates[0] must be in [0,"],
])("%o is refused", async (wrong, message) => {
  const model = await modelOf(cosine());
  expect(() => model.restore({ ...model.snapshot(), ...wrong })).toThrow(message);
});
