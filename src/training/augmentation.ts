// Augmentation: what fit changes at random in the examples of each step.

/** In this order. Crop and flip are for images of bytes, shift and cutout for any, noise and mixup for all numbers. */
export interface Augmentation {
  /**
   * Moves each image by up to so many pixels up or down and left or right, all distances alike likely; what comes in is
   * byte 0, before scale and shift (torchvision's RandomCrop with this padding). Default 0.
   */
  readonly crop?: number;
  /** Turns left and right round in half of the images. Default false. */
  readonly flip?: boolean;
  /** Moves as crop does; what comes in repeats the pixel at the edge (Keras's "nearest"). Default 0. */
  readonly shift?: number;
  /** Deviation of the normal noise added to every number, as the model sees it. Default 0. */
  readonly noise?: number;
  /**
   * Side in pixels of a square of zeros, as the model sees them, about a random pixel of each image; what lies beyond the edge
   * is cut off (DeVries and Taylor 2017). Default 0.
   */
  readonly cutout?: number;
  /**
   * α, at most 1: examples and targets of a batch become λ·own + (1 − λ)·another's, the row as far from the batch's other end,
   * λ a batch from Beta(α, α) (Zhang et al. 2018); not for batches done in parts, see microBatch. Classes need targets that are distributions, see oneHot. Default 0.
   */
  readonly mixup?: number;
}
