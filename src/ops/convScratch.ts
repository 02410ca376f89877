// Bytes of scratch that the convolution kernels need: what they lay out there, in the order of assembly/kernels/conv.ts.
// The kernels' tests guard the words behind it.
import type { Geometry } from "./conv.ts";

/** A tile of sums. */
const SUMS = 64;
/** What the last tile may read behind the planes. */
const SLACK = 16;
/** Rows of a tile: 5 or 6, by build; fewer rows make more tiles. */
const FEWEST_ROWS = 5;

const reach = (out: number, stride: number, kernel: number, dilation: number): number =>
  (out - 1) * stride + (kernel - 1) * dilation + 1;

const planeFloats = (rows: number, columns: number): number => (Math.ceil((rows * columns) / 16) | 1) * 16;

const packedFloats = (count: number, k: number): number => (count + Math.ceil(count / FEWEST_ROWS)) * k;

/** One filter a channel needs no layout. */
const isDepthwise = (g: Geometry): boolean => g.groups === g.channels && g.filters === g.channels;

export function forwardScratchBytes(g: Geometry): number {
  if (isDepthwise(g)) return 0;
  const rows = Math.ceil(reach(g.outHeight, g.strideH, g.kernelHeight, g.dilationH) / g.strideH);
  const columns = Math.ceil(reach(g.outWidth, g.strideW, g.kernelWidth, g.dilationW) / g.strideW);
  const planes = g.strideH * g.strideW * g.channels * planeFloats(rows, columns);
  const k = (g.kernelHeight * g.kernelWidth * g.channels) / g.groups;
  return 4 * (SUMS + planes + SLACK + g.groups * packedFloats(g.filters / g.groups, k));
}

export function inputGradientScratchBytes(g: Geometry): number {
  if (isDepthwise(g)) return 0;
  const extent = (size: number, kernel: number, dilation: number, pad: number, stride: number): number =>
    Math.floor((size - 1 + pad) / stride) + Math.max(0, Math.ceil(((kernel - 1) * dilation - pad) / stride)) + 1;
  const rows = extent(g.height, g.kernelHeight, g.dilationH, g.top, g.strideH);
  const columns = extent(g.width, g.kernelWidth, g.dilationW, g.left, g.strideW);
  const k = (g.kernelHeight * g.kernelWidth * g.filters) / g.groups;
  const packed = g.groups * packedFloats(g.channels / g.groups, k);
  return 4 * (SUMS + g.filters * planeFloats(rows, columns) + SLACK + packed);
}

export function filterGradientScratchBytes(g: Geometry, accumulates: boolean): number {
  const size = (g.kernelHeight * g.kernelWidth * g.channels * g.filters) / g.groups;
  if (isDepthwise(g)) return accumulates ? 4 * size : 0;
  const rows = reach(g.outHeight, g.strideH, g.kernelHeight, g.dilationH);
  const columns = reach(g.outWidth, g.strideW, g.kernelWidth, g.dilationW);
  const padded = g.top > 0 || g.left > 0 || rows > g.height || columns > g.width;
  const pixels = g.outHeight * g.outWidth;
  const copied = (g.filters / g.groups) % 8 !== 0;
  return (
    4 *
    (SUMS +
      pixels +
      (padded ? rows * columns * g.channels : 0) +
      (copied ? pixels * g.filters + 8 : 0) +
      (accumulates ? size : 0))
  );
}
