// The report: one HTML file with everything in it, in the lecture's order.
import type { Experiment, Finding } from "./experiment.ts";
import { escaped } from "./markup.ts";
import type { Kept } from "./run.ts";

export type ReportRow = { readonly experiment: Experiment } & (
  | {
      readonly kept: Kept;
      /** SVG of each figure. */
      readonly pictures: readonly string[];
      /** Where they lie, from the report: the data, the code that measured them, and that of verdict and figures. */
      readonly data: string;
      readonly code: string;
      readonly outcome: string;
    }
  | { readonly missing: string }
);

/** An SVG as the address of an image. */
const address = (svg: string): string =>
  `data:image/svg+xml,${encodeURIComponent(svg).replace(/%20/g, " ").replace(/%3D/g, "=").replace(/%2F/g, "/").replace(/%3A/g, ":").replace(/%2C/g, ",")}`;

/** Four digits, without the tail of zeros, and with a true minus. */
const number = (value: number): string =>
  (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(4)))
  ).replaceAll("-", "−");

const marks = { supported: "●", partly: "◐", "not supported": "○" } as const;

const pad = (id: number): string => `row-${id}`;

export function reportHtml(rows: readonly ReportRow[]): string {
  const done = rows.flatMap((row) => ("kept" in row ? [row.kept] : []));
  const tally = Object.keys(marks)
    .map((judgement) => `${done.filter(({ verdict }) => verdict.judgement === judgement).length} ${judgement}`)
    .join(", ");
  const minutes = done.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
  const machines = [...new Set(done.map(({ machine }) => machine))].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gradient-based learning, measured</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the experiments</a>
<header>
<h1>Gradient-based learning, measured</h1>
<p>What a lecture on gradient-based learning claims, claim by claim, and what came out when it was computed.
${done.length} of ${rows.length} experiments: ${tally}${done.length === 0 ? "" : `; ${minutes.toFixed(1)} minutes in all on ${escaped(machines)}`}.
Intervals are of 95 % confidence.</p>
</header>
<nav aria-label="Contents">
<h2>Contents</h2>
<ol>
${rows.map(entry).join("\n")}
</ol>
</nav>
<main id="content">
${rows.map(section).join("\n")}
</main>
</body>
</html>
`;
}

function entry(row: ReportRow): string {
  const { id, title } = row.experiment;
  const state = "kept" in row ? row.kept.verdict.judgement : "missing";
  const mark = "kept" in row ? marks[row.kept.verdict.judgement] : "–";
  return `<li value="${id}"><a href="#${pad(id)}">${escaped(title)}</a> <span class="state"><span aria-hidden="true">${mark}</span> ${state}</span></li>`;
}

function section(row: ReportRow): string {
  const { id, title, claim } = row.experiment;
  const head = `<section id="${pad(id)}" aria-labelledby="${pad(id)}-title">
<h2 id="${pad(id)}-title"><span class="number">${id}</span> ${escaped(title)}</h2>
<p class="claim">${escaped(claim)}</p>`;
  if ("missing" in row)
    return `${head}\n<p class="verdict"><strong>Missing:</strong> ${escaped(row.missing)}</p>\n</section>`;
  const { kept, pictures, data, code, outcome } = row;
  const { judgement, why, numbers } = kept.verdict;
  const figures = kept.figures.map(
    ({ caption, description }, at) => `<figure>
<img src="${escaped(address(pictures[at] as string))}" alt="${escaped(description)}">
<figcaption>${escaped(caption)}</figcaption>
</figure>`,
  );
  return `${head}
<p class="verdict"><strong><span aria-hidden="true">${marks[judgement]}</span> ${sentence(judgement)}.</strong> ${escaped(why)}</p>
${figures.join("\n")}
<table>
<caption>The numbers of experiment ${id}</caption>
<thead><tr><th scope="col">quantity</th><th scope="col">value</th><th scope="col">interval</th><th scope="col">expected</th><th scope="col">runs</th></tr></thead>
<tbody>
${numbers.map(finding).join("\n")}
</tbody>
</table>
<p class="how">${escaped(kept.how)} Preset “${kept.preset}”; ${kept.seconds.toFixed(1)} s.
<a href="${escaped(data)}">Data of experiment ${id}</a>, <a href="${escaped(code)}">code that measured them</a>,
<a href="${escaped(outcome)}">code of verdict and figures</a>.</p>
</section>`;
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function finding({ name, value, interval, expected, runs }: Finding): string {
  const cells = [
    number(value),
    interval ? `${number(interval[0])} to ${number(interval[1])}` : "",
    expected === undefined ? "" : number(expected),
    String(runs),
  ];
  return `<tr><th scope="row">${escaped(name)}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

const style = `
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fdfdfb; --faint: #595959; --line: #d0d0cc; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e4; --paper: #16181b; --faint: #b0b0aa; --line: #3c4046; --link: #8ec5ff; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; color: var(--ink); background: var(--paper); font: 1rem/1.55 system-ui, sans-serif; }
a { color: var(--link); }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem; }
header, main { max-width: 46rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .5rem; }
nav h2 { font-size: 1rem; }
nav ol { margin: 0; padding-left: 2rem; }
nav .state { color: var(--faint); white-space: nowrap; font-size: .85rem; }
section { border-top: 1px solid var(--line); padding: 1.75rem 0; }
.number { display: inline-block; min-width: 1.6em; color: var(--faint); }
.claim { font-size: 1.1rem; margin: 0 0 1rem; padding-left: .9rem; border-left: 4px solid var(--line); }
figure { margin: 1.25rem 0; break-inside: avoid; }
img { display: block; max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
figcaption, .how { color: var(--faint); font-size: .9rem; }
figcaption { margin-top: .35rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; break-inside: avoid; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child { text-align: left; font-weight: 400; }
td { overflow-wrap: anywhere; }
@media (min-width: 40rem) { td { white-space: nowrap; } }
thead th { color: var(--faint); font-weight: 400; }
@media (min-width: 70rem) {
  body { display: grid; grid-template-columns: 20rem minmax(0, 46rem); column-gap: 3rem; }
  header, main { grid-column: 2; }
  nav { grid-column: 1; grid-row: 1 / span 2; position: sticky; top: 1.5rem; align-self: start; max-height: calc(100vh - 3rem); overflow: auto; }
}
@media print {
  :root { --ink: #000; --paper: #fff; --faint: #333; --line: #999; --link: #000; }
  body { display: block; padding: 0; font-size: 10pt; }
  nav { position: static; max-height: none; break-after: page; }
  section { break-inside: auto; }
  h2, .claim { break-after: avoid; }
}
`;
