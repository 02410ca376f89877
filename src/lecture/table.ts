// Tables as figures: text in columns, broken into lines where it is longer.
import type { Figure } from "./experiment.ts";
import { escaped } from "./markup.ts";

export interface TableOptions extends Omit<Figure, "svg"> {
  /** Heads of the columns, and their widths in pixels. */
  readonly columns: readonly { readonly head: string; readonly width: number }[];
  readonly rows: readonly (readonly string[])[];
}

const [SIZE, LETTER, LINE, PAD] = [12, 6.3, 16, 8];

export function table({ name, caption, description, columns, rows }: TableOptions): Figure {
  const lefts = columns.map((_, at) => columns.slice(0, at).reduce((sum, { width }) => sum + width, 0));
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  let top = 0;
  const parts = [columns.map(({ head }) => head), ...rows].map((cells, row) => {
    const broken = cells.map((text, at) => linesOf(text, (columns[at]?.width ?? 0) - 2 * PAD));
    const height = Math.max(...broken.map((lines) => lines.length)) * LINE + 2 * PAD;
    const texts = broken.flatMap((lines, at) =>
      lines.map((line, i) => {
        const place = `x="${(lefts[at] as number) + PAD}" y="${top + PAD + LINE * (i + 1) - 4}"`;
        return `<text ${place}${row === 0 ? ' font-weight="bold"' : ""}>${escaped(line)}</text>`;
      }),
    );
    top += height;
    return [...texts, `<path d="M0 ${top}H${width}" stroke="${row === 0 ? "#000" : "#bbb"}"/>`].join("\n");
  });
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top + 1}" viewBox="0 0 ${width} ${top + 1}" font-family="system-ui, sans-serif" font-size="${SIZE}">`;
  return {
    name,
    caption,
    description,
    svg: [head, '<rect width="100%" height="100%" fill="white"/>', ...parts, "</svg>"].join("\n"),
  };
}

/** Words on lines of so many pixels. */
function linesOf(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length * LETTER <= width || lines.at(-1) === "") lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
