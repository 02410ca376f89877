import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readNpz } from "../../src/data/index.ts";
import { lbfgs, rosenbrock } from "../../src/science/index.ts";
import { mnistFiles, temporaryFolder } from "../data/fixture.ts";
import { jsonLines, lines, thalweg } from "./command.ts";

const digits = temporaryFolder(mnistFiles(200, 50));
const folder = temporaryFolder({});
const checkpoint = join(folder, "1.checkpoint");
const out = join(folder, "found");

beforeAll(async () => {
  const how = ["--hidden", "4", "--epochs", "1", "--build", "strict", "--checkpoint", checkpoint];
  await thalweg(["train", "mnist", "--data", digits, ...how]);
});

describe("thalweg minimize", () => {
  it("tells each state of a method on a function, and draws the path over its contours", async () => {
    const { code, out: text, errors } = await thalweg(["minimize", "rosenbrock", "--json", "--out", out]);
    expect([code, errors]).toEqual([0, ""]);
    const told = jsonLines(text);
    const result = told.pop();
    const f = await rosenbrock();
    const expected = [...lbfgs(f, f.start)].map(({ theta, ...numbers }) => ({ method: "lbfgs", ...numbers }));
    expect(told).toEqual(expected);
    expect(result).toMatchObject({
      problem: "rosenbrock",
      size: 2,
      results: [{ method: "lbfgs", stopped: "gradient" }],
    });
    for (const value of result.results[0].theta) expect(value).toBeCloseTo(1, 4);
    const svg = readFileSync(`${out}.svg`, "utf8");
    for (const part of ["lbfgs on rosenbrock", ">minimum<", ">start<", 'aria-label="contour"'])
      expect(svg).toContain(part);
    const arrays = await readNpz(new Uint8Array(readFileSync(`${out}.npz`)));
    expect(arrays.get("lbfgs_path")?.shape).toEqual([expected.length, 2]);
    expect(Array.from(arrays.get("lbfgs_loss")?.data as Float64Array)).toEqual(expected.map(({ loss }) => loss));
  });

  it("goes on where it came to, with more iterations, but for the same function", async () => {
    const how = "--method gradientDescent --line-search fixed --learning-rate 0.001 --json".split(" ");
    const by = (...more: string[]) => thalweg(["minimize", "rosenbrock", ...how, ...more]);
    const whole = jsonLines((await by("--iterations", "12", "--out", join(folder, "whole"))).out);
    const first = jsonLines((await by("--iterations", "5", "--out", out)).out);
    const rest = jsonLines((await by("--iterations", "12", "--out", out, "--resume")).out);
    const [expected, before, after] = [whole, first, rest].map((told) => told.pop().results[0]);
    const numbers = (told: { iteration: number; loss: number; gradientNorm: number; step: number }[]) =>
      told.map(({ iteration, loss, gradientNorm, step }) => ({ iteration, loss, gradientNorm, step }));
    expect(before.iterations).toBe(5);
    expect(numbers([...first, ...rest])).toEqual(numbers(whole));
    expect(after).toEqual({ ...expected, evaluations: expected.evaluations + 1 });
    const arrays = (name: string) => readNpz(new Uint8Array(readFileSync(`${join(folder, name)}.npz`)));
    const [one, two] = [await arrays("whole"), await arrays("found")];
    for (const name of ["path", "loss", "theta"].map((part) => `gradientDescent_${part}`))
      expect(two.get(name)).toEqual(one.get(name));
    const { code, errors } = await by("--out", out, "--resume", "--from=0,0");
    expect(code).toBe(1);
    expect(errors).toMatch(/found\.npz was made for another problem; give another --out, or leave --resume out/);
  });

  it("keeps what it has done when it is killed", async () => {
    const file = join(folder, "killed.npz");
    const how = "--method gradientDescent --line-search fixed --dimensions 1000 --condition 1e6 --tolerance 0".split(
      " ",
    );
    const by = (more: readonly string[], watch?: Parameters<typeof thalweg>[1]) =>
      thalweg(["minimize", "quadratic", ...how, "--out", join(folder, "killed"), ...more], watch);
    let wait: ReturnType<typeof setInterval> | undefined;
    await by(["--iterations", "100000000"], (child) => {
      wait ??= setInterval(() => existsSync(file) && child.kill("SIGKILL"), 50);
    });
    clearInterval(wait);
    const { code, out: text } = await by(["--iterations", "1", "--resume", "--json"]);
    expect(code).toBe(0);
    expect(jsonLines(text).at(-1).results[0]).toMatchObject({ stopped: "iterations" });
    expect(jsonLines(text).at(-1).results[0].iterations).toBeGreaterThan(1);
  });

  it("compares several methods, in many dimensions by loss and gradient norm; one may fail", async () => {
    const how = ["--method", "heavyBall,lbfgs", "--learning-rate", "1", "--dimensions", "5", "--condition", "10"];
    const { code, out: text } = await thalweg(["minimize", "quadratic", ...how, "--out", out]);
    expect(code).toBe(0);
    const told = lines(text);
    expect(told).toContainEqual("heavyBall on quadratic, 5 parameters");
    expect(told.at(-3)).toMatch(/^heavyBall: .* ended by heavyBall: .* is not finite|the loss is .*; take a smaller/);
    expect(told.at(-2)).toMatch(/^lbfgs: loss .*; ended by gradient$/);
    const svg = readFileSync(`${out}.svg`, "utf8");
    for (const part of ["batch methods on quadratic", ">↑ loss<", ">↑ gradient norm<"]) expect(svg).toContain(part);
  });

  it("goes on from a network on some of its data, and tests what it finds", async () => {
    const how = ["--data", digits, "--examples", "80", "--iterations", "8", "--json"];
    const { code, out: text, errors } = await thalweg(["minimize", checkpoint, ...how]);
    expect([code, errors]).toEqual([0, ""]);
    const told = jsonLines(text);
    const { before, results, files } = told.pop();
    expect(told[0].loss).toBeGreaterThan(results[0].loss);
    expect(results[0]).toMatchObject({ method: "lbfgs", iterations: 8, stopped: "iterations" });
    expect(results[0].test.loss).not.toBe(before.loss);
    expect(files).toEqual(["npz", "svg"].map((ending) => join(folder, `1.minimize.${ending}`)));
    const arrays = await readNpz(new Uint8Array(readFileSync(files[0])));
    expect(arrays.get("lbfgs_theta")?.shape).toEqual([3190]);
    expect(arrays.has("lbfgs_path")).toBe(false);
  });

  it.each<[string, () => string[], number, RegExp]>([
    [
      "an unknown function",
      () => ["banana"],
      2,
      /Expected rosenbrock, beale, .*or a checkpoint; there is no such file/,
    ],
    ["an unknown method", () => ["beale", "--method", "sgd"], 2, /Expected one or more of gradientDescent,heavyBall/],
    ["a start of another size", () => ["beale", "--from", "1"], 1, /--from has 1 numbers, but the function takes 2/],
    ["a start that is no number", () => ["beale", "--from", "1,x"], 2, /Expected numbers as -1\.2,1/],
    [
      "a start where nothing is finite",
      () => ["beale", "--from", "1e30,2"],
      1,
      /lbfgs: .* at iteration 0.* begin elsewhere/,
    ],
    [
      "steps that are too long",
      () => ["beale", "--method", "nesterov", "--learning-rate", "9"],
      1,
      /smaller learning rate/,
    ],
    [
      "another function's option",
      () => ["beale", "--dimensions", "3"],
      1,
      /--dimensions is for rastrigin and quadratic/,
    ],
    ["a function's option", () => [checkpoint, "--from", "1,1"], 1, /--from is for test functions; leave it out/],
    ["what is no checkpoint", () => [join(digits, "t10k-labels-idx1-ubyte")], 1, /no safetensors file/],
  ])("%s: refused by name", async (_, args, expected, message) => {
    const { code, errors } = await thalweg(["minimize", ...args(), "--json"]);
    expect(code).toBe(expected);
    expect(errors).toMatch(message);
  });
});
