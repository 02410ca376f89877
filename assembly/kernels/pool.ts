// Pooling over windows of an image, channels last: x [batch, height, width, channels], y [batch, outHeight, outWidth,
// channels]. Window (i, j) holds rows i·strideH − top + u, u < windowH, and columns likewise, where they lie in the image:
// padding never wins a maximum and does not count in an average. Every window must meet the image.
// Four channels at a time, those behind the last four one by one.
import { loadColumns, storeColumns } from "../columns";
import { LANES, at, span } from "../simd";

/** What is done with a window: compile-time constants. */
const MAX = 0;
const MAX_SCATTER = 1;
const MAX_GATHER = 2;
const MEAN = 3;
const MEAN_SCATTER = 4;

/**
 * out, a: what the kernels below say; x decides where the maxima are.
 */
// @ts-ignore: decorator
@inline
function pool(
  mode: i32, out: usize, a: usize, x: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32,
  windowW: i32, strideH: i32, strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  const scatters = mode == MAX_SCATTER || mode == MEAN_SCATTER;
  const image = batch * height * width * channels;
  const pooled = batch * outHeight * outWidth * channels;
  span(out, scatters ? image : pooled);
  span(a, mode == MAX_GATHER || mode == MEAN ? image : pooled);
  span(x, image);
  // Windows that tile the image write each element once; others add up in elements that begin at zero.
  const tiles = windowH == strideH && windowW == strideW && height == outHeight * strideH && width == outWidth * strideW;
  const adds = scatters && !(tiles && (top | left) == 0);
  if (adds) memory.fill(out, 0, (<usize>image) << 2);
  for (let b = 0; b < batch; ++b) {
    for (let i = 0; i < outHeight; ++i) {
      const firstRow = max(i * strideH - top, 0);
      const rows = min(i * strideH - top + windowH, height) - firstRow;
      for (let j = 0; j < outWidth; ++j) {
        const firstColumn = max(j * strideW - left, 0);
        const columns = min(j * strideW - left + windowW, width) - firstColumn;
        const corner = ((b * height + firstRow) * width + firstColumn) * channels;
        const place = ((b * outHeight + i) * outWidth + j) * channels;
        const count = f32x4.splat(<f32>(rows * columns));
        for (let c = 0; c < channels; ) {
          const lanes = c + LANES <= channels ? LANES : 1;
          let best = f32x4.splat(mode == MEAN ? 0 : -Infinity);
          let nan = i32x4.splat(0);
          let winner = i32x4.splat(0);
          if (mode != MEAN_SCATTER) {
            for (let u = 0, k = 0; u < rows; ++u) {
              let from = at(x, corner + u * width * channels + c);
              for (let v = 0; v < columns; ++v, ++k) {
                const value = loadColumns(from, lanes);
                if (mode == MEAN) best = f32x4.add(best, value);
                else if (mode == MAX) {
                  nan = v128.or(nan, f32x4.ne(value, value));
                  best = f32x4.pmax(best, value);
                } else {
                  // The first of equal ones; a NaN whatever was there.
                  const wins = v128.or(f32x4.gt(value, best), f32x4.ne(value, value));
                  best = v128.bitselect(value, best, wins);
                  winner = v128.bitselect(i32x4.splat(k), winner, wins);
                }
                from = at(from, channels);
              }
            }
          }
          if (mode == MAX) storeColumns(at(out, place + c), v128.or(best, nan), lanes);
          else if (mode == MEAN) storeColumns(at(out, place + c), f32x4.div(best, count), lanes);
          else {
            const own = scatters ? loadColumns(at(a, place + c), lanes) : f32x4.splat(0);
            const given = mode == MEAN_SCATTER ? f32x4.div(own, count) : own;
            let found = f32x4.splat(0);
            for (let u = 0, k = 0; u < rows; ++u) {
              let to = corner + u * width * channels + c;
              for (let v = 0; v < columns; ++v, ++k) {
                const here = i32x4.eq(winner, i32x4.splat(k));
                if (mode == MAX_GATHER) found = v128.or(found, v128.and(loadColumns(at(a, to), lanes), here));
                else {
                  const part = mode == MEAN_SCATTER ? given : v128.and(given, here);
                  storeColumns(at(out, to), adds ? f32x4.add(loadColumns(at(out, to), lanes), part) : part, lanes);
                }
                to += channels;
              }
            }
            if (mode == MAX_GATHER) storeColumns(at(out, place + c), found, lanes);
          }
          c += lanes;
        }
      }
    }
  }
}

/** The largest of each window; NaN if one is NaN. */
export function maxPool(
  y: usize, x: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32, windowW: i32, strideH: i32,
  strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  pool(
    MAX, y, y, x, batch, height, width, channels, windowH, windowW, strideH, strideW, top, left, outHeight, outWidth,
  );
}

/** The gradient of maxPool: dy goes to the first largest element of its window, or the last NaN, as in PyTorch. */
export function maxPoolGradient(
  dx: usize, dy: usize, x: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32, windowW: i32,
  strideH: i32, strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  pool(
    MAX_SCATTER, dx, dy, x, batch, height, width, channels, windowH, windowW, strideH, strideW, top, left, outHeight,
    outWidth,
  );
}

/** out = of each window of u, the element at the place that maxPoolGradient would send dy to: its own gradient by dy. */
export function maxPoolGather(
  out: usize, u: usize, x: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32, windowW: i32,
  strideH: i32, strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  pool(
    MAX_GATHER, out, u, x, batch, height, width, channels, windowH, windowW, strideH, strideW, top, left, outHeight,
    outWidth,
  );
}

/** The mean of each window's elements inside the image. */
export function averagePool(
  y: usize, x: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32, windowW: i32, strideH: i32,
  strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  pool(
    MEAN, y, x, x, batch, height, width, channels, windowH, windowW, strideH, strideW, top, left, outHeight, outWidth,
  );
}

/** The gradient of averagePool: dy in equal shares to the elements of its window. */
export function averagePoolGradient(
  dx: usize, dy: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32, windowW: i32, strideH: i32,
  strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  pool(
    MEAN_SCATTER, dx, dy, dx, batch, height, width, channels, windowH, windowW, strideH, strideW, top, left, outHeight,
    outWidth,
  );
}
