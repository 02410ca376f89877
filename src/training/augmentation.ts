// Augmentation: what fit changes at random in the images of each step.
import { requireOneOf, requireOptions, requireWhole } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { showShape } from "../graph/tensor.ts";

export interface Augmentation {
  /**
   * Moves each image by up to so many pixels up or down and left or right, all distances alike likely; what comes in is
   * byte 0, before scale and shift (torchvision's RandomCrop with this padding). Default 0.
   */
  readonly crop?: number;
  /** Turns left and right round in half of the images. Default false. */
  readonly flip?: boolean;
}

/** Throws unless a data set can be augmented so. */
export function requireAugmentation(call: string, augmentation: Augmentation, { x, shape }: Dataset): void {
  requireOptions(`${call}: augment`, augmentation, ["crop", "flip"]);
  const { crop = 0, flip = false } = augmentation;
  requireWhole(`${call}: augment`, "crop", crop, 0);
  requireOneOf(`${call}: augment`, "flip", flip, [true, false]);
  if (crop === 0 && !flip) return;
  if (!(x instanceof Uint8Array))
    throw new Error(`${call}: augment works on images of bytes, the data set holds numbers; give it a Uint8Array`);
  const [height, width] = shape as [number, number];
  if (shape.length !== 3)
    throw new Error(
      `${call}: augment needs images of shape [height, width, channels], the data set has ${showShape(shape)}; give that shape, as mnist({ shape: [28, 28, 1] })`,
    );
  if (crop >= Math.min(height, width))
    throw new Error(
      `${call}: augment: a crop of ${crop} pixels would leave nothing of images of ${height} × ${width}; give less than ${Math.min(height, width)}`,
    );
}
