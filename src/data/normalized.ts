// Normalisation: each channel to mean 0 and deviation 1, by constants of the training set. Bytes stay bytes: what changes
// is the scale and shift with which they enter a model.
import { show } from "../checks.ts";
import { channelsOf, checkDataset, type Dataset, type PerChannel } from "./dataset.ts";

/** Of the numbers that enter a model, one for each channel: the last axis of an example. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  /** The root of the mean squared distance from the mean. */
  readonly deviation: readonly number[];
}

const at = (value: PerChannel, channel: number): number =>
  typeof value === "number" ? value : (value[channel] as number);

/**
 * Mean and standard deviation of each channel over all examples, as they enter a model: of bytes with the usual scale,
 * in [0, 1]. For examples without an axis of channels, such as [784], each number is a channel of its own.
 * @throws for data sets of integers: they are indices
 */
export function channelStatistics(data: Dataset): ChannelStatistics {
  checkDataset("channelStatistics", data);
  refuseIndices("channelStatistics", data);
  const { x, shape, scale, shift } = data;
  const channels = Array.from({ length: channelsOf(shape) }, (_, channel) => channel);
  if (!(x instanceof Uint8Array)) {
    const means = channels.map((channel) => meanOf(x, channel, channels.length, (value) => value));
    const squares = means.map((mean, channel) => meanOf(x, channel, channels.length, (value) => (value - mean) ** 2));
    return { mean: means, deviation: squares.map(Math.sqrt) };
  }
  const counts = channels.map((channel) => countBytes(x, channel, channels.length));
  const pixels = x.length / channels.length;
  const means = counts.map((count) => count.reduce((sum, n, byte) => sum + n * byte, 0) / pixels);
  const squares = counts.map(
    (count, channel) => count.reduce((sum, n, byte) => sum + n * (byte - (means[channel] as number)) ** 2, 0) / pixels,
  );
  return {
    mean: means.map((mean, channel) => mean * at(scale, channel) + at(shift, channel)),
    deviation: squares.map((square, channel) => Math.sqrt(square) * Math.abs(at(scale, channel))),
  };
}

/**
 * The same examples entering a model as (value − mean)/deviation, channel by channel. Bytes are shared, not copied;
 * other numbers are copied. A channel whose deviation is 0 keeps its scale.
 * @param statistics by default the data set's own; give a test set those of the training set
 * @throws for data sets of integers, and for lists that do not have a number for each channel
 */
export function normalized(data: Dataset, statistics?: ChannelStatistics): Dataset {
  checkDataset("normalized", data);
  refuseIndices("normalized", data);
  const { x, shape, scale, shift } = data;
  const channels = channelsOf(shape);
  const { mean, deviation } = statistics ?? channelStatistics(data);
  for (const [what, list] of Object.entries({ mean, deviation }))
    if (list?.length !== channels || !Array.from(list).every((value) => Number.isFinite(value)))
      throw new Error(
        `normalized: ${what} must hold ${channels} finite numbers, one for each channel, got ${show(list)}`,
      );
  if (deviation.some((value) => value < 0))
    throw new Error(`normalized: deviation must not be below 0, got ${show(deviation)}`);
  const factors = deviation.map((value) => (value === 0 ? 1 : 1 / value));
  const factor = (channel: number): number => factors[channel] as number;
  if (!(x instanceof Uint8Array))
    return {
      ...data,
      x: Float32Array.from(x, (value, i) => (value - (mean[i % channels] as number)) * factor(i % channels)),
    };
  return {
    ...data,
    scale: factors.map((value, channel) => at(scale, channel) * value),
    shift: factors.map((value, channel) => (at(shift, channel) - (mean[channel] as number)) * value),
  };
}

function refuseIndices(call: string, { x }: Dataset): void {
  if (x instanceof Int32Array)
    throw new Error(
      `${call}: the data set holds integers, which are indices: they have no mean; give numbers or bytes`,
    );
}

function meanOf(x: ArrayLike<number>, channel: number, channels: number, of: (value: number) => number): number {
  let sum = 0;
  for (let i = channel; i < x.length; i += channels) sum += of(x[i] as number);
  return sum / (x.length / channels);
}

/** How often each byte occurs: from these, sums without rounding. */
function countBytes(x: Uint8Array, channel: number, channels: number): readonly number[] {
  const counts = new Array<number>(256).fill(0);
  for (let i = channel; i < x.length; i += channels) counts[x[i] as number] = (counts[x[i] as number] as number) + 1;
  return counts;
}
