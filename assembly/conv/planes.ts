// One image, channels last, as planes: plane c holds channel c of every pixel, so that eight neighbouring pixels of a
// channel are two vectors wherever a filter lies. With a stride s along an axis the pixels of one phase (coordinate
// modulo s) are neighbours, and there are s times as many planes, each 1/s as long. The borders are zeros, written once.

/** Floats of a plane: at least what it holds, and an odd number of cache lines, so that planes do not share sets. */
export function planeFloats(rows: i32, columns: i32): i32 {
  const lines = (rows * columns + 15) >> 4;
  return (lines | 1) << 4;
}

/**
 * `count` pixels of all channels, `pixel` bytes apart, to neighbours in planes `plane` bytes apart.
 *
 *     x       a0 a1 a2 a3    planes  a0 b0 c0 d0
 *             b0 b1 b2 b3            a1 b1 c1 d1
 *             c0 c1 c2 c3            a2 b2 c2 d2
 *             d0 d1 d2 d3            a3 b3 c3 d3
 */
function scatterRun(to: usize, plane: usize, x: usize, pixel: usize, count: i32, channels: i32): void {
  if (pixel == 4) {
    memory.copy(to, x, (<usize>count) << 2);
    return;
  }
  const plane3: usize = plane + plane + plane;
  let c = 0;
  if (count >= 4)
    for (; c + 4 <= channels; c += 4) {
      for (let i = 0; i < count; i += 4) {
        // The last four overlap those before: the same pixels go to the same places.
        const at = min(i, count - 4);
        const from = x + <usize>at * pixel;
        const r0 = v128.load(from);
        const r1 = v128.load(from + pixel);
        const r2 = v128.load(from + (pixel << 1));
        const r3 = v128.load(from + 3 * pixel);
        const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
        const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
        const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
        const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
        const out = to + ((<usize>at) << 2);
        v128.store(out, v128.shuffle<f64>(low01, low23, 0, 2));
        v128.store(out + plane, v128.shuffle<f64>(low01, low23, 1, 3));
        v128.store(out + (plane << 1), v128.shuffle<f64>(high01, high23, 0, 2));
        v128.store(out + plane3, v128.shuffle<f64>(high01, high23, 1, 3));
      }
      x += 16;
      to += plane << 2;
    }
  for (; c < channels; ++c) {
    let from = x;
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      let v = v128.load32_lane(from + pixel, v128.load32_zero(from), 1);
      v = v128.load32_lane(from + (pixel << 1), v, 2);
      v128.store(to + ((<usize>i) << 2), v128.load32_lane(from + 3 * pixel, v, 3));
      from += pixel << 2;
    }
    for (; i < count; ++i) {
      store<f32>(to + ((<usize>i) << 2), load<f32>(from));
      from += pixel;
    }
    x += 4;
    to += plane;
  }
}

/**
 * Writes the pixels of x [height, width, channels] that fall on the planes:
 * [phases of rows, phases of columns, channels] planes of [rows, columns], `plane` bytes apart.
 * Pixel (i, j) has the padded coordinates (i + top, j + left); coordinate u lies in phase u mod stride at u / stride.
 */
export function toPlanes(
  planes: usize, plane: usize, rows: i32, columns: i32, x: usize, height: i32, width: i32, channels: i32,
  strideH: i32, strideW: i32, top: i32, left: i32,
): void {
  const pixel = (<usize>channels) << 2;
  for (let i = 0; i < height; ++i) {
    const row = (i + top) / strideH;
    if (row >= rows) continue;
    const phases = ((i + top) % strideH) * strideW;
    for (let phase = 0; phase < strideW; ++phase) {
      const first = (phase + strideW - (left % strideW)) % strideW;
      const column = (first + left) / strideW;
      const count = min((width - first + strideW - 1) / strideW, columns - column);
      if (count <= 0) continue;
      scatterRun(
        planes + <usize>((phases + phase) * channels) * plane + ((<usize>(row * columns + column)) << 2), plane,
        x + <usize>(i * width + first) * pixel, <usize>strideW * pixel, count, channels,
      );
    }
  }
}
