import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { beforeAll, describe, expect, it } from "vitest";
import type { Display } from "../src/cli/display.ts";
import { linesDisplay } from "../src/cli/lines.ts";
import { terminalDisplay } from "../src/cli/terminal.ts";
import type { Profile } from "../src/index.ts";
import { decodeSurface } from "../src/science/index.ts";
import { built, fromSource, jsonLines, lines, root, thalweg } from "./cli/command.ts";
import { cifarFile, mnistFiles, temporaryFolder } from "./data/fixture.ts";
import { expectClose } from "./nn/net.ts";

const digits = temporaryFolder(mnistFiles(200, 50));

const train = (...args: string[]) => ["train", "mnist", "--data", digits, "--hidden", "16", "--seed", "3", ...args];

it.skipIf(process.platform === "win32")("thalweg is a file that can be run", () => {
  expect(execFileSync(join(root, ...built), ["--help"], { encoding: "utf8" })).toMatch(/^Usage: thalweg/);
});

describe("thalweg, asked for what it cannot do", () => {
  it.each<[string, RegExp]>([
    ["train", /missing required argument 'dataset'/],
    ["train cifar", /'cifar' is invalid.*Expected mnist, fashion, cifar10, or a file/],
    ["train mnist --network vgg", /--network <name>' argument 'vgg' is invalid\. Expected lenet5, convfc, mlp:128/],
    ["train mnist --network resnet18", /'resnet18' is invalid.*another depth of 6n \+ 2/],
    ["train mnist --network mlp:0,1", /'mlp:0,1' is invalid\. Expected widths/],
    ["train mnist --network mlp:8 --hidden 8", /'--hidden <widths>' cannot be used with option '--network <name>'/],
    ["train mnist --weight-decay -1", /'-1' is invalid\. Expected a number of at least 0/],
    ["trian mnist", /unknown command 'trian'\s.*Did you mean train/],
    ["train mnist --epoch 5", /unknown option '--epoch'\s.*Did you mean --epochs/],
    ["train mnist --epochs 0", /--epochs <n>' argument '0' is invalid\. Expected a whole number from 1/],
    ["train mnist --epochs 1.5", /'1.5' is invalid/],
    ["train mnist --batch 0", /--batch <n>' argument '0' is invalid/],
    ["train mnist --hidden 128,", /'128,' is invalid\. Expected widths/],
    ["train mnist --hidden 128,0", /'128,0' is invalid/],
    ["train mnist --learning-rate 0", /'0' is invalid\. Expected a number above 0/],
    ["train mnist --learning-rate NaN", /'NaN' is invalid/],
    ["train mnist --momentum 1", /'1' is invalid\. Expected a number from 0 to below 1/],
    ["train mnist --momentum -0.5", /'-0.5' is invalid/],
    ["train mnist --seed -1", /'-1' is invalid/],
    ["train mnist --threads 0", /--threads <n>' argument '0' is invalid\. Expected a whole number from 1/],
    ["train mnist --threads many", /'many' is invalid/],
    ["train mnist --build fast", /'fast' is invalid\. Allowed choices are auto, strict, relaxed/],
    ["train mnist --schedule step", /'step' is invalid\. Allowed choices are linear, constant/],
  ])("%s: says so on stderr and exits with 2", async (args, message) => {
    const { code, out, errors } = await thalweg(args.split(" "));
    expect([code, out]).toEqual([2, ""]);
    expect(errors).toMatch(message);
    expect(errors).not.toMatch(/^ +at /m);
  });

  it("names the files that are missing and exits with 1, without a stack", async () => {
    const { code, out, errors } = await thalweg(["train", "mnist", "--data", temporaryFolder({})]);
    expect([code, out]).toEqual([1, ""]);
    expect(errors).toMatch(/^thalweg: mnist: .*cannot read .*-ubyte.*\n$/);
  });
});

describe("thalweg train, without the files it needs", () => {
  it.each([
    ["fashion", /github\.com\/zalandoresearch\/fashion-mnist/],
    ["cifar10", /https:\/\/www\.cs\.toronto\.edu\/~kriz\/cifar\.html/],
  ])("%s: asks for --data and says where to get them", async (dataset, home) => {
    const { code, out, errors } = await thalweg(["train", dataset]);
    expect([code, out]).toEqual([1, ""]);
    expect(errors).toMatch(/^thalweg: give the folder of the files with --data: .*no folder was given/);
    expect(errors).toMatch(home);
  });
});

describe("thalweg, asked what it is", () => {
  it("prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
    expect(await thalweg(["--version"])).toEqual({ code: 0, out: `${version}\n`, errors: "" });
  });

  it("lists every option of train with its default", async () => {
    const { code, out } = await thalweg(["train", "--help"]);
    expect(code).toBe(0);
    for (const option of ["network", "hidden", "epochs", "batch", "learning-rate", "momentum", "weight-decay", "seed"])
      expect(out).toContain(`--${option} `);
    for (const option of ["augment", "no-augment", "build", "threads", "data", "json"])
      expect(out).toContain(`--${option} `);
    expect(out.match(/default:/g)).toHaveLength(14);
  });
});

describe("thalweg train mnist", () => {
  it("prints one JSON line per epoch, then the result; the same seed gives the same numbers", async () => {
    const args = train("--epochs", "3", "--batch", "32", "--build", "strict", "--json");
    const [first, second] = [await thalweg(args), await thalweg(args)];
    expect([first.code, first.errors]).toEqual([0, ""]);
    const [a, b, c, result, ...more] = jsonLines(first.out);
    expect(more).toEqual([]);
    [a, b, c].forEach((line, i) => {
      expect(Object.keys(line)).toEqual(["epoch", "loss", "validation", "seconds"]);
      expect(line).toMatchObject({
        epoch: i + 1,
        loss: expect.any(Number),
        validation: { loss: expect.any(Number), accuracy: expect.any(Number) },
        seconds: expect.any(Number),
      });
    });
    expect(c.loss).toBeLessThan(a.loss);
    expect(Object.keys(result)).toEqual(["testAccuracy", "testLoss", "seconds", "build", "network", "threads"]);
    expect(result).toMatchObject({
      testAccuracy: c.validation.accuracy,
      testLoss: c.validation.loss,
      seconds: expect.any(Number),
      build: "strict",
      network: "mlp:16",
      threads: 1,
    });
    const withoutTime = (out: string) => jsonLines(out).map((line) => ({ ...line, seconds: 0 }));
    expect(withoutTime(second.out)).toEqual(withoutTime(first.out));
  });

  it("shares the work among threads, and ends with them", async () => {
    const args = train("--epochs", "2", "--batch", "32", "--build", "strict", "--json");
    const run = (...more: string[]) => thalweg([...args, ...more], undefined, built);
    const [alone, together] = [await run(), await run("--threads", "2")];
    expect([together.code, together.errors]).toEqual([0, ""]);
    const [one, two] = [jsonLines(alone.out), jsonLines(together.out)];
    expect(two.at(-1)).toMatchObject({ threads: 2 });
    // Sums in another order: alike, but not to the bit.
    expect(two[1].loss).toBeCloseTo(one[1].loss, 4);
  });

  it("prints one line per epoch into a pipe, then the result, the baseline and what to try next", async () => {
    const { code, out, errors } = await thalweg(train("--epochs", "2", "--hidden", "none", "--schedule", "constant"));
    expect([code, errors]).toEqual([0, ""]);
    expect(
      lines(out).filter((line) => /^epoch [12]\/2 {3}loss \d+\.\d{4} {3}test accuracy \d+\.\d\d %/.test(line)),
    ).toHaveLength(2);
    expect(out).toMatch(/\ntest accuracy \d+\.\d\d %, test loss \d/);
    expect(out).toMatch(/always answering "0".*gives 10\.00 %/);
    expect(out).toMatch(/What to try next\n {2}npx thalweg train mnist --network mlp:512,512/);
    expect(out).not.toContain("\u001b");
  });

  it("shows first where a step's time goes, and writes the trace of it where told to", async () => {
    const file = join(temporaryFolder({}), "step.json");
    const { code, out } = await thalweg(train("--epochs", "1", "--profile", file));
    expect(code).toBe(0);
    expect(out).toMatch(
      /\n\na step of 64 examples, .* kernel calls.*\n\nkernel +calls +ms +share[\s\S]*\ngemm[\s\S]*\nepoch 1\/1/,
    );
    const { traceEvents } = JSON.parse(readFileSync(file, "utf8"));
    expect(traceEvents.filter(({ cat }: { cat: string }) => cat === "update")).toMatchObject([
      { name: "sgd", ph: "X" },
    ]);
  });

  it("puts the profile in front of the JSON lines", async () => {
    const { out } = await thalweg(train("--epochs", "1", "--json", "--profile"));
    expect(jsonLines(out).map((line) => Object.keys(line)[0])).toEqual(["profile", "epoch", "testAccuracy"]);
  });

  it("refuses a trace file that cannot be written, and a data set in its place, before anything is read", async () => {
    for (const [args, message] of [
      [train("--profile", "/no/such/folder/step.json"), "There is no folder /no/such/folder that can be written to."],
      [["train", "--profile", "mnist"], "Put the data set first, as in train mnist --profile."],
    ] as const) {
      const { code, errors } = await thalweg(args);
      expect(code).toBe(2);
      expect(errors).toContain(message);
    }
  });

  it("stops on Ctrl-C with what is done so far, and exits with 130", async () => {
    let sent = false;
    const { code, out, errors } = await thalweg(train("--epochs", "1000000", "--json"), (child, soFar) => {
      if (!sent && soFar.includes("\n")) sent = child.kill("SIGINT");
    });
    expect([code, errors]).toEqual([130, ""]);
    const result = jsonLines(out);
    expect(result.at(-1)).toEqual({
      interrupted: true,
      epochs: result.at(-2).epoch,
      seconds: expect.any(Number),
    });
  });
});

describe("thalweg train --checkpoint", () => {
  const timeless = (text: string): object[] =>
    jsonLines(text).map(({ seconds, examplesPerSecond, checkpoint, ...line }) => line);
  const folder = temporaryFolder({});

  it("goes on after SIGKILL to the numbers of a run that was not killed", async () => {
    const [whole, halves] = [join(folder, "whole"), join(folder, "halves")];
    const { out } = await thalweg(train("--epochs", "40", "--json", "--checkpoint", whole));
    let killed = false;
    const cut = await thalweg(train("--epochs", "40", "--json", "--checkpoint", halves), (child, soFar) => {
      if (!killed && lines(soFar).length >= 3) killed = child.kill("SIGKILL");
    });
    expect(cut.code).toBe(null);
    const { code, out: rest, errors } = await thalweg(["resume", halves, "--json"]);
    expect([code, errors]).toEqual([0, ""]);
    expect(timeless(rest).length).toBeLessThan(40);
    expect(timeless(rest)).toEqual(timeless(out).slice(-timeless(rest).length));
    expect(jsonLines(rest).at(-1).checkpoint).toBe(halves);
  });

  it("goes on for more epochs, at their learning rates", async () => {
    const place = join(folder, "more");
    await thalweg(train("--epochs", "2", "--checkpoint", place));
    const { out, errors } = await thalweg(["resume", place, "--epochs", "4"]);
    expect(errors).toBe("");
    expect(out).toMatch(/epoch 4\/4/);
    expect(out).toContain(`kept in ${place}\n`);
    expect((await thalweg(["resume", place])).errors).toContain("all 4 epochs are done");
  });

  it("says what a checkpoint is not good for", async () => {
    const place = join(folder, "images");
    await thalweg(train("--epochs", "1", "--checkpoint", place));
    const { errors } = await thalweg(["predict", place, "rows.csv"]);
    expect(errors).toContain("was not written by thalweg train with a table");
  });
});

describe("thalweg train, other data sets", () => {
  const files = { "data_batch_1.bin": cifarFile(40, 0), "test_batch.bin": cifarFile(20, 0) };

  it("fashion and cifar10 learn from their folders, by the name of a network", async () => {
    for (const [dataset, folder, network] of [
      ["fashion", digits, "lenet5"],
      ["cifar10", temporaryFolder(files), "resnet8-noskip"],
    ] as const) {
      const args = ["train", dataset, "--data", folder, "--network", network, "--epochs", "2", "--json"];
      const { code, out, errors } = await thalweg(args);
      expect([code, errors]).toEqual([0, ""]);
      expect(jsonLines(out).at(-1)).toMatchObject({ network, testAccuracy: expect.any(Number) });
    }
  });

  it("augments the images of cifar10 unless told otherwise, and those of others on request", async () => {
    const folder = temporaryFolder(files);
    const losses = async (...args: string[]): Promise<number[]> => {
      const { out } = await thalweg(["train", ...args, "--network", "mlp:8", "--epochs", "1", "--json"]);
      return jsonLines(out).map(({ loss }) => loss);
    };
    const cifar = ["cifar10", "--data", folder];
    expect(await losses(...cifar)).not.toEqual(await losses(...cifar, "--no-augment"));
    const mnist = ["mnist", "--data", digits];
    expect(await losses(...mnist)).not.toEqual(await losses(...mnist, "--augment"));
  });
});

describe("the displays of a run", () => {
  const run = {
    examples: 60000,
    testExamples: 10000,
    epochs: 2,
    batch: 64,
    seed: 1,
    build: "strict",
    network: "mlp:none",
    threads: 2,
    version: "1.2.3",
    summary: "dense 784 → 10\n",
  };
  const epoch = { loss: 0.25, seconds: 0.5, examplesPerSecond: 120000 };
  const show = (display: Display): void => {
    display.begin(run);
    display.profile({} as Profile, "a profile");
    display.step({ epoch: 1, loss: 0.5, examplesPerSecond: 120000, seen: 30000 });
    display.epoch({ ...epoch, epoch: 1, validation: { loss: 0.2, accuracy: 0.95 } });
    display.step({ epoch: 2, loss: 0.125, examplesPerSecond: 1000, seen: 90000 });
    display.interrupted({ ...epoch, epoch: 1, validation: { loss: 0.2, accuracy: 0.95 } }, 1.25);
    display.close();
  };

  it("are plain lines in a pipe", () => {
    let text = "";
    show(
      linesDisplay((part) => {
        text += part;
      }, []),
    );
    expect(text).toBe(
      [
        "thalweg 1.2.3, strict build, mlp:none, 2 threads, seed 1",
        "dense 784 → 10",
        "60,000 examples to train on, 10,000 to test on; 938 steps of 64 an epoch",
        "",
        "a profile",
        "",
        "epoch 1/2   loss 0.2500   test accuracy 95.00 %   0.5 s   120,000 examples/s",
        "",
        "interrupted after 1.3 s and 1 of 2 epochs; test accuracy 95.00 %",
        "",
      ].join("\n"),
    );
  });

  it("are a bar with rate, loss and time left on a terminal, cleared away at the end", () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
    show(terminalDisplay(stream, []));
    const text = String(stream.read());
    expect(text).toContain("a profile\n\n");
    expect(text).toMatch(/epoch 1\/2 ░{24} 0%/);
    expect(text).toMatch(/epoch 2\/2 █{18}░{6} 75% {3}1,000 examples\/s {3}loss 0\.1250 {3}0:30 left/);
    const afterTheLastBar = text.slice(text.lastIndexOf("left"));
    expect(afterTheLastBar).toMatch(/interrupted after 1\.3 s and 1 of 2 epochs/);
  });
});

describe("a table of one's own", () => {
  const folder = temporaryFolder({});
  const iris = join(import.meta.dirname, "../src/data/tables/iris.csv");
  const kept = join(folder, "iris.checkpoint");
  const usual = ["train", iris, "--target", "species", "--json", "--patience", "0", "--checkpoint"];

  it("is split, learnt, tested against a baseline and kept", async () => {
    const { code, out, errors } = await thalweg([...usual, kept, "--epochs", "40"]);
    expect([code, errors]).toEqual([0, ""]);
    const lines = jsonLines(out);
    expect(lines).toHaveLength(41);
    expect(lines.at(-1)).toEqual({
      testAccuracy: expect.any(Number),
      testLoss: expect.any(Number),
      seconds: expect.any(Number),
      build: "strict",
      network: "mlp:64",
      threads: 1,
      baseline: { label: expect.any(String), accuracy: 1 / 3 },
      checkpoint: kept,
    });
    expect(lines.at(-1).testAccuracy).toBeGreaterThan(0.8);
  });

  it("is predicted from by the names of its columns, whatever their order", async () => {
    const rows = readFileSync(iris, "utf8").trim().split("\n");
    const turned = rows.map((row) => row.split(",").slice(0, 4).reverse().join(","));
    const given = join(folder, "turned.csv");
    writeFileSync(given, turned.join("\n"));
    const { out } = await thalweg(["predict", kept, given]);
    const [head, ...answers] = out.trim().split("\n");
    expect(head).toBe("species");
    const right = answers.filter((answer, i) => answer === rows[i + 1]?.split(",")[4]);
    expect(answers).toHaveLength(150);
    expect(right.length).toBeGreaterThan(140);
    const { out: json } = await thalweg(["predict", kept, given, "--json"]);
    expect(jsonLines(json)[0]).toEqual({ species: answers[0], probability: expect.any(Number) });
  });

  it("goes on where a run was left, to the same numbers as one that was not", async () => {
    const [whole, halves] = [join(folder, "whole"), join(folder, "halves")];
    const { out } = await thalweg([...usual, whole, "--epochs", "8"]);
    await thalweg([...usual, halves, "--epochs", "3"]);
    const { out: rest } = await thalweg(["resume", halves, "--epochs", "8", "--json"]);
    const timeless = (text: string): object[] => jsonLines(text).map(({ seconds, checkpoint, ...line }) => line);
    expect(timeless(rest)).toEqual(timeless(out).slice(3));
    const again = await thalweg(["resume", halves]);
    expect([again.code, again.errors]).toEqual([
      1,
      "thalweg: resume: all 8 epochs are done; give --epochs with more of them\n",
    ]);
  });

  it("goes on after any epoch to where a run stopped by its patience, and says so behind it", async () => {
    const patient = [...usual.slice(0, 4), "--patience", "2", "--learning-rate", "0.5", "--json", "--checkpoint"];
    const [whole, cut] = [join(folder, "patient"), join(folder, "cut")];
    const { out } = await thalweg([...patient, whole]);
    const timeless = (text: string): object[] => jsonLines(text).map(({ seconds, checkpoint, ...line }) => line);
    const lines = timeless(out);
    const epochs = lines.length - 1;
    expect(epochs).toBeGreaterThan(3);
    expect(epochs).toBeLessThan(60);
    const { out: answers } = await thalweg(["predict", whole, iris, "--json"]);
    for (const epoch of [1, epochs - 2, epochs - 1]) {
      await thalweg([...patient, cut, "--epochs", String(epoch)]);
      const { out: rest } = await thalweg(["resume", cut, "--epochs", "200", "--json"]);
      expect(timeless(rest)).toEqual(lines.slice(epoch));
      expect((await thalweg(["predict", cut, iris, "--json"])).out).toBe(answers);
    }
    const { code, out: again } = await thalweg(["resume", whole, "--json"]);
    expect(code).toBe(0);
    expect(timeless(again)).toEqual([
      {
        note: `the run had stopped after epoch ${epochs}: none of the last 2 was better than epoch ${epochs - 2}; to wait longer, train anew with a larger --patience`,
      },
      lines.at(-1),
    ]);
  });

  it("may hold numbers to predict", async () => {
    const place = join(folder, "width.checkpoint");
    const args = ["train", iris, "--target", "petal_width", "--exclude", "species", "--epochs", "60"];
    const { out } = await thalweg([...args, "--checkpoint", place]);
    expect(out).toMatch(/\ntest error 0\.[12]\d+ \(root mean square\), R² 0\.9\d+/);
    expect(out).toMatch(/always answering 1\.\d+, the mean, gives 0\.[678]/);
    const { out: predicted } = await thalweg(["predict", place, iris, "--json"]);
    const [first] = jsonLines(predicted);
    expect(Math.abs(first.petal_width - 0.2)).toBeLessThan(0.3);
  });

  it("leaves out columns that tell nothing, and says so", async () => {
    const csv = join(folder, "constant.csv");
    // The rare one is met once: with this seed not in the rows to learn from.
    const rows = Array.from({ length: 60 }, (_, i) => `${i},7,${i === 1 ? 1 : 0},${i % 2 ? "odd" : "even"}`);
    writeFileSync(csv, ["x,same,rare,kind", ...rows].join("\n"));
    const args = ["train", csv, "--target", "kind", "--epochs", "1", "--checkpoint", join(folder, "constant")];
    const told: string[] = [];
    for (let seed = 1; seed <= 6 && told.length < 2; seed++) {
      const { code, out, errors } = await thalweg([...args, "--seed", String(seed)]);
      expect([code, errors]).toEqual([0, ""]);
      expect(out).toContain('column "same" holds one value alone and tells nothing: it is left out\n');
      told.splice(0, 2, ...(out.match(/column ".*is left out\n/g) ?? []));
    }
    expect(told[1]).toBe(
      'column "rare" holds one value alone in the 36 rows to learn from and tells nothing there: it is left out\n',
    );
    const { code } = await thalweg(["predict", join(folder, "constant"), csv]);
    expect(code).toBe(0);
  });

  it.each([
    ["text of its own in every row", (i: number) => `n${i},${i % 2 ? "odd" : "even"}`, /column "id" holds text that no row to learn from has, such as "n\d+" \(24 kinds of 60\); leave the column out with --exclude id\n$/],
    ["a class of one row", (i: number) => `${i},${i === 3 ? "lone" : i % 2 ? "odd" : "even"}`, /class "lone" of "kind" has one row alone, and needs three: .*; add rows of it, or take it out of the file\n$/],
    ["a missing cell", (i: number) => `${i === 3 ? "" : i},odd`, /bad\.csv, line 5: column "id" has no value \(""\); fill it in, or take such rows out of the file\n$/],
    ["text among numbers", (i: number) => `${i === 3 ? "three" : i},odd`, /but here "three"; mend it, or take the column out of the file\n$/],
  ])("names a remedy of the command's own for %s", async (_, row, message) => {
    const csv = join(folder, "bad.csv");
    writeFileSync(csv, ["id,kind", ...Array.from({ length: 60 }, (_, i) => row(i))].join("\n"));
    const { code, errors } = await thalweg(["train", csv, "--target", "kind", "--checkpoint", join(folder, "none")]);
    expect(code).toBe(1);
    expect(errors).toMatch(message);
  }); // biome-ignore format: a case a line

  it("is refused by name where something is not right", async () => {
    const csv = join(folder, "bad.csv");
    writeFileSync(csv, "a,b\n1,x\n,y\n");
    for (const [args, message] of [
      [["train", iris], "give --target, the column to predict"],
      [["train", iris, "--target", "colour"], 'there is no column "colour"; the columns are "sepal_length"'],
      [["train", iris, "--target", "species", "--augment"], "--augment is for images alone; leave it out"],
      [["train", iris, "--target", "species", "--network", "lenet5"], "--network lenet5 is for images alone"],
      [["train", csv, "--target", "b"], "bad.csv"],
      [["train", "nowhere.csv", "--target", "b"], "readCsv: cannot read"],
      [["predict", iris, iris], "this is no safetensors file"],
      [["predict", kept, csv], "bad.csv"],
      [["resume", join(folder, "none")], "cannot read"],
    ] as const) {
      const { code, errors } = await thalweg(args);
      expect(code).toBe(1);
      expect(errors).toContain(message);
    }
    const { code, errors } = await thalweg(["train", "penguins"]);
    expect(code).toBe(2);
    expect(errors).toContain("Expected mnist, fashion, cifar10, or a file whose name ends in .csv");
  });
});

describe("thalweg surface and thalweg connect", () => {
  const folder = temporaryFolder({});
  const place = (seed: number) => join(folder, `${seed}.checkpoint`);
  const usual = ["--data", digits, "--examples", "60", "--json"];
  beforeAll(async () => {
    for (const seed of [1, 2])
      await thalweg([...train("--epochs", "4", "--build", "strict"), "--seed", `${seed}`, "--checkpoint", place(seed)]);
    await thalweg([...train("--epochs", "1"), "--hidden", "8", "--checkpoint", place(3)]);
  });

  it("surface: judges a plane around a network, and keeps it", async () => {
    const { code, out, errors } = await thalweg(["surface", place(1), "--grid", "5", "--seed", "7", ...usual]);
    expect([code, errors]).toEqual([0, ""]);
    const [{ seconds, ...result }] = jsonLines(out);
    expect(result).toMatchObject({
      points: 25,
      holes: 0,
      files: ["npz", "svg", "3d.svg"].map((ending) => join(folder, `1.surface.${ending}`)),
      about: { section: { kind: "random plane", seed: 7, normalize: "filter" }, examples: 60 },
    });
    expect(result.loss.min).toBeLessThan(result.loss.max);
    // The same from its file, and nothing of another model's.
    const again = await thalweg(["surface", place(1), "--grid", "5", "--seed", "7", "--resume", ...usual]);
    expect(jsonLines(again.out)[0]).toMatchObject(result);
    const other = [place(2), "--out", join(folder, "1.surface"), "--grid", "5", "--seed", "7", "--resume", ...usual];
    const refused = await thalweg(["surface", ...other]);
    expect([refused.code, refused.out]).toEqual([1, ""]);
    expect(refused.errors).toMatch(/1\.surface\.npz" was made for another model/);
  });

  it("surface: maps the ends of the Hessian's spectrum, and goes on with the map", async () => {
    const args = ["surface", place(1), "--grid", "3", "--eigenvalues", "3", "--out", join(folder, "bent"), ...usual];
    const { code, out, errors } = await thalweg(args);
    expect([code, errors]).toEqual([0, ""]);
    const [{ eigenvalues }] = jsonLines(out);
    expect(eigenvalues).toMatchObject({
      points: 9,
      files: [join(folder, "bent.eigenvalues.npz"), join(folder, "bent.eigenvalues.svg")],
    });
    expect(eigenvalues.largest).toBeGreaterThan(0);
    const map = await decodeSurface(readFileSync(eigenvalues.files[0]));
    expect(Math.max(...(map.largest as Float64Array))).toBe(eigenvalues.largest);
    const again = await thalweg([...args, "--resume"]);
    expect(jsonLines(again.out)[0].eigenvalues).toEqual(eigenvalues);
    const line = await thalweg([...args, "--plane", "line"]);
    expect([line.code, line.errors]).toEqual([1, expect.stringContaining("--eigenvalues needs a plane")]);
  });

  it("surface: counts what is not finite, and leaves it out of its pictures", async () => {
    const args = ["surface", place(1), "--grid", "5", "--range", "1e30", "--out", join(folder, "far"), ...usual];
    const { code, out } = await thalweg(args);
    expect(code).toBe(0);
    const [{ holes, files }] = jsonLines(out);
    expect(holes).toBe(24);
    for (const file of files.slice(1)) {
      const svg = readFileSync(file, "utf8");
      expect(svg).toContain("24 without a finite loss");
      expect(svg).not.toContain("NaN");
    }
  });

  it("surface: goes on where it was killed, to the same numbers", async () => {
    const args = (out: string) => ["surface", place(1), "--grid", "121", "--data", digits, "--out", join(folder, out)];
    const file = join(folder, "killed.npz");
    const child = spawn(process.execPath, [...fromSource, ...args("killed")], { cwd: root, stdio: "ignore" });
    const killer = setInterval(() => existsSync(file) && child.kill("SIGKILL"), 20);
    const signal = await new Promise((done) => child.on("exit", (_, by) => done(by)));
    clearInterval(killer);
    expect(signal).toBe("SIGKILL");
    const part = await decodeSurface(readFileSync(file));
    expect(part.status.indexOf(0)).toBeGreaterThanOrEqual(0);
    for (const more of [[...args("killed"), "--resume"], args("whole")]) expect((await thalweg(more)).code).toBe(0);
    expect(readFileSync(file)).toEqual(readFileSync(join(folder, "whole.npz")));
  });

  it("connect: a curve whose loss is lower than the straight line's", async () => {
    const args = ["connect", place(1), place(2), "--data", digits, "--points", "9", "--epochs", "60", "--batch", "32"];
    args.push("--match", "--ensemble", "3", "--plane", "5");
    const { code, out, errors } = await thalweg([...args, "--json"]);
    expect([code, errors]).toEqual([0, ""]);
    const [result] = jsonLines(out);
    expect(result.curve.train.loss.max).toBeLessThan(result.line.train.loss.max);
    expect(result.curve.train.loss.ends).toEqual(result.line.train.loss.ends);
    // The same two networks at the ends, one of them with its neurons in another order.
    expectClose(result.matched.train.loss.ends, result.line.train.loss.ends, 1e-5);
    expect(result.matched.distance.after).toBeLessThan(result.matched.distance.before);
    expect(result.matched.train.loss.barrier).toBeLessThan(result.line.train.loss.barrier);
    const { points, ends, all } = result.ensembles;
    expect(points.map(({ t }: { t: number }) => t)).toEqual([0, 0.5, 1]);
    expect(points[0].withFirst).toEqual(points[0].alone);
    expect(points[2].withFirst).toEqual(ends);
    expect(points[0].alone.loss).toBeCloseTo(result.curve.test.loss.ends[0], 5);
    expect(all.loss).toBeLessThan(Math.max(...points.map(({ alone }: { alone: { loss: number } }) => alone.loss)));
    const plane = await decodeSurface(readFileSync(join(folder, "1-2.plane.npz")));
    expect(plane.marks.map(({ name }) => name)).toEqual(["a", "b", "bend"]);
    expect([plane.status.length, plane.path.length]).toEqual([25, 61]);
    expect(readFileSync(join(folder, "1-2.plane.svg"), "utf8")).toContain("towards the curve");
    expect(result.pictures).toEqual([join(folder, "1-2.svg"), join(folder, "1-2.plane.svg")]);
    expect(result.out).toBe(join(folder, "1-2"));
    expect(readFileSync(join(folder, "1-2.svg"), "utf8")).toContain("bezier curve, test");
    // All of it is there already.
    const again = await thalweg([...args, "--resume", "--json"]);
    expect(jsonLines(again.out)[0]).toMatchObject({ ...result, seconds: expect.any(Number) });
  });

  it("connect: networks with running statistics, which are computed anew at every point", async () => {
    const [a, b] = [4, 5].map((seed) => place(seed)) as [string, string];
    const network = ["--network", "resnet8", "--epochs", "1", "--batch", "64", "--weight-decay", "0.001"];
    for (const [i, checkpoint] of [a, b].entries())
      await thalweg(["train", "mnist", "--data", digits, ...network, "--seed", `${i}`, "--checkpoint", checkpoint]);
    const args = ["--data", digits, "--points", "3", "--epochs", "1", "--match", "--ensemble", "2", "--plane", "0"];
    const { code, out, errors } = await thalweg(["connect", a, b, ...args]);
    expect([code, errors]).toEqual([0, ""]);
    const told = lines(out);
    const ends = (at: number) => /\(ends ([\d.]+)\)/.exec(told[at] as string)?.[1];
    expect([ends(2), ends(4), ends(3), ends(5)]).toEqual([ends(0), ends(0), ends(1), ends(1)]);
    expect(told[6]).toMatch(/^ensembles, test: a [\d.]+ % right, b .*, 2 points of the curve [\d.]+ %$/);
    expect(told[7]).toMatch(/^losses are cross-entropy \+ ½·0\.001·‖w‖²; after /);
  });

  it.each<[string, () => string[], RegExp]>([
    ["networks of other kinds", () => ["connect", place(1), place(3)], /lineBetween: a and b are different networks/],
    ["a network and itself", () => ["connect", place(1), place(1)], /a and b are the same point/],
    ["what is no checkpoint", () => ["surface", join(digits, "t10k-labels-idx1-ubyte")], /this is no safetensors file/],
    ["other data", () => ["surface", place(1), "--data", "fashion"], /trained on mnist; leave --data out/],
  ])("%s: refused by name", async (_, args, message) => {
    const { code, out, errors } = await thalweg(args());
    expect([code, out]).toEqual([1, ""]);
    expect(errors).toMatch(message);
  });

  it("a grid of one point is refused", async () => {
    const { code, errors } = await thalweg(["surface", place(1), "--grid", "1"]);
    expect(code).toBe(2);
    expect(errors).toMatch(/--grid <n>' argument '1' is invalid/);
  });
});
