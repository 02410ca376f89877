// Depthwise convolution, one filter a channel: a vector is four channels of one pixel, and nothing is laid out anew.
// Arguments are those of kernels/conv.ts with groups = channels = filters. Sums run in the order (u, v), of dw in that of
// the pixels, row by row.
import { ACCUMULATE } from "../gemm/epilogue";
import { LANES, at, fma } from "../simd";
import { finishPixel, loadLanes } from "./filter";

/**
 * One pixel's channels [c, c + 4·vectors), or `lanes` < 4 of them: Σ over taps of source · w.
 * The tap (u, v) of place (i, j) lies at ((i + u·du)/stepH, (j + v·dv)/stepW) where that is whole and inside.
 */
// @ts-ignore: decorator
@inline
function pixelSums(
  vectors: i32, lanes: i32, out: usize, source: usize, w: usize, height: i32, width: i32, pixel: usize,
  i: i32, j: i32, kernelHeight: i32, kernelWidth: i32, du: i32, dv: i32, stepH: i32, stepW: i32,
  bias: usize, gate: usize, mode: i32,
): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let u = 0; u < kernelHeight; ++u) {
    const y = i + u * du;
    const row = y / stepH;
    if (y < 0 || row >= height || row * stepH != y) continue;
    for (let v = 0; v < kernelWidth; ++v) {
      const x = j + v * dv;
      const column = x / stepW;
      if (x < 0 || column >= width || column * stepW != x) continue;
      const a = source + <usize>(row * width + column) * pixel;
      const b = w + <usize>(u * kernelWidth + v) * pixel;
      s0 = fma(loadLanes(a, lanes), loadLanes(b, lanes), s0);
      if (vectors > 1) {
        s1 = fma(v128.load(a, 16), v128.load(b, 16), s1);
        s2 = fma(v128.load(a, 32), v128.load(b, 32), s2);
        s3 = fma(v128.load(a, 48), v128.load(b, 48), s3);
      }
    }
  }
  finishPixel(out, s0, bias, gate, lanes, mode);
  if (vectors > 1) {
    finishPixel(out + 16, s1, bias + 16, gate + 16, lanes, mode);
    finishPixel(out + 32, s2, bias + 32, gate + 32, lanes, mode);
    finishPixel(out + 48, s3, bias + 48, gate + 48, lanes, mode);
  }
}

/**
 * out [batch, outHeight, outWidth, channels] from source [batch, height, width, channels]: tap u of output row i lies at row
 * (i·scaleH + u·du + originH)/stepH, where that is whole and inside. y from x: step 1; dx from dy: scale 1, du < 0.
 */
export function depthwise(
  out: usize, source: usize, w: usize, extra: usize, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32, scaleH: i32, scaleW: i32,
  du: i32, dv: i32, originH: i32, originW: i32, stepH: i32, stepW: i32, perFilter: bool, mode: i32,
): void {
  const pixel = (<usize>channels) << 2;
  for (let n = 0; n < batch; ++n) {
    for (let place = 0; place < outHeight * outWidth; ++place) {
      const i = (place / outWidth) * scaleH + originH;
      const j = (place % outWidth) * scaleW + originW;
      let c = 0;
      for (; c <= channels - 16; c += 16) {
        const f = (<usize>c) << 2;
        pixelSums(
          4, LANES, out + f, source + f, w + f, height, width, pixel, i, j, kernelHeight, kernelWidth, du, dv, stepH, stepW,
          extra + f, extra + f, mode,
        );
      }
      for (; c < channels; c += LANES) {
        const f = (<usize>c) << 2;
        pixelSums(
          1, min(channels - c, LANES), out + f, source + f, w + f, height, width, pixel, i, j, kernelHeight, kernelWidth,
          du, dv, stepH, stepW, extra + f, extra + f, mode,
        );
      }
      out += pixel;
      if (!perFilter) extra += pixel;
    }
    source += <usize>(height * width) * pixel;
  }
}

/** First and one more than the last j for which j·stride + shift lies in [0, extent). */
// @ts-ignore: decorator
@inline
function firstInside(shift: i32, stride: i32): i32 {
  return shift < 0 ? (stride - 1 - shift) / stride : 0;
}
// @ts-ignore: decorator
@inline
function endInside(shift: i32, stride: i32, extent: i32, out: i32): i32 {
  return shift < extent ? min(out, (extent - 1 - shift) / stride + 1) : 0;
}

/** dw [kernelHeight, kernelWidth, channels] += Σ x·dy. */
export function depthwiseFilterGradient(
  dw: usize, x: usize, dy: usize, batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  kernelHeight: i32, kernelWidth: i32, strideH: i32, strideW: i32, dilationH: i32, dilationW: i32, top: i32, left: i32,
): void {
  const pixel = (<usize>channels) << 2;
  for (let n = 0; n < batch; ++n) {
    for (let u = 0; u < kernelHeight; ++u)
      for (let v = 0; v < kernelWidth; ++v) {
        const shiftH = u * dilationH - top;
        const shiftW = v * dilationW - left;
        const firstRow = firstInside(shiftH, strideH);
        const endRow = endInside(shiftH, strideH, height, outHeight);
        const first = firstInside(shiftW, strideW);
        const end = endInside(shiftW, strideW, width, outWidth);
        if (first >= end) continue;
        for (let c = 0; c < channels; c += LANES) {
          const lanes = min(channels - c, LANES);
          let total = f32x4.splat(0);
          for (let i = firstRow; i < endRow; ++i) {
            let a = at(x + <usize>((i * strideH + shiftH) * width + first * strideW + shiftW) * pixel, c);
            let b = at(dy + <usize>(i * outWidth + first) * pixel, c);
            let s = f32x4.splat(0);
            for (let j = first; j < end; ++j) {
              s = fma(loadLanes(a, lanes), loadLanes(b, lanes), s);
              a += <usize>strideW * pixel;
              b += pixel;
            }
            total = f32x4.add(total, s);
          }
          const to = at(dw + <usize>(u * kernelWidth + v) * pixel, c);
          finishPixel(to, total, 0, 0, lanes, ACCUMULATE);
        }
      }
    x += <usize>(height * width) * pixel;
    dy += <usize>(outHeight * outWidth) * pixel;
  }
}
