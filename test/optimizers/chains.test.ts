// What goes around optimisers: transforms before them, groups, LAMB's layers, SAM and lookahead.
import { describe, expect, test } from "vitest";
import {
  adagrad,
  adam,
  adamW,
  chain,
  clipByGlobalNorm,
  clipByValue,
  gradientTransform,
  lamb,
  lookahead,
  type Optimizer,
  ops,
  parameterGroups,
  relu,
  sam,
  sgd,
} from "../../src/index.ts";
import { point, rosenbrock, squares, walk } from "./point.ts";

const f = Math.fround;
const norm = (list: ArrayLike<number>): number => Math.hypot(...Array.from(list));
const parts = [
  ["w", "weight", 2],
  ["b", "bias", 1],
  ["v", "weight", 5],
] as const;
const start = [1, -2, 0.5, 3, -1, 0.25, 2, -0.125];

describe("clipping", () => {
  test("by global norm shortens the step to η · norm, in the gradient's direction", async () => {
    // g = 2θ has length 2·√(1 + 4 + 4)
    const [theta] = walk(await point(chain(clipByGlobalNorm(1.5), sgd({ learningRate: 1 })), squares, [1, 2, 2]), 1);
    [1, 2, 2].forEach((x, i) => expect(theta?.[i]).toBeCloseTo(x - (1.5 * x) / 3, 6));
  });
  test("by global norm leaves a gradient that is short enough as it is, to the bit", async () => {
    const plain = walk(await point(adam(), squares, start), 5);
    expect(walk(await point(chain(clipByGlobalNorm(1e3), adam()), squares, start), 5)).toEqual(plain);
  });
  test("by value keeps each number of the gradient within the limit", async () => {
    const [theta] = walk(await point(chain(clipByValue(1), sgd({ learningRate: 0.5 })), squares, [3, -2, 0.25]), 1);
    expect([...(theta as Float32Array)]).toEqual([2.5, -1.5, 0]);
  });
  test("a gradient of zeros moves nothing", async () => {
    const [theta] = walk(await point(chain(clipByGlobalNorm(1), sgd({ learningRate: 1 })), squares, [0, 0]), 1);
    expect([...(theta as Float32Array)]).toEqual([0, 0]);
  });
});

describe("a transform of one's own", () => {
  /** Heavy ball by operations: v = 0.9 v + g. */
  const trace = gradientTransform({
    name: "trace",
    slots: 1,
    byElement: true,
    transform: ({ gradient, slots: [v] }) => {
      const next = ops.add(ops.mul(v as typeof gradient, 0.9), gradient);
      return { gradient: next, slots: [next] };
    },
  });
  test("with a slot does what the kernel's momentum does", async () => {
    const own = walk(await point(chain(trace, sgd({ learningRate: 0.01 })), squares, start), 20);
    const kernel = walk(await point(sgd({ learningRate: 0.01, momentum: 0.9 }), squares, start), 20);
    own.forEach((theta, i) => theta.forEach((x, j) => expect(x).toBeCloseTo(kernel[i]?.[j] as number, 5)));
  });
  test("keeps its slot apart from those of the links behind it", async () => {
    const twice = walk(await point(chain(trace, sgd({ learningRate: 0.01, momentum: 0.5 })), squares, start), 20);
    const [v, b] = [start.map(() => 0), start.map(() => 0)];
    const theta = [...start];
    for (let step = 0; step < 20; step++)
      theta.forEach((x, i) => {
        v[i] = 0.9 * (v[i] as number) + 2 * x;
        b[i] = 0.5 * (b[i] as number) + (v[i] as number);
        theta[i] = x - 0.01 * (b[i] as number);
      });
    theta.forEach((x, i) => expect(twice.at(-1)?.[i]).toBeCloseTo(x, 4));
  });
  test("sees t", async () => {
    const counted = gradientTransform({
      name: "counted",
      slots: 0,
      transform: ({ gradient, step }) => ({ gradient: ops.mul(gradient, ops.mul(step, 0)) }),
    });
    const still = walk(await point(chain(counted, sgd()), squares, start), 2);
    expect(still[1]).toEqual(Float32Array.from(start));
    const slower = gradientTransform({
      name: "slower",
      slots: 0,
      transform: ({ gradient, step }) => ({ gradient: ops.div(gradient, step) }),
    });
    const [first, second] = walk(await point(chain(slower, sgd({ learningRate: 0.25 })), squares, [8]), 2);
    expect([first?.[0], second?.[0]]).toEqual([4, 3]);
  });
  test("chain refuses what is no transform", () => {
    const wrong = chain as (...links: unknown[]) => unknown;
    expect(() => wrong(relu(), sgd())).toThrow('chain: argument 0 is "relu"; before an optimiser come transforms');
    expect(() => wrong(sgd(), sgd())).toThrow('chain: argument 0 is "sgd"');
    expect(() => wrong(sgd(), clipByValue(1))).toThrow("chain: transforms come before the optimiser; put sgd last");
  });
});

test("an optimiser of one's own may give its slots in any order", async () => {
  // Each step moves by the gradients of the two steps before: what a slot held is read before it is overwritten.
  const late: Optimizer = {
    name: "late",
    learningRate: 0.1,
    slots: 2,
    update: ({ theta, gradient, slots: [a, b], learningRate }) => ({
      theta: ops.sub(theta, ops.mul(ops.add(a as typeof theta, b as typeof theta), learningRate)),
      slots: [gradient, a],
    }),
  };
  const path = walk(await point(late, squares, [1, -3]), 5);
  const theta = [1, -3];
  let [a, b] = [
    [0, 0],
    [0, 0],
  ];
  for (const seen of path) {
    const g = theta.map((x) => 2 * x);
    theta.forEach((x, i) => {
      theta[i] = x - 0.1 * ((a[i] as number) + (b[i] as number));
    });
    [a, b] = [g, a];
    theta.forEach((x, i) => expect(seen[i]).toBeCloseTo(x, 5));
  }
});

describe("groups", () => {
  test('"weights" alone decay by one word', async () => {
    const all = walk(await point(adamW({ weightDecay: 0.5 }), squares, start, { parts }), 3);
    const none = walk(await point(adamW({ weightDecay: 0 }), squares, start, { parts }), 3);
    const weights = walk(await point(adamW({ weightDecay: 0.5, decays: "weights" }), squares, start, { parts }), 3);
    weights.forEach((theta, step) => theta.forEach((x, i) => expect(x).toBe((i === 2 ? none : all)[step]?.[i])));
    expect(all[0]?.[2]).not.toBe(none[0]?.[2]);
  });
  test("each has its own optimiser and rate; what is frozen stays", async () => {
    const grouped = parameterGroups(
      [
        { where: ({ kind }) => kind === "bias", optimizer: "frozen" },
        { where: ({ name }) => name.endsWith("v"), optimizer: adam({ learningRate: 0.05 }) },
      ],
      sgd({ learningRate: 0.1, momentum: 0.9 }),
    );
    const path = walk(await point(grouped, squares, start, { parts }), 10);
    const bySgd = walk(await point(sgd({ learningRate: 0.1, momentum: 0.9 }), squares, start), 10);
    const byAdam = walk(await point(adam({ learningRate: 0.05 }), squares, start), 10);
    path.forEach((theta, step) =>
      theta.forEach((x, i) => expect(x).toBe(i < 2 ? bySgd[step]?.[i] : i === 2 ? start[2] : byAdam[step]?.[i])),
    );
  });
  test("a rate that is set takes the groups' along in proportion", async () => {
    const grouped = parameterGroups(
      [{ where: ({ kind }) => kind === "bias", optimizer: sgd({ learningRate: 0.2 }) }],
      sgd({ learningRate: 0.1 }),
    );
    const model = await point(grouped, squares, start, { parts });
    model.learningRate = 0.01;
    const [theta] = walk(model, 1);
    expect(theta?.[0]).toBe(f(1 - f(f(0.01) * 2)));
    expect(theta?.[2]).toBeCloseTo(0.5 - 0.02 * 1, 7);
  });
  test("refuse what must go around all of them", () => {
    const where = (): boolean => true;
    expect(() => parameterGroups([{ where, optimizer: sam(sgd()) }], sgd())).toThrow("put it around all groups");
    const inner = parameterGroups([{ where, optimizer: sgd() }], sgd());
    expect(() => parameterGroups([], inner)).toThrow("list all groups in one parameterGroups");
    expect(() => parameterGroups([{ where, optimizer: adagrad({ initialAccumulator: 0.1 }) }], sgd())).toThrow(
      "parameterGroups: adagrad cannot be a group's: what groups keep begins with 0, not with [0.1]; leave out such as",
    );
    expect(() => parameterGroups([{ where: 1 as never, optimizer: sgd() }], sgd())).toThrow("where must be a function");
  });
});

test("lamb steps as far in each layer as the layer is long", async () => {
  const [eta, b1, b2, epsilon, decay] = [0.1, 0.9, 0.999, 1e-6, 0.01];
  const theta = [...start];
  const m = theta.map(() => 0);
  const v = theta.map(() => 0);
  const path = walk(await point(lamb({ learningRate: eta, weightDecay: decay }), squares, start, { parts }), 20);
  path.forEach((seen, step) => {
    const t = step + 1;
    const u = theta.map((x, i) => {
      m[i] = b1 * (m[i] as number) + (1 - b1) * 2 * x;
      v[i] = b2 * (v[i] as number) + (1 - b2) * 4 * x * x;
      return (m[i] as number) / (1 - b1 ** t) / (Math.sqrt((v[i] as number) / (1 - b2 ** t)) + epsilon) + decay * x;
    });
    let offset = 0;
    for (const [, , size] of parts) {
      const ratio = norm(theta.slice(offset, offset + size)) / norm(u.slice(offset, offset + size));
      for (let i = offset; i < offset + size; i++) (theta[i] as number) -= eta * ratio * (u[i] as number);
      offset += size;
    }
    theta.forEach((x, i) => expect(seen[i]).toBeCloseTo(x, 4));
  });
});

test("sam descends by the gradient from up the hill", async () => {
  const [eta, radius] = [0.001, 0.05];
  const gradient = ([x, y]: readonly number[]): number[] => {
    const valley = (y as number) - (x as number) ** 2;
    return [-2 * (1 - (x as number)) - 400 * (x as number) * valley, 200 * valley];
  };
  const path = walk(await point(sam(sgd({ learningRate: eta }), { radius }), rosenbrock, [-1.2, 1]), 50);
  let theta = [-1.2, 1];
  for (const seen of path) {
    const g = gradient(theta);
    const up = gradient(theta.map((x, i) => x + (radius * (g[i] as number)) / norm(g)));
    theta = theta.map((x, i) => x - eta * (up[i] as number));
    theta.forEach((x, i) => expect(seen[i]).toBeCloseTo(x, 4));
  }
});

test("lookahead pulls the slow weights after the fast ones, and begins where the model is", async () => {
  const path = walk(
    await point(lookahead(sgd({ learningRate: 0.1 }), { every: 3, slowStep: 0.5 }), squares, [4, -1]),
    7,
  );
  let [fast, slow] = [4, 4];
  path.forEach((theta, step) => {
    fast *= 0.8;
    if ((step + 1) % 3 === 0) fast = slow = slow + 0.5 * (fast - slow);
    expect(theta[0]).toBeCloseTo(fast, 6);
    expect(theta[1]).toBeCloseTo(-fast / 4, 6);
  });
});

test("adagrad with optax's first sum gives the values of its documentation", async () => {
  const path = walk(await point(adagrad({ learningRate: 1, initialAccumulator: 0.1 }), squares, [1, 2, 3]), 5);
  expect(path.map((theta) => Number(theta.reduce((sum, x) => sum + x * x, 0).toPrecision(3)))).toEqual([
    5.01, 2.4, 1.25, 0.686, 0.385,
  ]);
});

test.each<[string, Optimizer]>([
  ["lamb", lamb({ learningRate: 0.02 })],
  ["sam", sam(adam({ learningRate: 0.02 }), { radius: 1e-3 })],
  ["lookahead", lookahead(adam({ learningRate: 0.05 }))],
  ["clipped", chain(clipByGlobalNorm(1), adamW({ learningRate: 0.02, weightDecay: 0 }))],
  [
    "all of them",
    chain(clipByValue(2), clipByGlobalNorm(1), lookahead(sam(adam({ learningRate: 0.05 }), { radius: 1e-3 }))),
  ],
])(
  "%s gets to the bottom of a quadratic and of Rosenbrock's valley, with equal bits in strict and debug",
  async (_, made) => {
    const falling = { ...made, learningRate: (step: number) => (made.learningRate as number) * (1 - step / 6000) };
    const bottoms = [
      [squares, [1, -2, 3], 0],
      [rosenbrock, [-1.2, 1], 1],
    ] as const;
    for (const [objective, from, bottom] of bottoms) {
      const last = walk(await point(falling, objective, from), 6000).at(-1) as Float32Array;
      expect(norm(last.map((x) => x - bottom))).toBeLessThan(0.08);
      const few = await Promise.all(
        (["strict", "debug"] as const).map(async (build) => walk(await point(made, objective, from, { build }), 12)),
      );
      expect(few[1]).toEqual(few[0]);
    }
  },
);
