// What pictures of surfaces have in common: the scale of the loss, and what is said below them.
import { HOLE, KNOWN, type Surface } from "../surfaceFile.ts";

export interface Scale {
  /** Logarithmic, unless a value is below zero. */
  readonly type: "log" | "linear";
  /** The least value that is shown as it is: of those above zero on a logarithmic scale. */
  readonly low: number;
  readonly high: number;
  /** 0 at `low` and below, 1 at `high`. */
  share(value: number): number;
  /** The value at a share. */
  at(share: number): number;
}

/** @throws where no point has a finite loss */
export function scaleOf(call: string, { loss, status }: Pick<Surface, "loss" | "status">): Scale {
  const known = Array.from(loss).filter((_, at) => status[at] === KNOWN);
  if (known.length === 0) throw new Error(`${call}: no point of the surface has a finite loss yet`);
  const type = known.some((value) => value < 0) || known.every((value) => value === 0) ? "linear" : "log";
  const shown = type === "log" ? known.filter((value) => value > 0) : known;
  const [low, high] = shown.reduce(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  const [from, to] = type === "log" ? [Math.log(low), Math.log(high)] : [low, high];
  return {
    ...{ type, low, high },
    share: (value) =>
      value <= low || to === from ? 0 : ((type === "log" ? Math.log(value) : value) - from) / (to - from),
    at(share) {
      const place = from + share * (to - from);
      return type === "log" ? Math.exp(place) : place;
    },
  };
}

/** Points of the grid, off its border, whose loss is lower than that of all eight around them. */
export function localMinima({
  x,
  y,
  loss,
  status,
}: Surface): { readonly x: number; readonly y: number; loss: number }[] {
  const found = [];
  const [width, height] = [x.length, y.length];
  for (let j = 1; j < height - 1; j++)
    for (let i = 1; i < width - 1; i++) {
      const at = j * width + i;
      const around = [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1].map((by) => at + by);
      if ([at, ...around].some((place) => status[place] !== KNOWN)) continue;
      const own = loss[at] as number;
      if (around.every((place) => (loss[place] as number) > own))
        found.push({ x: x[i] as number, y: y[j] as number, loss: own });
    }
  return found;
}

/** What was computed on what. */
export function captionOf({ about, status }: Pick<Surface, "about" | "status">): string {
  const { examples, normalization, section } = about;
  const holes = status.reduce((sum, value) => sum + (value === HOLE ? 1 : 0), 0);
  const facts = [
    `${status.length} points`,
    ...(examples === undefined ? [] : [`loss on ${examples} examples`]),
    ...(section.seed === undefined ? [] : [`seed ${section.seed}, ${section.normalize}-normalised`]),
    ...(normalization === undefined || normalization === "running" ? [] : [`BatchNorm: ${normalization}`]),
    ...(holes === 0 ? [] : [`${holes} without a finite loss`]),
  ];
  return facts.join("; ");
}
