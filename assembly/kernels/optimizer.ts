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

/** The factor on g: a number in memory, or 1 where there is none. */
// @ts-ignore: decorator
@inline
function factor(scale: usize): v128 {
  return scale ? v128.load32_splat(scale) : f32x4.splat(1);
}

/** `width` elements from these addresses on: see sgd. The step is p·g′ + q·b. */
// @ts-ignore: decorator
@inline
function sgdLanes(
  moves: bool, width: i32, out: usize, theta: usize, g: usize, velocity: usize,
  minusRate: v128, scale: v128, decay: v128, momentum: v128, share: v128, p: v128, q: v128,
): void {
  const t = loadLanes(theta, width);
  let step = fma(decay, t, f32x4.mul(loadLanes(g, width), scale));
  if (moves) {
    const b = fma(momentum, loadLanes(velocity, width), f32x4.mul(share, step));
    storeLanes(velocity, b, width);
    step = fma(q, b, f32x4.mul(p, step));
  }
  storeLanes(out, fma(minusRate, step, t), width);
}

// @ts-ignore: decorator
@inline
function sgdAll(
  moves: bool, out: usize, theta: usize, g: usize, velocity: usize, n: i32, scalars: usize, scale: usize,
  momentum: f32, dampening: f32, weightDecay: f32, nesterov: bool,
): void {
  const minusRate = f32x4.splat(-load<f32>(scalars));
  const vScale = factor(scale);
  const decay = f32x4.splat(weightDecay);
  const vMomentum = f32x4.splat(momentum);
  const share = f32x4.splat(load<i32>(scalars, 4) == 0 ? 1 : 1 - dampening);
  const p = f32x4.splat(nesterov ? 1 : 0);
  const q = f32x4.splat(nesterov ? momentum : 1);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES)
    sgdLanes(
      moves, LANES, at(out, i), at(theta, i), at(g, i), at(velocity, i),
      minusRate, vScale, decay, vMomentum, share, p, q,
    );
  for (let i = whole; i < n; ++i)
    sgdLanes(
      moves, 1, at(out, i), at(theta, i), at(g, i), at(velocity, i),
      minusRate, vScale, decay, vMomentum, share, p, q,
    );
}

/**
 * Stochastic gradient descent in one pass, the rule of PyTorch (torch.optim.SGD):
 *
 *     g′ = scale·g + weightDecay·θ
 *     b = momentum·b + (1 − dampening)·g′, on the first step without dampening;  g′ = nesterov ? g′ + momentum·b : b
 *     out = θ − learningRate·g′
 *
 * The middle line only where momentum ≠ 0; otherwise velocity is not touched and may be 0. b begins as zeros. g is left
 * as it is.
 * out, theta, g, velocity: [n], out may be theta; scalars: [learning rate f32, steps taken so far i32]; scale: [] or 0.
 */
export function sgd(
  out: usize, theta: usize, g: usize, velocity: usize, n: i32, scalars: usize, scale: usize,
  momentum: f32, dampening: f32, weightDecay: f32, nesterov: i32,
): void {
  span(out, n);
  span(theta, n);
  span(g, n);
  span(scalars, 2);
  if (momentum == 0) {
    sgdAll(false, out, theta, g, 0, n, scalars, scale, 0, 0, weightDecay, false);
    return;
  }
  span(velocity, n);
  sgdAll(true, out, theta, g, velocity, n, scalars, scale, momentum, dampening, weightDecay, nesterov != 0);
}

/** What `adaptive` is told: a rule for its coefficients, and a sum of flags. */
const ADAM = 0;
const NADAM = 1;
const RADAM = 2;
const ADAGRAD = 3;
const RULES = 7;
/** `first` holds m, the mean gradient that is divided. */
const MOMENT = 8;
/** `first` holds b, a momentum of what was divided. */
const HEAVY = 16;
/** `second` holds the largest v so far. */
const LARGEST = 32;
/** `second` holds the mean gradient that v is centred by. */
const CENTERED = 64;
/** v is a decaying maximum of |g|, and no square. */
const INFINITY = 128;
/** `second` holds the mean square of past updates: they set the pace. */
const DELTA = 256;
/** Weight decay shrinks θ and stays out of g. */
const DECOUPLED = 512;
/** out is the update divided by −learningRate, weight decay included, and no new θ. */
const DIRECTION = 1024;

/** bᵗ by squaring: the same bits everywhere. */
function power(b: f64, t: i32): f64 {
  let result: f64 = 1;
  for (; t > 0; t >>= 1) {
    if (t & 1) result *= b;
    b *= b;
  }
  return result;
}

/** `width` elements from these addresses on: see adaptive. */
// @ts-ignore: decorator
@inline
function adaptiveLanes(
  width: i32, out: usize, theta: usize, g: usize, v: usize, first: usize, second: usize,
  rule: i32, couples: bool, gScale: v128, decay: v128, vBeta1: v128, vBeta2: v128, share1: v128, share2: v128,
  vC1: v128, vC2: v128, vS: v128, vE: v128, vKeep: v128, minusRate: v128,
): void {
  const old = loadLanes(theta, width);
  let u = f32x4.mul(loadLanes(g, width), gScale);
  if (couples) u = fma(decay, old, u);
  let w = f32x4.mul(vBeta2, loadLanes(v, width));
  if (rule & INFINITY) w = f32x4.max(w, f32x4.add(f32x4.abs(u), vE));
  else w = fma(f32x4.mul(share2, u), u, w);
  storeLanes(v, w, width);
  if (rule & LARGEST) {
    w = f32x4.max(w, loadLanes(second, width));
    storeLanes(second, w, width);
  } else if (rule & CENTERED) {
    const mean = fma(vBeta2, loadLanes(second, width), f32x4.mul(share2, u));
    storeLanes(second, mean, width);
    // Rounding must not take it below zero.
    w = f32x4.max(f32x4.sub(w, f32x4.mul(mean, mean)), f32x4.splat(0));
  }
  if (rule & MOMENT) {
    const m = fma(vBeta1, loadLanes(first, width), f32x4.mul(share1, u));
    storeLanes(first, m, width);
    u = fma(vC1, m, f32x4.mul(vC2, u));
  }
  if (rule & DELTA) {
    const past = loadLanes(second, width);
    u = f32x4.mul(u, f32x4.sqrt(f32x4.div(f32x4.add(past, vE), f32x4.add(w, vE))));
    storeLanes(second, fma(f32x4.mul(share2, u), u, f32x4.mul(vBeta2, past)), width);
  } else {
    if ((rule & INFINITY) == 0) w = fma(vS, f32x4.sqrt(w), vE);
    u = f32x4.div(u, w);
  }
  if (rule & HEAVY) {
    u = fma(vBeta1, loadLanes(first, width), u);
    storeLanes(first, u, width);
  }
  storeLanes(out, fma(minusRate, u, f32x4.mul(vKeep, old)), width);
}

/**
 * The family of Adam in one pass: gradients, or their mean m, divided by a mean square v. With t = steps taken + 1, g′ =
 * scale·g (+ weightDecay·θ unless DECOUPLED), for each element:
 *
 *     v = β₂·v + (1 − β₂)·g′²            ADAGRAD: v + g′²;  INFINITY: max(β₂·v, |g′| + ε)
 *     w = v                              LARGEST: the largest v so far;  CENTERED: v − (mean of g′)²
 *     d = s·√w + e                       INFINITY: v;  DELTA: √(v + ε) / √(mean of u² + ε)
 *     u = (c₁·m + c₂·g′) / d             m = β₁·m + (1 − β₁)·g′ with MOMENT, else c₁ = 0, c₂ = 1
 *     b = β₁·b + u, u = b                with HEAVY alone
 *     out = θ − learningRate·u           DECOUPLED: θ·(1 − learningRate·weightDecay) − …
 *
 *            c₁                  c₂                  s             e
 *     ADAM   1/(1 − β₁ᵗ)         0                   1/√(1 − β₂ᵗ)  ε     Kingma & Ba 2015
 *     NADAM  β₁/(1 − β₁ᵗ⁺¹)      (1 − β₁)/(1 − β₁ᵗ)  1/√(1 − β₂ᵗ)  ε     Dozat 2016, of constant momentum
 *     RADAM  r·√(1 − β₂ᵗ)/(1 − β₁ᵗ)  0               1             ε     Liu et al. 2020; where ρ ≤ 5, as ADAM with d = 1
 *     ADAGRAD, and without MOMENT: 0, 1, 1, ε; the rate of ADAGRAD is learningRate/(1 + (t − 1)·β₁)
 *
 * out, theta, g, v, first, second: [n], out may be theta or g; scalars: [learning rate f32, steps taken so far i32];
 * scale: [] or 0. v, first and second are written, and begin as zeros; the last two may be 0 where they are not used.
 */
export function adaptive(
  out: usize, theta: usize, g: usize, v: usize, first: usize, second: usize, n: i32, scalars: usize, scale: usize,
  beta1: f64, beta2: f64, epsilon: f32, weightDecay: f32, rule: i32,
): void {
  span(out, n);
  span(theta, n);
  span(g, n);
  span(v, n);
  if (rule & (MOMENT | HEAVY)) span(first, n);
  if (rule & (LARGEST | CENTERED | DELTA)) span(second, n);
  span(scalars, 2);
  const kind = rule & RULES;
  const t = load<i32>(scalars, 4) + 1;
  let rate: f64 = load<f32>(scalars);
  let c1: f64 = 0;
  let c2: f64 = 1;
  let s: f64 = 1;
  let e: f64 = epsilon;
  if (kind == ADAGRAD) rate /= 1 + <f64>(t - 1) * beta1;
  if (rule & MOMENT) {
    const left1 = 1 - power(beta1, t);
    const power2 = power(beta2, t);
    const root2 = Math.sqrt(1 - power2);
    c1 = 1 / left1;
    c2 = 0;
    if (kind == RADAM) {
      const most = 2 / (1 - beta2) - 1;
      const rho = most - (2 * <f64>t * power2) / (1 - power2);
      if (rho > 5) {
        c1 *= root2 * Math.sqrt(((rho - 4) * (rho - 2) * most) / ((most - 4) * (most - 2) * rho));
      } else {
        s = 0;
        e = 1;
      }
    } else {
      s = 1 / root2;
      if (kind == NADAM) {
        c1 = beta1 / (1 - power(beta1, t + 1));
        c2 = (1 - beta1) / left1;
      }
    }
  }
  let keep: f64 = 1;
  if (rule & DECOUPLED) keep -= rate * <f64>weightDecay;
  if (rule & DIRECTION) {
    keep = weightDecay;
    rate = -1;
  }
  const couples = weightDecay != 0 && (rule & DECOUPLED) == 0;
  const gScale = factor(scale);
  const decay = f32x4.splat(weightDecay);
  const vBeta1 = f32x4.splat(<f32>beta1);
  const vBeta2 = f32x4.splat(<f32>beta2);
  const share1 = f32x4.splat(<f32>(1 - beta1));
  const share2 = f32x4.splat(kind == ADAGRAD ? 1 : <f32>(1 - beta2));
  const vC1 = f32x4.splat(<f32>c1);
  const vC2 = f32x4.splat(<f32>c2);
  const vS = f32x4.splat(<f32>s);
  const vE = f32x4.splat(<f32>e);
  const vKeep = f32x4.splat(<f32>keep);
  const minusRate = f32x4.splat(<f32>-rate);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES)
    adaptiveLanes(
      LANES, at(out, i), at(theta, i), at(g, i), at(v, i), at(first, i), at(second, i),
      rule, couples, gScale, decay, vBeta1, vBeta2, share1, share2, vC1, vC2, vS, vE, vKeep, minusRate,
    );
  for (let i = whole; i < n; ++i)
    adaptiveLanes(
      1, at(out, i), at(theta, i), at(g, i), at(v, i), at(first, i), at(second, i),
      rule, couples, gScale, decay, vBeta1, vBeta2, share1, share2, vC1, vC2, vS, vE, vKeep, minusRate,
    );
}

/** −1, 0 or 1 in each lane; NaN stays NaN. */
// @ts-ignore: decorator
@inline
function signs(x: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const sign = f32x4.sub(v128.and(f32x4.gt(x, zero), one), v128.and(f32x4.lt(x, zero), one));
  return v128.or(sign, f32x4.ne(x, x));
}

/** `width` elements from these addresses on: see lion. */
// @ts-ignore: decorator
@inline
function lionLanes(
  width: i32, out: usize, theta: usize, g: usize, m: usize,
  gScale: v128, vBeta1: v128, vBeta2: v128, share1: v128, share2: v128, keep: v128, minusRate: v128,
): void {
  const step = f32x4.mul(loadLanes(g, width), gScale);
  const old = loadLanes(m, width);
  const sign = signs(fma(vBeta1, old, f32x4.mul(share1, step)));
  storeLanes(m, fma(vBeta2, old, f32x4.mul(share2, step)), width);
  storeLanes(out, fma(minusRate, sign, f32x4.mul(keep, loadLanes(theta, width))), width);
}

/**
 * Lion (Chen et al. 2023): c = sign(β₁·m + (1 − β₁)·g′), m = β₂·m + (1 − β₂)·g′, out = θ·(1 − η·weightDecay) − η·c, with
 * g′ = scale·g. out, theta, g, m: [n], out may be theta; scalars: [η f32, steps taken so far i32]; scale: [] or 0.
 */
export function lion(
  out: usize, theta: usize, g: usize, m: usize, n: i32, scalars: usize, scale: usize,
  beta1: f64, beta2: f64, weightDecay: f32,
): void {
  span(out, n);
  span(theta, n);
  span(g, n);
  span(m, n);
  span(scalars, 2);
  const rate = load<f32>(scalars);
  const gScale = factor(scale);
  const vBeta1 = f32x4.splat(<f32>beta1);
  const vBeta2 = f32x4.splat(<f32>beta2);
  const share1 = f32x4.splat(<f32>(1 - beta1));
  const share2 = f32x4.splat(<f32>(1 - beta2));
  const keep = f32x4.splat(1 - rate * weightDecay);
  const minusRate = f32x4.splat(-rate);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES)
    lionLanes(
      LANES, at(out, i), at(theta, i), at(g, i), at(m, i),
      gScale, vBeta1, vBeta2, share1, share2, keep, minusRate,
    );
  for (let i = whole; i < n; ++i)
    lionLanes(
      1, at(out, i), at(theta, i), at(g, i), at(m, i),
      gScale, vBeta1, vBeta2, share1, share2, keep, minusRate,
    );
}

/** `width` elements from these addresses on: see rprop. */
// @ts-ignore: decorator
@inline
function rpropLanes(
  width: i32, out: usize, theta: usize, g: usize, previous: usize, step: usize,
  first: bool, gScale: v128, shrink: v128, grow: v128, low: v128, high: v128, minusRate: v128,
): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  let x = f32x4.mul(loadLanes(g, width), gScale);
  const turn = f32x4.mul(x, loadLanes(previous, width));
  const turned = f32x4.lt(turn, zero);
  let pace = first ? one : loadLanes(step, width);
  pace = f32x4.mul(pace, v128.bitselect(shrink, v128.bitselect(grow, one, f32x4.gt(turn, zero)), turned));
  // The pseudo ones: one instruction each, and NaN stays.
  pace = f32x4.pmin(f32x4.pmax(pace, low), high);
  storeLanes(step, pace, width);
  x = v128.andnot(x, turned);
  storeLanes(previous, x, width);
  // The sign of x on the pace: nothing where x is 0, NaN where it is NaN.
  const signed = v128.or(v128.and(f32x4.ne(x, zero), v128.or(pace, v128.and(x, f32x4.splat(-0.0)))), f32x4.ne(x, x));
  storeLanes(out, fma(minusRate, signed, loadLanes(theta, width)), width);
}

/**
 * Rprop (Riedmiller & Braun 1993, as torch.optim.Rprop): each element has a step of its own, η at first, that grows by
 * `plus` while the sign of its gradient stays, and shrinks by `minus` when it changes; then θ rests for a step. The steps
 * are kept as multiples of η and stay within [least, most].
 * out, theta, g, previous, step: [n], out may be theta; scalars: [η f32, steps taken so far i32]; scale: [] or 0.
 */
export function rprop(
  out: usize, theta: usize, g: usize, previous: usize, step: usize, n: i32, scalars: usize, scale: usize,
  minus: f32, plus: f32, least: f32, most: f32,
): void {
  span(out, n);
  span(theta, n);
  span(g, n);
  span(previous, n);
  span(step, n);
  span(scalars, 2);
  const rate = load<f32>(scalars);
  const first = load<i32>(scalars, 4) == 0;
  const gScale = factor(scale);
  const shrink = f32x4.splat(minus);
  const grow = f32x4.splat(plus);
  const low = f32x4.splat(least / rate);
  const high = f32x4.splat(most / rate);
  const minusRate = f32x4.splat(-rate);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES)
    rpropLanes(
      LANES, at(out, i), at(theta, i), at(g, i), at(previous, i), at(step, i),
      first, gScale, shrink, grow, low, high, minusRate,
    );
  for (let i = whole; i < n; ++i)
    rpropLanes(
      1, at(out, i), at(theta, i), at(g, i), at(previous, i), at(step, i),
      first, gScale, shrink, grow, low, high, minusRate,
    );
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

/**
 * out[i] = Σ factors[t]·vectors[t][i], i < n, t < terms: a point of a line, plane or curve in parameter space. Vectors
 * begin `stride` bytes apart. Those with a factor of 0 are left out, as 0·∞ is no number; one alone with a factor of 1
 * is given as it is.
 */
export function linearCombination(out: usize, vectors: usize, stride: i32, factors: usize, terms: i32, n: i32): void {
  span(out, n);
  span(factors, terms);
  let counting = 0;
  for (let t = 0; t < terms; ++t) {
    span(vectors + <usize>(t * stride), n);
    if (load<f32>(at(factors, t)) != 0) ++counting;
  }
  if (counting == 0) {
    memory.fill(out, 0, <usize>n << 2);
    return;
  }
  let i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    // -0 is what leaves every number as it is when it is added.
    let a = f32x4.splat(-0.0);
    let b = a;
    let c = a;
    let d = a;
    for (let t = 0; t < terms; ++t) {
      if (load<f32>(at(factors, t)) == 0) continue;
      const f = v128.load32_splat(at(factors, t));
      const x = at(vectors + <usize>(t * stride), i);
      a = fma(f, v128.load(x), a);
      b = fma(f, v128.load(x, 16), b);
      c = fma(f, v128.load(x, 32), c);
      d = fma(f, v128.load(x, 48), d);
    }
    v128.store(at(out, i), a);
    v128.store(at(out, i), b, 16);
    v128.store(at(out, i), c, 32);
    v128.store(at(out, i), d, 48);
  }
  for (; i < n; ++i) {
    let sum = f32x4.splat(-0.0);
    for (let t = 0; t < terms; ++t) {
      if (load<f32>(at(factors, t)) == 0) continue;
      sum = fma(v128.load32_splat(at(factors, t)), loadLanes(at(vectors + <usize>(t * stride), i), 1), sum);
    }
    storeLanes(at(out, i), sum, 1);
  }
}
