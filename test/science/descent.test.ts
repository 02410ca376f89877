// Batch methods: rates that theory gives, PyTorch's L-BFGS, every method on every function, and when they stop.
import { describe, expect, test } from "vitest";
import { arrayDataset, chain, crossEntropy, dense, l2, ops, tanh } from "../../src/index.ts";
import {
  beale,
  type Descent,
  type DescentState,
  datasetObjective,
  functionObjective,
  gradientDescent,
  heavyBall,
  himmelblau,
  lbfgs,
  minimize,
  nesterov,
  newtonCG,
  nonlinearConjugateGradient,
  type Objective,
  quadratic,
  ravine,
  rosenbrock,
  type StoppingOptions,
  saddle,
} from "../../src/science/index.ts";
import torch from "../golden/reference.json" with { type: "json" };
import { netOf, norm, numbers } from "../nn/net.ts";

const last = (descent: Descent): DescentState => [...descent].at(-1) as DescentState;

describe("rates on quadratics", () => {
  /** How much nearer the minimum, the origin, an iteration comes: over the iterations from `from` to `to`. */
  const rate = (descent: Descent, from: number, to: number): number => {
    const lengths = [...descent].map(({ theta }) => norm(theta));
    return ((lengths[to] as number) / (lengths[from] as number)) ** (1 / (to - from));
  };
  const kappa = 100;
  const spectrum = Array.from({ length: 20 }, (_, i) => kappa ** (i / 19));
  const until = (maxIterations: number): StoppingOptions => ({ maxIterations, gradientTolerance: 0 });

  test("gradient descent: (κ − 1)/(κ + 1) with η = 2/(L + μ)", async () => {
    const f = await quadratic(spectrum, { seed: 1 });
    const measured = rate(gradientDescent(f, f.start, { ...until(600), learningRate: 2 / (kappa + 1) }), 300, 600);
    const theory = (kappa - 1) / (kappa + 1);
    // What is lost an iteration, 1 − rate, within 2 %: a far sharper test than the rate within 2 %.
    expect((1 - measured) / (1 - theory)).toBeGreaterThan(0.98);
    expect((1 - measured) / (1 - theory)).toBeLessThan(1.02);
  });

  test("heavy ball: (√κ − 1)/(√κ + 1) with the best η and β", async () => {
    const f = await quadratic(spectrum);
    const theory = (Math.sqrt(kappa) - 1) / (Math.sqrt(kappa) + 1);
    const measured = rate(
      heavyBall(f, f.start, {
        ...until(300),
        learningRate: 4 / (Math.sqrt(kappa) + 1) ** 2,
        momentum: theory ** 2,
      }),
      100,
      300,
    );
    // The ends of the spectrum are damped critically: their errors fall as t·ρᵗ, so that (300/100)^(1/200) is 0.5 %.
    expect(measured / theory).toBeGreaterThan(1);
    expect(measured / theory).toBeLessThan(1.02);
  });

  test("Nesterov: 1 − 1/√κ with η = 1/L and β = (√κ − 1)/(√κ + 1)", async () => {
    const f = await quadratic(spectrum);
    const root = Math.sqrt(kappa);
    const measured = rate(
      nesterov(f, f.start, { ...until(500), learningRate: 1 / kappa, momentum: (root - 1) / (root + 1) }),
      200,
      500,
    );
    expect(measured / (1 - 1 / root)).toBeGreaterThan(0.98);
    expect(measured / (1 - 1 / root)).toBeLessThan(1.02);
  });

  test("conjugate gradients need about as many iterations as there are different eigenvalues", async () => {
    const f = await quadratic([1, 1, 1, 10, 10, 10, 100, 100, 100], { seed: 2 });
    const { iteration, stopped } = last(nonlinearConjugateGradient(f, f.start, { gradientTolerance: 1e-4 }));
    expect(stopped).toBe("gradient");
    // Three with exact searches.
    expect(iteration).toBeLessThan(20);
    expect(
      last(gradientDescent(f, f.start, { lineSearch: "armijo", gradientTolerance: 1e-4 })).iteration,
    ).toBeGreaterThan(40);
  });

  test("Newton-CG: the gradient falls quadratically near a minimum", async () => {
    // ∇ = e^θ − 1: the Newton step leaves θ²/2.
    const f = await functionObjective(3, (theta) => ops.sum(ops.sub(ops.exp(theta), theta)));
    const norms = [...newtonCG(f, Float32Array.of(0.9, 0.7, 0.5), { gradientTolerance: 1e-6 })].map(
      (s) => s.gradientNorm,
    );
    expect(norms.length).toBeLessThan(8);
    const [a, b] = norms.filter((value) => value < 0.5 && value > 1e-4) as [number, number];
    expect(b).toBeLessThan(2 * a ** 1.5);
    expect(norms.at(-1)).toBeLessThan(1e-6);
  });
});

describe("L-BFGS on Rosenbrock's function", () => {
  test("passes the points of PyTorch's, by as many evaluations", async () => {
    const golden = torch.optimizers.lbfgs_lr1_strong_wolfe_hist10;
    const f = await rosenbrock({ build: "strict" });
    const states = [...lbfgs(f, f.start, { gradientTolerance: 1e-7 })];
    const [x, y, loss] = golden.steps["1"] as [number, number, number];
    // A call of PyTorch's step ends after 25 evaluations.
    const first = states.find(({ evaluations }) => evaluations === 25) as DescentState;
    // f32 rounds 1e-7 an iteration; the valley's walls (curvature 1000) amplify it over nineteen of them.
    expect(first.theta[0]).toBeCloseTo(x, 3);
    expect(first.theta[1]).toBeCloseTo(y, 3);
    expect(first.loss).toBeCloseTo(loss, 3);
    const end = states.at(-1) as DescentState;
    expect(end.theta[0]).toBeCloseTo(golden.steps["3"]?.[0] as number, 5);
    expect(end.theta[1]).toBeCloseTo(golden.steps["3"]?.[1] as number, 5);
    expect(end.loss).toBeLessThan(1e-11);
    expect(Math.abs(end.evaluations - golden.closure_evals_3_steps)).toBeLessThanOrEqual(3);
  });
});

describe("every method", () => {
  type Method = (objective: Objective, start: Float32Array, options?: StoppingOptions) => Descent;
  const methods: Readonly<Record<string, Method>> = {
    "gradient descent, Armijo": (f, start, more) => gradientDescent(f, start, { lineSearch: "armijo", ...more }),
    "gradient descent, strong Wolfe": (f, start, more) =>
      gradientDescent(f, start, { lineSearch: "strongWolfe", ...more }),
    "conjugate gradients, Polak and Ribière": nonlinearConjugateGradient,
    "conjugate gradients, Fletcher and Reeves": (f, start, more) =>
      nonlinearConjugateGradient(f, start, { formula: "fletcherReeves", ...more }),
    "conjugate gradients, Hestenes and Stiefel": (f, start, more) =>
      nonlinearConjugateGradient(f, start, { formula: "hestenesStiefel", ...more }),
    lbfgs,
    newtonCG,
  };
  const functions = { rosenbrock, beale, himmelblau, ravine, saddle };
  test.each(
    Object.entries(methods).flatMap(([name, method]) =>
      Object.entries(functions).map(([of, make]) => [name, of, method, make] as const),
    ),
  )("%s finds a minimum of %s and never goes up", async (_name, _of, method, make) => {
    const f = await make();
    const states = [...method(f, f.start, { maxIterations: 20000, gradientTolerance: 2e-3 })];
    const end = states.at(-1) as DescentState;
    const off = Math.min(...f.minima.map((at) => norm(end.theta.map((value, i) => value - (at[i] as number)))));
    // ‖θ − θ*‖ ≤ ‖g‖/λ_min near a minimum, and Beale's λ_min is 0.27
    expect(off, `${end.theta} after ${end.iteration}, ${end.stopped}`).toBeLessThan(1e-2);
    states.slice(1).forEach((state, i) => {
      const before = states[i] as DescentState;
      expect(state.loss).toBeLessThanOrEqual(before.loss + 1e-6 * Math.abs(before.loss));
      expect(state.evaluations).toBeGreaterThan(before.evaluations - 1);
    });
  });

  test("with fixed steps: momentum goes faster down a ravine", async () => {
    const f = await ravine(100);
    const options = { learningRate: 0.01, gradientTolerance: 1e-3 };
    const plain = last(gradientDescent(f, f.start, options)).iteration;
    const ball = last(heavyBall(f, f.start, { ...options, momentum: 0.9 })).iteration;
    const ahead = last(nesterov(f, f.start, { ...options, momentum: 0.9 })).iteration;
    expect(ball).toBeLessThan(plain / 3);
    expect(ahead).toBeLessThan(plain / 3);
  });

  test("L-BFGS and Newton-CG take a network on a whole data set to a gradient of 1e-3", async () => {
    const network = chain(dense(6), tanh(), dense(3));
    const model = await netOf([2], network, { loss: crossEntropy(), regularizer: l2(0.01) });
    const x = numbers(200 * 2, 3);
    const y = Int32Array.from(
      { length: 200 },
      (_, i) => Number((x[2 * i] as number) > 0) + Number((x[2 * i + 1] as number) > 0.3),
    );
    const objective = datasetObjective(model, arrayDataset({ x, y, shape: [2] }), { batchSize: 100 });
    for (const method of [lbfgs, newtonCG]) {
      const states = [...method(objective, model.parameters, { gradientTolerance: 1e-3, maxIterations: 400 })];
      expect((states.at(-1) as DescentState).loss).toBeLessThan((states[0] as DescentState).loss - 0.3);
      expect((states.at(-1) as DescentState).stopped).toBe("gradient");
    }
  });
});

describe("stopping", () => {
  test("by each rule, saying which", async () => {
    const f = await rosenbrock();
    const by = (options: StoppingOptions): DescentState => last(lbfgs(f, f.start, options));
    expect(by({ maxIterations: 3 })).toMatchObject({ stopped: "iterations", iteration: 3 });
    const few = by({ maxEvaluations: 10 });
    expect(few.stopped).toBe("evaluations");
    expect(few.evaluations).toBeGreaterThanOrEqual(10);
    expect(by({ gradientTolerance: 1 })).toMatchObject({ stopped: "gradient" });
    expect(by({ lossTolerance: 0.1 })).toMatchObject({ stopped: "loss" });
    expect(by({ stepTolerance: 0.05 })).toMatchObject({ stopped: "step" });
    // A gradient that leads up: no search finds anything lower.
    const lying: Objective = {
      ...f,
      gradient(theta, out) {
        const loss = f.gradient(theta, out);
        out.set(out.map((value) => -value));
        return loss;
      },
    };
    for (const method of [lbfgs, newtonCG, nonlinearConjugateGradient])
      expect(last(method(lying, f.start))).toMatchObject({ stopped: "no progress", iteration: 0 });
    expect([...lbfgs(f, Float32Array.of(1, 1))]).toHaveLength(1);
  });

  test("states keep their own θ, count truly, and tell how far an iteration went", async () => {
    const f = await rosenbrock();
    let calls = 0;
    const counting: Objective = {
      ...f,
      gradient(theta, out) {
        calls++;
        return f.gradient(theta, out);
      },
    };
    const start = f.start.slice();
    const states = [...newtonCG(counting, start)];
    expect(states[0]?.theta).toEqual(f.start);
    expect(start).toEqual(f.start);
    expect(states.at(-1)?.evaluations).toBe(calls);
    const [a, b] = states as [DescentState, DescentState];
    expect(b.step).toBeCloseTo(norm(b.theta.map((value, i) => value - (a.theta[i] as number))), 6);
    expect(b.products).toBeGreaterThan(0);
  });

  test("what diverges is said to, with the remedy", async () => {
    const f = await quadratic([1, 100]);
    expect(() => last(gradientDescent(f, f.start, { learningRate: 1 }))).toThrow(
      /gradientDescent: the loss is (Infinity|NaN) at iteration \d+; take a smaller learning rate/,
    );
  });

  test("bad input is refused before anything is computed", async () => {
    const f = await rosenbrock();
    expect(() => lbfgs(f, Float32Array.of(Number.NaN, 1))).toThrow("lbfgs: start[0] = NaN is not finite");
    expect(() => lbfgs(f, new Float32Array(3))).toThrow("start must be a Float32Array of 2 numbers, got 3");
    expect(() => lbfgs(f, f.start, { history: 0 })).toThrow("history must be a whole number ≥ 1");
    expect(() => heavyBall(f, f.start, { momentum: 1 })).toThrow("momentum must be in [0, 1), got 1");
    expect(() => gradientDescent(f, f.start, { lineSearch: "exact" as never })).toThrow("lineSearch must be");
    expect(() => newtonCG(f, f.start, { radius: -1 })).toThrow("radius must be a finite number > 0");
    expect(() => nesterov(f, f.start, { gradientTolerance: -1 })).toThrow("gradientTolerance must be a number ≥ 0");
    expect(() => lbfgs(f, f.start, { memory: 1 } as never)).toThrow('unknown option "memory"');
  });

  test("minimize gives the last state, shows all, and can be broken off", async () => {
    const f = await rosenbrock();
    const seen: number[] = [];
    const end = await minimize(lbfgs(f, f.start), { onState: ({ iteration }) => seen.push(iteration) });
    expect(end.stopped).toBe("gradient");
    expect(seen).toEqual(Array.from({ length: end.iteration + 1 }, (_, i) => i));
    const controller = new AbortController();
    await expect(
      minimize(gradientDescent(f, f.start, { learningRate: 1e-4 }), {
        signal: controller.signal,
        onState: ({ iteration }) => iteration === 5 && controller.abort(new Error("enough")),
      }),
    ).rejects.toThrow("enough");
  });
});
