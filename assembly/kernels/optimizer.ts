// Parameter updates and vector arithmetic over flat vectors of the layout of θ. In-place outputs come first.
import { LANES, at, fma, span } from "../simd";

// Tails go through the same vector code one lane at a time, so that an element's bits do not depend on its place.
// @ts-ignore: decorator
@inline
function loadLanes(x: usize, width: i32): v128 {
  return width == LANES ? v128.load(x) : v128.load32_zero(x);
}
// @ts-ignore: decorator
@inline
function storeLanes(out: usize, v: v128, width: i32): void {
  if (width == LANES) v128.store(out, v);
  else v128.store32_lane(out, v, 0);
}

/** Kinds of velocity update: compile-time constants. */
const NO_MOMENTUM = 0;
const FIRST_STEP = 1;
const LATER_STEP = 2;

/** One update of `width` elements from i on (see sgd). */
// @ts-ignore: decorator
@inline
function sgdLanes(
  kind: i32, decays: bool, nesterov: bool, width: i32, theta: usize, g: usize, velocity: usize,
  minusRate: v128, decay: v128, momentum: v128, share: v128,
): void {
  const t = loadLanes(theta, width);
  let step = loadLanes(g, width);
  if (decays) step = fma(decay, t, step);
  if (kind != NO_MOMENTUM) {
    let b = step;
    if (kind == LATER_STEP) b = fma(momentum, loadLanes(velocity, width), f32x4.mul(share, step));
    storeLanes(velocity, b, width);
    step = nesterov ? fma(momentum, b, step) : b;
  }
  storeLanes(theta, fma(minusRate, step, t), width);
}

// @ts-ignore: decorator
@inline
function sgdAll(
  kind: i32, decays: bool, nesterov: bool, theta: usize, g: usize, velocity: usize, n: i32,
  learningRate: f32, weightDecay: f32, momentum: f32, dampening: f32,
): void {
  const minusRate = f32x4.splat(-learningRate);
  const decay = f32x4.splat(weightDecay);
  const vMomentum = f32x4.splat(momentum);
  const share = f32x4.splat(1 - dampening);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES)
    sgdLanes(kind, decays, nesterov, 4, at(theta, i), at(g, i), at(velocity, i), minusRate, decay, vMomentum, share);
  for (let i = whole; i < n; ++i)
    sgdLanes(kind, decays, nesterov, 1, at(theta, i), at(g, i), at(velocity, i), minusRate, decay, vMomentum, share);
}

/**
 * Stochastic gradient descent in one pass, the rule of PyTorch (torch.optim.SGD):
 *
 *     g′ = g + weightDecay·θ
 *     b = g′ on the first step, momentum·b + (1 − dampening)·g′ later;  g′ = nesterov ? g′ + momentum·b : b
 *     θ −= learningRate·g′
 *
 * The middle line only where momentum ≠ 0; otherwise velocity is not touched and may be 0. g is left as it is.
 * theta, g, velocity: [n]; scalars: [learning rate f32, steps taken so far i32].
 */
export function sgd(
  theta: usize, g: usize, velocity: usize, n: i32, scalars: usize,
  momentum: f32, dampening: f32, weightDecay: f32, nesterov: i32,
): void {
  span(theta, n);
  span(g, n);
  span(scalars, 2);
  const rate = load<f32>(scalars);
  const first = load<i32>(scalars, 4) == 0;
  if (momentum == 0) {
    if (weightDecay == 0) sgdAll(NO_MOMENTUM, false, false, theta, g, 0, n, rate, 0, 0, 0);
    else sgdAll(NO_MOMENTUM, true, false, theta, g, 0, n, rate, weightDecay, 0, 0);
    return;
  }
  span(velocity, n);
  // The first step is taken once: it does not deserve loops without decay (g + 0·θ).
  if (first) {
    if (nesterov) sgdAll(FIRST_STEP, true, true, theta, g, velocity, n, rate, weightDecay, momentum, 0);
    else sgdAll(FIRST_STEP, true, false, theta, g, velocity, n, rate, weightDecay, momentum, 0);
  } else if (weightDecay == 0) {
    if (nesterov) sgdAll(LATER_STEP, false, true, theta, g, velocity, n, rate, 0, momentum, dampening);
    else sgdAll(LATER_STEP, false, false, theta, g, velocity, n, rate, 0, momentum, dampening);
  } else {
    if (nesterov) sgdAll(LATER_STEP, true, true, theta, g, velocity, n, rate, weightDecay, momentum, dampening);
    else sgdAll(LATER_STEP, true, false, theta, g, velocity, n, rate, weightDecay, momentum, dampening);
  }
}

/** y[i] += alpha·x[i], i < n. */
export function axpy(y: usize, x: usize, n: i32, alpha: f32): void {
  span(y, n);
  span(x, n);
  const a = f32x4.splat(alpha);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES) v128.store(at(y, i), fma(a, v128.load(at(x, i)), v128.load(at(y, i))));
  for (let i = whole; i < n; ++i)
    storeLanes(at(y, i), fma(a, loadLanes(at(x, i), 1), loadLanes(at(y, i), 1)), 1);
}

/** y[i] = alpha·x[i], i < n. y may be x. */
export function scale(y: usize, x: usize, n: i32, alpha: f32): void {
  span(y, n);
  span(x, n);
  const a = f32x4.splat(alpha);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES) v128.store(at(y, i), f32x4.mul(a, v128.load(at(x, i))));
  for (let i = whole; i < n; ++i) store<f32>(at(y, i), alpha * load<f32>(at(x, i)));
}

/** out[i] = base[i] + a·d1[i] + b·d2[i], i < n: a point of a plane in parameter space. out may be any of the inputs. */
export function linearCombination2(out: usize, base: usize, d1: usize, d2: usize, n: i32, a: f32, b: f32): void {
  span(out, n);
  span(base, n);
  span(d1, n);
  span(d2, n);
  const va = f32x4.splat(a);
  const vb = f32x4.splat(b);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES) {
    const sum = fma(va, v128.load(at(d1, i)), v128.load(at(base, i)));
    v128.store(at(out, i), fma(vb, v128.load(at(d2, i)), sum));
  }
  for (let i = whole; i < n; ++i) {
    const sum = fma(va, loadLanes(at(d1, i), 1), loadLanes(at(base, i), 1));
    storeLanes(at(out, i), fma(vb, loadLanes(at(d2, i), 1), sum), 1);
  }
}
