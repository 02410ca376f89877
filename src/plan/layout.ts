// Lifetimes → offsets: gives every buffer a place in one arena so that no two live ones overlap.

/** A buffer needed from step `first` to step `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Layout {
  readonly offsets: readonly number[];
  readonly bytes: number;
}

const ALIGNMENT = 16;
const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/**
 * Largest first, each at the lowest offset where it meets no buffer that lives at the same time
 * (greedy by size: Pisarchyk and Lee 2020, "Efficient memory management for deep neural net inference").
 */
export function layOut(buffers: readonly Lifetime[]): Layout {
  const offsets: number[] = new Array(buffers.length).fill(0);
  const placed: number[] = [];
  let end = 0;
  const bySize = buffers
    .map((_, i) => i)
    .sort((a, b) => (buffers[b] as Lifetime).bytes - (buffers[a] as Lifetime).bytes || a - b);
  for (const i of bySize) {
    const buffer = buffers[i] as Lifetime;
    const rivals = placed
      .filter((j) => (buffers[j] as Lifetime).first <= buffer.last && buffer.first <= (buffers[j] as Lifetime).last)
      .sort((a, b) => (offsets[a] as number) - (offsets[b] as number));
    let at = 0;
    for (const j of rivals) {
      if ((offsets[j] as number) >= at + buffer.bytes) break;
      at = Math.max(at, align((offsets[j] as number) + (buffers[j] as Lifetime).bytes));
    }
    offsets[i] = at;
    placed.push(i);
    end = Math.max(end, at + buffer.bytes);
  }
  return { offsets, bytes: align(end) };
}
