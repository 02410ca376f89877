// Images by index: mini-batches of bytes, each channel with a scale and a shift of its own, cropped and flipped at random.
import { scale16, scaled, spanBytes } from "../bytes";
import { draw, word0 } from "../rng";
import { at, span } from "../simd";

/**
 * out[j] = bytes[j]·scale[j] + shift[j], j < n. The bytes may lie in the last n of the 4·n bytes of out: what is written
 * stays behind what is read.
 */
function scaleRow(out: usize, bytes: usize, scale: usize, shift: usize, n: i32): void {
  let j = 0;
  for (; j <= n - 16; j += 16) {
    const s = at(scale, j);
    const t = at(shift, j);
    scale16(
      at(out, j), bytes + j,
      v128.load(s), v128.load(s, 16), v128.load(s, 32), v128.load(s, 48),
      v128.load(t), v128.load(t, 16), v128.load(t, 32), v128.load(t, 48),
    );
  }
  for (; j < n; ++j) {
    const value = i32x4.splat(load<u8>(bytes + j));
    v128.store32_lane(at(out, j), scaled(value, v128.load32_zero(at(scale, j)), v128.load32_zero(at(shift, j))), 0);
  }
}

/** A whole number in [−most, most] from a random word, even but for 2⁻³² or so. */
// @ts-ignore: decorator
@inline
function offset(word: i32, most: i32): i32 {
  return <i32>((<u64>(<u32>word) * <u64>(2 * most + 1)) >> 32) - most;
}

/**
 * to[x,c] = from[x + move, c] where there is such a pixel, else 0; x < width, c < channels; from right to left where it
 * flips. The two do not overlap.
 */
// @ts-ignore: decorator
@inline
function movePixels(to: usize, from: usize, width: i32, channels: i32, move: i32, flips: bool): void {
  const first = max(0, -move);
  const end = min(width, width - move);
  memory.fill(to, 0, <usize>(width * channels));
  if (!flips) {
    memory.copy(to + first * channels, from + (first + move) * channels, <usize>((end - first) * channels));
    return;
  }
  for (let x = first; x < end; ++x) {
    const pixel = to + (width - 1 - x) * channels;
    const source = from + (x + move) * channels;
    for (let c = 0; c < channels; ++c) store<u8>(pixel + c, load<u8>(source + c));
  }
}

/**
 * out[r,y,x,c] = b·scale[x,c] + shift[x,c], b the byte of image indices[r] at row y + dy, column x + dx and channel c, or
 * 0 beyond the edge; columns from right to left where the image flips. With dy and dx even in [−pad, pad] and a flip
 * half the time (if flips), by (state, stream, first + r): with pad = 0 and no flips, the image as it is.
 * This is torchvision's RandomCrop(padding), RandomHorizontalFlip, ToTensor, Normalize.
 * out: f32 [rows, height, width, channels], table: u8 [any, height, width, channels], indices: i32 [rows], scale and
 * shift: f32 [width, channels], the same for all x; state: u32 [4]; 0 ≤ pad < height and width.
 */
export function gatherImages(
  out: usize, table: usize, indices: usize, rows: i32, height: i32, width: i32, channels: i32,
  scale: usize, shift: usize, pad: i32, flips: i32, state: usize, stream: i32, first: i32,
): void {
  const row = width * channels;
  const image = height * row;
  span(out, rows * image);
  span(indices, rows);
  span(scale, row);
  span(shift, row);
  assert(pad >= 0 && (pad == 0 || (pad < width && pad < height)), "a crop that leaves nothing of an image");
  const changes = pad > 0 || flips != 0;
  for (let r = 0; r < rows; ++r) {
    const index = load<i32>(at(indices, r));
    assert(index >= 0, "negative row index");
    const from = table + <usize>index * <usize>image;
    spanBytes(from, image);
    const to = at(out, r * image);
    let down = 0;
    let right = 0;
    let flip = false;
    if (changes) {
      draw(state, stream, first + r);
      down = offset(i32x4.extract_lane(word0, 0), pad);
      right = offset(i32x4.extract_lane(word0, 1), pad);
      flip = flips != 0 && i32x4.extract_lane(word0, 2) < 0;
    }
    for (let y = 0; y < height; ++y) {
      const target = at(to, y * row);
      let bytes = from + (y + down) * row;
      if (changes) {
        // The bytes of a changed row wait in the last quarter of the place of its numbers.
        bytes = target + 3 * row;
        if (<u32>(y + down) < <u32>height) movePixels(bytes, from + (y + down) * row, width, channels, right, flip);
        else memory.fill(bytes, 0, <usize>row);
      }
      scaleRow(target, bytes, scale, shift, row);
    }
  }
}
