// The lecture's experiments, in its order. A new one is a file and a line here.
import { learning } from "./01-learning.ts";
import { composition } from "./02-composition.ts";
import { biasVariance } from "./03-bias-variance.ts";
import { relaxedProxies } from "./04-proxies.ts";
import { empiricalRisk } from "./05-empirical-risk.ts";
import { fourSteps } from "./06-four-steps.ts";
import { manyStarts } from "./07-many-starts.ts";
import { paths } from "./08-paths.ts";
import { gradientOfBatches } from "./09-gradient-noise.ts";
import { goodEnough } from "./10-good-enough.ts";
import { streaming } from "./11-streaming.ts";
import { shuffling } from "./12-shuffling.ts";
import { balance } from "./13-balance.ts";
import { informativeSamples } from "./14-informative-samples.ts";
import { convergence } from "./15-convergence.ts";
import { batchAgainstStochastic } from "./16-batch-against-stochastic.ts";
import { lossSurfaces } from "./17-loss-surfaces.ts";
import { modeConnectivity } from "./18-mode-connectivity.ts";
import type { Experiment } from "./experiment.ts";

export const experiments: readonly Experiment[] = [
  learning,
  composition,
  biasVariance,
  relaxedProxies,
  empiricalRisk,
  fourSteps,
  manyStarts,
  paths,
  gradientOfBatches,
  goodEnough,
  streaming,
  shuffling,
  balance,
  informativeSamples,
  convergence,
  batchAgainstStochastic,
  lossSurfaces,
  modeConnectivity,
];
