// Convolution of images, channels last, and its two gradients, as products that are never written out as matrices.
//
//   y[n, i, j, f]     = Σ x[n, i·s + u·d − top, j·s + v·d − left, c] · w[u, v, c, f]
//   dx                = the same sum over the places where dy meets w
//   dw[u, v, c, f]    = Σ x[n, i·s + u·d − top, …, c] · dy[n, i, j, f]
//
// The first two lay one image out as planes (conv/planes.ts) and sweep tiles of eight pixels over it, under filters that
// carry their pixels' places with them (conv/filter.ts). The third sums over pixels, eight filters at a time. One image
// is in work at a time, so all that is touched stays in the caches. Sums run in the order (u, v, channel), of dw in that
// of the pixels: no result depends on the tile.
//
// All three take the geometry of the forward convolution:
//   x [batch, height, width, channels], w [kernelHeight, kernelWidth, channels / groups, filters],
//   y [batch, outHeight, outWidth, filters]; epilogues are those of gemm.
import { ACCUMULATE, BIAS, BIAS_RELU, MASK, finishLine } from "../gemm/epilogue";
import { at, span } from "../simd";
import { depthwise, depthwiseFilterGradient } from "../conv/depthwise";
import { addTile, finishHalf, packRun, packedBytes, rowsOf, tilesOf } from "../conv/filter";
import { planeFloats, toPlanes } from "../conv/planes";
import { filtered, gathered } from "../conv/tile";

/** Floats at the start of scratch: a tile of sums. */
const SUMS: i32 = 64;
/** Floats behind the planes that the last tile may read. */
const SLACK: i32 = 16;
/** Pixels of a pass over all filters: enough that the filters' way from the second-level cache is hidden. */
const SWEEP: i32 = 64;
/** Floats of x and dy that a block of pixels may hold in the first-level cache. */
const BLOCK: i32 = 6144;

/** Places that a filter sees along an axis. */
// @ts-ignore: decorator
@inline
function reach(out: i32, stride: i32, kernel: i32, dilation: i32): i32 {
  return (out - 1) * stride + (kernel - 1) * dilation + 1;
}

// @ts-ignore: decorator
@inline
function ceilDivide(a: i32, b: i32): i32 {
  return (a + b - 1) / b;
}

/** Debug build only: all that a convolution touches lies inside memory. */
// @ts-ignore: decorator
@inline
function spans(
  x: usize, w: usize, y: usize, extra: usize, extraCount: i32, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, filters: i32, kernelHeight: i32, kernelWidth: i32, groups: i32, epilogue: i32,
): void {
  assert(groups > 0 && channels % groups == 0 && filters % groups == 0, "channels and filters must be divisible by groups");
  span(x, batch * height * width * channels);
  span(w, kernelHeight * kernelWidth * (channels / groups) * filters);
  span(y, batch * outHeight * outWidth * filters);
  if (epilogue && epilogue != ACCUMULATE) span(extra, extraCount);
}

// The rows of taps that a sweep's filters have, and where they meet the image: tap t of output row i lies at
// i·rowStep + t·tapStep + origin, inside the image from 0 to below `extent`. What lies outside is zeros, and skipped.
let taps: i32 = 0;
/** Steps of a row of taps. */
let tapSteps: i32 = 0;
let rowStep: i32 = 0;
let tapStep: i32 = 0;
let origin: i32 = 0;
let extent: i32 = 0;

/** The first tap of output row i that lies inside, or `taps`. */
function firstTap(i: i32): i32 {
  const place = i * rowStep + origin;
  const outside = tapStep > 0 ? -place : place - extent + 1;
  return outside > 0 ? min(taps, ceilDivide(outside, tapStep > 0 ? tapStep : -tapStep)) : 0;
}
/** One more than the last. */
function endTap(i: i32): i32 {
  const place = i * rowStep + origin;
  const inside = tapStep > 0 ? extent - place : place + 1;
  return inside > 0 ? min(taps, ceilDivide(inside, tapStep > 0 ? tapStep : -tapStep)) : 0;
}

/**
 * All tiles of one group of outputs over [height, width] places of the planes, two fours of neighbours at a time.
 * c: the first output; row, pixel: bytes between outputs; bias: of the first output channel; gate: C's twin.
 */
function sweep(
  c: usize, row: usize, pixel: usize, planes: usize, columns: i32, height: i32, width: i32,
  packed: usize, count: i32, sums: usize, bias: usize, gate: usize, mode: i32,
): void {
  const tiles = tilesOf(count);
  const block = max(1, SWEEP / width);
  const fours = (width + 3) >> 2;
  for (let top = 0; top < height; top += block) {
    const end = min(top + block, height);
    let filter = packed;
    let f: usize = 0;
    for (let t = 0; t < tiles; ++t) {
      const rows = rowsOf(t, tiles, count);
      const tapBytes = (<usize>(tapSteps * (rows + 1))) << 2;
      let i = top;
      let j = 0;
      let low = firstTap(i);
      let high = endTap(i);
      let left = fours * (end - top);
      for (; left > 1; left -= 2) {
        const a = at(planes, i * columns + j);
        const toA = <usize>i * row + <usize>j * pixel + f;
        const pixelsA = width - j;
        let first = low;
        let last = high;
        j += 4;
        if (j >= width) {
          j = 0;
          ++i;
          low = firstTap(i);
          high = endTap(i);
          first = min(first, low);
          last = max(last, high);
        }
        const k = (last - first) * tapSteps;
        if (k > 0) filtered(rows, sums, filter + <usize>first * tapBytes, a, at(planes, i * columns + j), k);
        else memory.fill(sums, 0, SUMS << 2);
        finishHalf(c + toA, pixel, sums, rows, pixelsA, bias + f, gate + toA, mode);
        const toB = <usize>i * row + <usize>j * pixel + f;
        finishHalf(c + toB, pixel, sums + 16, rows, width - j, bias + f, gate + toB, mode);
        j += 4;
        if (j >= width) {
          j = 0;
          ++i;
          low = firstTap(i);
          high = endTap(i);
        }
      }
      if (left) {
        const a = at(planes, i * columns + j);
        const to = <usize>i * row + <usize>j * pixel + f;
        const k = (high - low) * tapSteps;
        if (k > 0) filtered(rows, sums, filter + <usize>low * tapBytes, a, a, k);
        else memory.fill(sums, 0, SUMS << 2);
        finishHalf(c + to, pixel, sums, rows, width - j, bias + f, gate + to, mode);
      }
      filter += <usize>taps * tapBytes;
      f += (<usize>rows) << 2;
    }
  }
}

/**
 * y = x * w, with an epilogue: 0 none; 1 + extra[f]; 2 the same, then relu; 3 zero unless extra > 0; 4 y += x * w.
 * scratch: floats 80 + strideH·strideW·channels·plane + packed, see src/ops/convScratch.ts.
 */
export function conv2d(
  y: usize, x: usize, w: usize, scratch: usize, extra: usize,
  batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, filters: i32,
  kernelHeight: i32, kernelWidth: i32, strideH: i32, strideW: i32, dilationH: i32, dilationW: i32,
  top: i32, left: i32, groups: i32, epilogue: i32,
): void {
  spans(
    x, w, y, extra, epilogue == MASK ? batch * outHeight * outWidth * filters : filters, batch, height, width, channels,
    outHeight, outWidth, filters, kernelHeight, kernelWidth, groups, epilogue,
  );
  const perFilter = epilogue == BIAS || epilogue == BIAS_RELU;
  if (groups == channels && filters == channels)
    return depthwise(
      y, x, w, extra, batch, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, strideH, strideW,
      dilationH, dilationW, -top, -left, 1, 1, perFilter, epilogue,
    );
  const depth = channels / groups;
  const count = filters / groups;
  const rows = ceilDivide(reach(outHeight, strideH, kernelHeight, dilationH), strideH);
  const columns = ceilDivide(reach(outWidth, strideW, kernelWidth, dilationW), strideW);
  const plane = (<usize>planeFloats(rows, columns)) << 2;
  const planes = at(scratch, SUMS);
  const planesBytes = <usize>(strideH * strideW * channels) * plane + (SLACK << 2);
  memory.fill(planes, 0, planesBytes);
  const packed = planes + planesBytes;
  const k = kernelHeight * kernelWidth * depth;
  const group = packedBytes(count, k);
  for (let g = 0; g < groups; ++g)
    for (let u = 0; u < kernelHeight; ++u)
      for (let v = 0; v < kernelWidth; ++v) {
        const i = u * dilationH;
        const j = v * dilationW;
        const first = ((i % strideH) * strideW + (j % strideW)) * channels + g * depth;
        const tap = u * kernelWidth + v;
        packRun(
          packed + <usize>g * group, at(w, tap * depth * filters + g * count), depth, count, k, tap * depth,
          (<usize>filters) << 2, 4, <usize>first * plane + ((<usize>((i / strideH) * columns + j / strideW)) << 2), plane,
        );
      }

  const image = (<usize>(height * width * channels)) << 2;
  const pixel = (<usize>filters) << 2;
  const row = <usize>outWidth * pixel;
  taps = kernelHeight;
  tapSteps = kernelWidth * depth;
  rowStep = strideH;
  tapStep = dilationH;
  origin = -top;
  extent = height;
  for (let n = 0; n < batch; ++n) {
    toPlanes(planes, plane, rows, columns, x, height, width, channels, strideH, strideW, top, left);
    for (let g = 0; g < groups; ++g) {
      const f = (<usize>(g * count)) << 2;
      sweep(
        y + f, row, pixel, planes, columns, outHeight, outWidth, packed + <usize>g * group, count, scratch,
        extra + f, extra + f, epilogue,
      );
    }
    x += image;
    y += <usize>outHeight * row;
    if (!perFilter) extra += <usize>outHeight * row;
  }
}

/** Before the first of dy's places that a filter reaches along an axis: zeros. */
// @ts-ignore: decorator
@inline
function before(kernel: i32, dilation: i32, pad: i32, stride: i32): i32 {
  return max(0, ceilDivide((kernel - 1) * dilation - pad, stride));
}

/**
 * dx: the gradient of conv2d by x, with an epilogue (0, 3 or 4; extra is like dx). Places of dx that are alike modulo the
 * stride are met by the same weights: each such phase is a convolution of dy without stride.
 */
export function conv2dInputGradient(
  dx: usize, dy: usize, w: usize, scratch: usize, extra: usize,
  batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, filters: i32,
  kernelHeight: i32, kernelWidth: i32, strideH: i32, strideW: i32, dilationH: i32, dilationW: i32,
  top: i32, left: i32, groups: i32, epilogue: i32,
): void {
  assert(epilogue != BIAS && epilogue != BIAS_RELU, "unknown epilogue");
  spans(
    dx, w, dy, extra, batch * height * width * channels, batch, height, width, channels, outHeight, outWidth, filters,
    kernelHeight, kernelWidth, groups, epilogue,
  );
  if (groups == channels && filters == channels)
    return depthwise(
      dx, dy, w, extra, batch, outHeight, outWidth, channels, height, width, kernelHeight, kernelWidth, 1, 1,
      -dilationH, -dilationW, top, left, strideH, strideW, false, epilogue,
    );
  const depth = filters / groups;
  const count = channels / groups;
  const above = before(kernelHeight, dilationH, top, strideH);
  const aside = before(kernelWidth, dilationW, left, strideW);
  const rows = (height - 1 + top) / strideH + above + 1;
  const columns = (width - 1 + left) / strideW + aside + 1;
  const plane = (<usize>planeFloats(rows, columns)) << 2;
  const planes = at(scratch, SUMS);
  const planesBytes = <usize>filters * plane + (SLACK << 2);
  memory.fill(planes, 0, planesBytes);
  const pixel = (<usize>channels) << 2;
  const image = <usize>(height * width) * pixel;
  const outImage = (<usize>(outHeight * outWidth * filters)) << 2;

  // Packed once: phase after phase, each group after group.
  let packed = planes + planesBytes;
  for (let a = 0; a < strideH; ++a)
    for (let b = 0; b < strideW; ++b) {
      const k = tapsOf(a + top, kernelHeight, dilationH, strideH) * tapsOf(b + left, kernelWidth, dilationW, strideW) * depth;
      for (let g = 0; g < groups; ++g) {
        let step = 0;
        for (let u = 0; u < kernelHeight; ++u) {
          const i = a + top - u * dilationH;
          if (i % strideH) continue;
          for (let v = 0; v < kernelWidth; ++v) {
            const j = b + left - v * dilationW;
            if (j % strideW) continue;
            packRun(
              packed, at(w, (u * kernelWidth + v) * count * filters + g * depth), depth, count, k, step,
              4, (<usize>filters) << 2,
              <usize>(g * depth) * plane + ((<usize>((i / strideH + above) * columns + j / strideW + aside)) << 2), plane,
            );
            step += depth;
          }
        }
        packed += packedBytes(count, k);
      }
    }

  for (let n = 0; n < batch; ++n) {
    toPlanes(planes, plane, rows, columns, dy, outHeight, outWidth, filters, 1, 1, above, aside);
    packed = planes + planesBytes;
    for (let a = 0; a < strideH; ++a) {
      // Of these taps, every one lies `tapStep` places of dy before the one above it.
      taps = tapsOf(a + top, kernelHeight, dilationH, strideH);
      let u = 0;
      while (u < kernelHeight && (a + top - u * dilationH) % strideH) ++u;
      origin = (a + top - u * dilationH) / strideH;
      let next = 1;
      while ((next * dilationH) % strideH) ++next;
      tapStep = -(next * dilationH) / strideH;
      rowStep = 1;
      extent = outHeight;
      for (let b = 0; b < strideW; ++b) {
        tapSteps = tapsOf(b + left, kernelWidth, dilationW, strideW) * depth;
        for (let g = 0; g < groups; ++g) {
          const to = <usize>(a * width + b) * pixel + ((<usize>(g * count)) << 2);
          // A stride longer than the image leaves phases without a place.
          if (b < width) sweep(
            dx + to, <usize>(strideH * width) * pixel, <usize>strideW * pixel, planes, columns,
            ceilDivide(height - a, strideH), ceilDivide(width - b, strideW), packed, count, scratch,
            0, extra + to, epilogue,
          );
          packed += packedBytes(count, taps * tapSteps);
        }
      }
    }
    dx += image;
    dy += outImage;
    extra += image;
  }
}

/** Taps of a filter that meet places of phase `place` (padded coordinate modulo stride). */
function tapsOf(place: i32, kernel: i32, dilation: i32, stride: i32): i32 {
  let taps = 0;
  for (let u = 0; u < kernel; ++u) if ((place - u * dilation) % stride == 0) ++taps;
  return taps;
}

/**
 * dw: the gradient of conv2d by w; epilogue 0, or 4 to add to what dw holds. Over blocks of pixels: x, padded, and dy are
 * read as they lie, and every weight's sum over the block is added to dw. extra is not used.
 */
export function conv2dFilterGradient(
  dw: usize, x: usize, dy: usize, scratch: usize, extra: usize,
  batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, filters: i32,
  kernelHeight: i32, kernelWidth: i32, strideH: i32, strideW: i32, dilationH: i32, dilationW: i32,
  top: i32, left: i32, groups: i32, epilogue: i32,
): void {
  assert(epilogue == 0 || epilogue == ACCUMULATE, "unknown epilogue");
  spans(
    x, dw, dy, extra, 0, batch, height, width, channels, outHeight, outWidth, filters, kernelHeight, kernelWidth, groups, 0,
  );
  const depth = channels / groups;
  const count = filters / groups;
  const rows = reach(outHeight, strideH, kernelHeight, dilationH);
  const columns = reach(outWidth, strideW, kernelWidth, dilationW);
  const padded = top > 0 || left > 0 || rows > height || columns > width;
  const pitch = padded ? columns : width;
  const pixels = outHeight * outWidth;
  const pixel = (<usize>channels) << 2;
  const outPixel = (<usize>filters) << 2;
  const size = kernelHeight * kernelWidth * depth * filters;
  if (groups == channels && filters == channels) {
    const sum = epilogue == ACCUMULATE ? scratch : dw;
    memory.fill(sum, 0, (<usize>size) << 2);
    depthwiseFilterGradient(
      sum, x, dy, batch, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, strideH, strideW,
      dilationH, dilationW, top, left,
    );
    if (epilogue == ACCUMULATE) finishLine(dw, size, sum, 1, ACCUMULATE);
    return;
  }

  // Where each output pixel's first input lies.
  const table = at(scratch, SUMS);
  let entry = table;
  for (let i = 0; i < outHeight; ++i)
    for (let j = 0; j < outWidth; ++j) {
      store<u32>(entry, <u32>(<usize>(i * strideH * pitch + j * strideW) * pixel));
      entry += 4;
    }
  const border = at(table, pixels);
  const borderBytes = padded ? <usize>(rows * columns) * pixel : 0;
  memory.fill(border, 0, borderBytes);
  // Vectors of eight filters may read beyond the last: of a copy with room behind it.
  const copy = border + borderBytes;
  const copied = count % 8 != 0;
  const copyBytes = copied ? <usize>pixels * outPixel + 32 : 0;
  const sum = epilogue == ACCUMULATE ? copy + copyBytes : dw;
  memory.fill(sum, 0, (<usize>size) << 2);
  if (copied) memory.fill(copy + <usize>pixels * outPixel, 0, 32);

  const block = max(32, BLOCK / (channels + filters));
  // Neighbouring taps of a row read neighbouring numbers: one run, where nothing lies between.
  const runs = groups == 1 && dilationW == 1 ? 1 : kernelWidth;
  const run = runs == 1 ? kernelWidth * depth : depth;
  const tiles = tilesOf(run);
  for (let n = 0; n < batch; ++n) {
    let from = x;
    let vectors = dy;
    if (padded) {
      from = border;
      const bytes = <usize>min(width, columns - left) * pixel;
      for (let i = 0; i < height && i + top < rows; ++i)
        memory.copy(border + <usize>((i + top) * columns + left) * pixel, x + <usize>(i * width) * pixel, bytes);
    }
    if (copied) {
      vectors = copy;
      memory.copy(copy, dy, <usize>pixels * outPixel);
    }
    for (let first = 0; first < pixels; first += block) {
      const k = min(block, pixels - first);
      for (let g = 0; g < groups; ++g)
        for (let tap = 0; tap < kernelHeight * runs; ++tap) {
          const u = tap / runs;
          const v = tap % runs;
          let a = from + <usize>(u * dilationH * pitch + v * dilationW) * pixel + ((<usize>(g * depth)) << 2);
          let c = sum + <usize>((u * kernelWidth + v) * depth) * outPixel + ((<usize>(g * count)) << 2);
          for (let t = 0; t < tiles; ++t) {
            const height = rowsOf(t, tiles, run);
            let b = at(vectors, first * filters + g * count);
            let f = 0;
            for (; f <= count - 8; f += 8) {
              gathered(height, scratch, at(table, first), a, b, outPixel, k);
              addTile(at(c, f), outPixel, scratch, height, 8);
              b += 32;
            }
            if (f < count) {
              gathered(height, scratch, at(table, first), a, b, outPixel, k);
              addTile(at(c, f), outPixel, scratch, height, count - f);
            }
            a += (<usize>height) << 2;
            c += <usize>height * outPixel;
          }
        }
    }
    x += <usize>(height * width) * pixel;
    dy += <usize>pixels * outPixel;
  }
  if (epilogue == ACCUMULATE) finishLine(dw, size, sum, 1, ACCUMULATE);
}
