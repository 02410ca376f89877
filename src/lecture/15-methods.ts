// The methods of row 15: with the constants that theory has for quadratics, and as they are set on networks.
import type { Objective } from "thalweg";
import {
  type Descent,
  gradientDescent,
  heavyBall,
  lbfgs,
  nesterov,
  newtonCG,
  nonlinearConjugateGradient,
  type StoppingOptions,
} from "thalweg/science";

type Method = (f: Objective, start: Float32Array, options: StoppingOptions) => Descent;

interface OnQuadratics {
  readonly formula: string;
  /** The factor by which an iteration shortens the gradient. @param root √κ */
  readonly rate: (kappa: number, root: number) => number;
  readonly method: (kappa: number, root: number) => Method;
}

/** With the constants that are best on a quadratic with eigenvalues from 1 to κ. */
export const onQuadratics: Readonly<Record<string, OnQuadratics>> = {
  "gradient descent": {
    formula: "(κ−1)/(κ+1)",
    rate: (kappa) => (kappa - 1) / (kappa + 1),
    method: (kappa) => (f, start, options) => gradientDescent(f, start, { learningRate: 2 / (kappa + 1), ...options }),
  },
  Nesterov: {
    formula: "1−1/√κ",
    rate: (_, root) => 1 - 1 / root,
    method: (kappa, root) => (f, start, options) =>
      nesterov(f, start, { learningRate: 1 / kappa, momentum: (root - 1) / (root + 1), ...options }),
  },
  "heavy ball": {
    formula: "(√κ−1)/(√κ+1)",
    rate: (_, root) => (root - 1) / (root + 1),
    method: (_, root) => (f, start, options) => {
      const [learningRate, momentum] = [4 / (root + 1) ** 2, ((root - 1) / (root + 1)) ** 2];
      return heavyBall(f, start, { learningRate, momentum, ...options });
    },
  },
};

/** On a network; η = 1/λ_max where a method needs one. */
export const onNetworks: Readonly<Record<string, (learningRate: number) => Method>> = {
  "gradient descent": (learningRate) => (f, start, options) => gradientDescent(f, start, { learningRate, ...options }),
  "heavy ball": (learningRate) => (f, start, options) =>
    heavyBall(f, start, { learningRate, momentum: 0.9, ...options }),
  Nesterov: (learningRate) => (f, start, options) => nesterov(f, start, { learningRate, momentum: 0.9, ...options }),
  "conjugate gradients": () => nonlinearConjugateGradient,
  "L-BFGS": () => lbfgs,
  "Newton-CG": () => newtonCG,
};

/** What batches are for beside them. */
export const BATCH = 32;
export const stochastic = `SGD, batches of ${BATCH}`;
export const curved = `L-BFGS, batches of ${BATCH}`;
