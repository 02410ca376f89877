// Sums over replicas, where the mathematics needs all rows of a batch.
import { at, span } from "../simd";
import { barrier } from "../sync";

// @ts-ignore: decorator
@inline
function slot(exchange: usize, r: i32, stride: usize): usize {
  return exchange + <usize>r * stride;
}

/** Bytes of a replica's slot: whole cache lines, so that no two replicas write to one. */
// @ts-ignore: decorator
@inline
function slotBytes(n: i32): usize {
  return (((<usize>n) << 2) + 63) & ~63;
}

/**
 * y[i] = Σ over replicas of x[i], i < n: the same bits in every replica, added up in f64 in the order of the replicas
 * and rounded once. y may be x.
 *   exchange // [replicas, n rounded up to 16]: the same place in all replicas, this call's alone within a run
 */
export function allReduce(y: usize, x: usize, n: i32, exchange: usize, sync: usize): void {
  if (ASC_FEATURE_THREADS) {
    span(y, n);
    span(x, n);
    const index = load<i32>(sync, 4);
    const replicas = load<i32>(sync, 8);
    const stride = slotBytes(n);
    const own = slot(exchange, index, stride);
    for (let i = 0; i < n; ++i) store<f32>(at(own, i), load<f32>(at(x, i)));
    barrier(sync);
    for (let i = 0; i < n; ++i) {
      let sum: f64 = 0;
      for (let r = 0; r < replicas; ++r) sum += <f64>load<f32>(at(slot(exchange, r, stride), i));
      store<f32>(at(y, i), <f32>sum);
    }
  }
}

/**
 * Mean and variance of each channel over all rows of a batch, from those that each replica has of its rows (Chan, Golub
 * and LeVeque 1979), in f64 and the order of the replicas:
 *
 *     mean = Σ share·mean_r    variance = Σ share·(variance_r + (mean_r − mean)²)
 *
 * y, x: [2·channels], means and then variances; share: this replica's of the rows.
 *   exchange // [replicas, 2·channels + 1 rounded up to 16], as for allReduce
 */
export function mergeStatistics(y: usize, x: usize, channels: i32, exchange: usize, sync: usize, share: f32): void {
  if (ASC_FEATURE_THREADS) {
    const n = 2 * channels;
    span(y, n);
    span(x, n);
    const index = load<i32>(sync, 4);
    const replicas = load<i32>(sync, 8);
    const stride = slotBytes(n + 1);
    const own = slot(exchange, index, stride);
    for (let i = 0; i < n; ++i) store<f32>(at(own, i), load<f32>(at(x, i)));
    store<f32>(at(own, n), share);
    barrier(sync);
    for (let c = 0; c < channels; ++c) {
      let mean: f64 = 0;
      for (let r = 0; r < replicas; ++r) {
        const other = slot(exchange, r, stride);
        mean += <f64>load<f32>(at(other, n)) * <f64>load<f32>(at(other, c));
      }
      let variance: f64 = 0;
      for (let r = 0; r < replicas; ++r) {
        const other = slot(exchange, r, stride);
        const off = <f64>load<f32>(at(other, c)) - mean;
        variance += <f64>load<f32>(at(other, n)) * (<f64>load<f32>(at(other, channels + c)) + off * off);
      }
      store<f32>(at(y, c), <f32>mean);
      store<f32>(at(y, channels + c), <f32>variance);
    }
  }
}
