// thalweg/science: instruments that see learning. They need an objective over one flat vector, not a network.
export { type DatasetObjectiveOptions, datasetObjective } from "../training/datasetObjective.ts";
export {
  type ExampleGradientOptions,
  type ExampleStatistics,
  exampleGradients,
  exampleStatistics,
} from "../training/exampleGradients.ts";
export { type FunctionObjectiveOptions, functionObjective } from "../training/functionObjective.ts";
export type { Objective } from "../training/objective.ts";
export type { Point, PointNormalization, PointOptions } from "../training/points.ts";
export type { CourseOptions } from "./course.ts";
export { type Curve, type CurveOptions, type CurveSection, createCurve } from "./curve.ts";
export type { Descent, DescentState, Stopped, StoppingOptions } from "./descent.ts";
export { type RandomSectionOptions, randomSection } from "./directions.ts";
export {
  type DrawnGradients,
  type DrawnGradientsOptions,
  drawnGradients,
  type MeasuredError,
  measuredStandardError,
} from "./drawnGradients.ts";
export {
  type Condition,
  conditionNumber,
  type Eigenpairs,
  type EigenpairsOptions,
  type Extremes,
  eigenpairs,
  extremeEigenvalues,
  type KrylovOptions,
} from "./eigenpairs.ts";
export { type EigenvalueSurface, type EigenvalueSurfaceOptions, eigenvalueSurface } from "./eigenvalueSurface.ts";
export { type EnsembleOptions, ensemble, type PassedPlace, type SnapshotsOptions, snapshots } from "./ensemble.ts";
export {
  type ConjugateGradientOptions,
  type GradientDescentOptions,
  gradientDescent,
  heavyBall,
  type MomentumOptions,
  nesterov,
  nonlinearConjugateGradient,
} from "./firstOrder.ts";
export {
  type BatchNorms,
  type GradientNoise,
  gradientNoise,
  gradientStandardError,
  type StandardErrorOptions,
  type TwoBatchNoise,
  twoBatchNoise,
} from "./gradientNoise.ts";
export { type Matched, type MatchOptions, matchWeights } from "./matchWeights.ts";
export { type MinimizeOptions, minimize } from "./minimize.ts";
export { type PathSummary, type PathValues, pathSummary } from "./pathSummary.ts";
export { type ContourOptions, contourPicture, type NamedPath } from "./pictures/contour.ts";
export { type DescentRun, descentPicture } from "./pictures/descent.ts";
export { eigenvaluePicture } from "./pictures/eigenvalues.ts";
export { noisePicture } from "./pictures/noise.ts";
export { type PictureOptions, toPng } from "./pictures/page.ts";
export { type Profile, profilePicture } from "./pictures/profile.ts";
export { surfacePicture } from "./pictures/relief.ts";
export { type SpectrumOptions, spectrumPicture } from "./pictures/spectrum.ts";
export { type LbfgsOptions, lbfgs, type NewtonCGOptions, newtonCG } from "./secondOrder.ts";
export {
  lineBetween,
  type Mark,
  type Place,
  type PlaneOptions,
  planeThrough,
  type Section,
  type SpannedOptions,
  spanned,
} from "./sections.ts";
export { type Sharpness, type SharpnessOptions, sharpness } from "./sharpness.ts";
export {
  type SmoothedOptions,
  type SpectralDensityOptions,
  type Spectrum,
  smoothed,
  spectralDensity,
} from "./spectralDensity.ts";
export {
  type GridOptions,
  objectiveSurface,
  type SurfaceOptions,
  type SurfaceReport,
  surface,
} from "./surface.ts";
export { decodeSurface, encodeSurface, type Surface, type SurfaceAbout } from "./surfaceFile.ts";
export {
  beale,
  himmelblau,
  type QuadraticOptions,
  quadratic,
  rastrigin,
  ravine,
  rosenbrock,
  saddle,
  type TestFunction,
} from "./testFunctions.ts";
export { type DiagonalOptions, hessianDiagonal, hessianTrace, type Trace, type TraceOptions } from "./trace.ts";
export { principalPlane, type TrajectoryOptions, trajectory } from "./trajectory.ts";
