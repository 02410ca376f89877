// Bytes of scratch that the convolution kernels need: what they lay out there, in the order of assembly/kernels/conv.ts.
// The kernels' tests guard the words behind it.
import type { Geometry } from "./conv.ts";
import { gemmScratchBytes } from "./gemmScratch.ts";

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

/** Tiles in work at a time: their 32 matrices fit the second-level cache, and each is worth a product. Measured. */
export const winogradTiles = (g: Geometry): number =>
  Math.max(32, Math.min(256, Math.floor(16384 / (g.channels + g.filters))));

/** What assembly/kernels/winograd.ts lays out: filters, two times 16 matrices with gaps, and a tile from an edge. */
const winogradBytes = (g: Geometry, patch: number, product: number): number =>
  4 * 16 * (g.channels * g.filters + winogradTiles(g) * (g.channels + g.filters) + 2 * 16 + patch) + product;

export const winogradForwardScratchBytes = (g: Geometry): number =>
  winogradBytes(g, g.channels, gemmScratchBytes(winogradTiles(g), g.filters, g.channels));

export const winogradInputGradientScratchBytes = (g: Geometry): number =>
  winogradBytes(g, g.filters, gemmScratchBytes(winogradTiles(g), g.channels, g.filters));

export const winogradFilterGradientScratchBytes = (g: Geometry): number =>
  winogradBytes(g, Math.max(g.channels, g.filters), gemmScratchBytes(g.channels, g.filters, winogradTiles(g)));
