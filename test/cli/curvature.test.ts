import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { readNpz } from "../../src/data/index.ts";
import { mnistFiles, temporaryFolder } from "../data/fixture.ts";
import { fromSource, jsonLines, root, thalweg } from "./command.ts";

const digits = temporaryFolder(mnistFiles(200, 50));
const folder = temporaryFolder({});
const place = (seed: number) => join(folder, `${seed}.checkpoint`);
const curvature = (...args: string[]) => ["curvature", place(1), "--data", digits, ...args];

beforeAll(async () => {
  for (const seed of [1, 2]) {
    const how = ["--hidden", "4", "--epochs", "2", "--build", "strict", "--seed", `${seed}`];
    await thalweg(["train", "mnist", "--data", digits, ...how, "--checkpoint", place(seed)]);
  }
});

describe("thalweg curvature", () => {
  it("takes networks of more parameters than a function takes arguments", async () => {
    const wide = join(folder, "wide.checkpoint");
    const how = ["--hidden", "200", "--epochs", "1", "--build", "strict", "--checkpoint", wide];
    await thalweg(["train", "mnist", "--data", digits, ...how]);
    const asked = ["--top", "1", "--tolerance", "0.1", "--examples", "20", "--data", digits, "--json"];
    const { code, out, errors } = await thalweg(["curvature", wide, ...asked]);
    expect([code, errors]).toEqual([0, ""]);
    expect(jsonLines(out)[0]).toMatchObject({ parameters: 159_010, converged: true });
    expect(jsonLines(out)[0].gradientNorm).toBeGreaterThan(0);
  });

  it("finds eigenvalues, trace and density that agree, and leaves them and a figure", async () => {
    const asked = [
      "--top",
      "3",
      "--density",
      "--probes",
      "6",
      "--steps",
      "30",
      "--trace",
      "--examples",
      "90",
      "--json",
    ];
    const { code, out, errors } = await thalweg(curvature(...asked));
    expect([code, errors]).toEqual([0, ""]);
    const [result] = jsonLines(out);
    // 784·4 + 4 + 4·10 + 10
    expect(result).toMatchObject({ parameters: 3190, on: "train", examples: 90, converged: true });
    expect(result.eigenvalues).toEqual([...result.eigenvalues].sort((a, b) => b - a));
    expect(result.smallest).toBeLessThan(result.eigenvalues[2]);
    const { trace, density } = result;
    // Six samples of variance 2·Σ_{i≠j} H²ᵢⱼ, below 2·tr(H²), about 2·λ₁·tr H, against Hutch++.
    const squares = result.eigenvalues[0] * trace.trace;
    expect(Math.abs(trace.trace - density.trace)).toBeLessThan(3 * Math.sqrt((2 * squares) / 6));
    expect(result.files).toEqual(["npz", "svg"].map((ending) => join(folder, `1.curvature.${ending}`)));
    expect(readFileSync(result.files[1], "utf8")).toContain("the 3 largest and the smallest eigenvalue");
    const arrays = await readNpz(new Uint8Array(readFileSync(result.files[0])));
    expect(arrays.get("eigenvectors")?.shape).toEqual([3, 3190]);
    for (let i = 0; i < 6; i++) {
      const weights = Array.from(arrays.get(`weights_${i}`)?.data as Float64Array);
      expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
    }
    // All is done already; two probes more.
    const more = await thalweg(curvature(...asked, "--resume", "--probes", "8"));
    expect(jsonLines(more.out)[0]).toMatchObject({ trace, eigenvalues: result.eigenvalues, density: { probes: 8 } });
  });

  it("keeps what is done when it is interrupted, and goes on with it", async () => {
    const name = join(folder, "stopped");
    const args = curvature("--out", name, "--top", "1", "--density", "--steps", "20", "--json");
    const child = spawn(process.execPath, [...fromSource, ...args, "--probes", "5000"], { cwd: root });
    const ended = new Promise((done) => child.on("close", done));
    let out = "";
    child.stdout.on("data", (text) => {
      out += text;
    });
    const arrays = async () => readNpz(new Uint8Array(readFileSync(`${name}.npz`)));
    while (!(existsSync(`${name}.npz`) && (await arrays()).has("nodes_1"))) await setTimeout(50);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(jsonLines(out)).toEqual([{ interrupted: true, file: `${name}.npz` }]);
    const before = await arrays();
    const again = await thalweg([...args, "--resume", "--probes", "2"]);
    expect(jsonLines(again.out)[0]).toMatchObject({ density: { probes: 2 } });
    expect(await arrays()).toEqual(before);
  });

  it.each<[string, () => string[], number, RegExp]>([
    ["more eigenpairs than parameters", () => curvature("--top", "3191"), 1, /count must be at most 3190/],
    ["no eigenpairs", () => curvature("--top", "0"), 2, /Expected a whole number from 1/],
    [
      "a checkpoint that is not there",
      () => ["curvature", join(folder, "9.checkpoint")],
      1,
      /cannot read .*9\.checkpoint/,
    ],
    ["what is no checkpoint", () => ["curvature", join(digits, "t10k-labels-idx1-ubyte")], 1, /no safetensors file/],
  ])("%s: refused by name", async (_, args, expected, message) => {
    const { code, out, errors } = await thalweg(args());
    expect([code, out]).toEqual([expected, ""]);
    expect(errors).toMatch(message);
  });

  it("does not go on with what was done for another network", async () => {
    const name = join(folder, "one");
    expect((await thalweg(curvature("--top", "1", "--out", name))).code).toBe(0);
    const other = ["curvature", place(2), "--data", digits, "--top", "1", "--out", name, "--resume"];
    const { code, errors } = await thalweg(other);
    expect(code).toBe(1);
    expect(errors).toMatch(/one\.npz was made for another model; give another --out, or leave --resume out/);
  });
});
