// The commands that look at trained networks, and at functions: surface, connect, curvature, noise, minimize.
import { Argument, type Command, Option } from "commander";
import type { ConnectCommand } from "./connect.ts";
import type { CurvatureCommand } from "./curvature.ts";
import { functionNames, functionOrCheckpoint, methodNames, methods, numbers } from "./methods.ts";
import type { MinimizeCommand } from "./minimize.ts";
import type { NoiseCommand } from "./noise.ts";
import { countOrNone, number, threads, wholeNumber } from "./options.ts";
import type { SurfaceCommand } from "./surface.ts";

/** `--trace` may come without a number. */
type Given<C extends { readonly trace?: number }> = Omit<C, "trace"> & { readonly trace?: number | true };

/** Runs what a command does; it tells whether it went to its end. */
export type Work = (write: (text: string) => void, signal: AbortSignal) => Promise<boolean>;

const positive = number("a number above 0", (x) => x > 0);

// What several of them ask alike; an option is of one command alone, so each has its own.
const seed = () =>
  new Option("--seed <n>", "start of the random numbers").argParser(wholeNumber(0, 2 ** 32 - 1)).default(1);
const on = (whose = "") =>
  new Option("--on <set>", `${whose}examples of which set`).choices(["train", "test"]).default("train");
const examples = (whose = "", more = "") =>
  new Option("--examples <n>", `${whose}how many of them, drawn by seed 0${more}`)
    .argParser(wholeNumber(1))
    .default(2000);
const data = (whose = "") =>
  new Option("--data <folder>", `${whose}folder of the data set's files, or its name (default: as in training)`);
const shared = () =>
  new Option("--threads <n>", "threads that share the work, or auto (default: as in training)").argParser(threads);
const png = () => new Option("--png", "draw the figure as PNG too, beside SVG");
const json = () => new Option("--json", "print the result as a line of JSON");

export function addInstruments(program: Command, wrote: (work: Work) => Promise<void>): void {
  program
    .command("surface")
    .description(
      "The loss of a trained network around it: on a plane, or a line, of random directions of its own size.",
    )
    .argument("<checkpoint>", "what thalweg train kept of a network for images")
    .addOption(
      new Option("--plane <kind>", "two random directions, or one: a line")
        .choices(["random", "line"])
        .default("random"),
    )
    .option("--grid <n>", "points on a side", wholeNumber(2), 51)
    .option("--range <r>", "from −r to r; 1: as far as the weights are long", positive, 1)
    .addOption(seed())
    .addOption(
      new Option("--normalize <how>", "what gives a direction the size of the weights")
        .choices(["filter", "layer", "weight", "none"])
        .default("filter"),
    )
    .addOption(
      new Option("--batch-norm <how>", "statistics that BatchNorm uses: the network's, the batch's, or computed anew")
        .choices(["running", "batch", "refresh"])
        .default("running"),
    )
    .addOption(on())
    .addOption(examples())
    .addOption(data())
    .addOption(shared())
    .option(
      "--eigenvalues <n>",
      "map the Hessian's smallest eigenvalue over its largest, too, at so many points on a side",
      wholeNumber(2),
    )
    .option("--out <name>", "what files are called before .npz (default: the checkpoint's name and .surface)")
    .option("--resume", "go on with the file of an earlier, same command")
    .addOption(png())
    .addOption(json())
    .action(async (checkpoint: string, options: SurfaceCommand) => {
      const { surfaceOf } = await import("./surface.ts");
      await wrote((write, signal) => surfaceOf(checkpoint, options, write, signal));
    });

  program
    .command("connect")
    .description("Connect two trained networks: by the straight line, and by a curve of low loss that is learnt.")
    .argument("<a>", "checkpoints of two networks for images, of the same kind,")
    .argument("<b>", "trained by thalweg train from different seeds")
    .addOption(
      new Option("--kind <name>", "a Bézier curve, or a chain of straight parts")
        .choices(["bezier", "chain"])
        .default("bezier"),
    )
    .option("--bends <n>", "points between the ends", wholeNumber(1), 1)
    .option("--epochs <n>", "passes over the training set", wholeNumber(1), 12)
    .option("--batch <n>", "examples per step", wholeNumber(1), 128)
    .option("--learning-rate <rate>", "length of the steps, until half of the epochs are done", positive, 0.3)
    .addOption(seed())
    .option("--points <n>", "where line and curve are judged", wholeNumber(2), 61)
    .option("--examples <n>", "how many examples of each set judge", wholeNumber(1), 10000)
    .option("--match", "also a straight line to b with its neurons in the order that comes nearest to a")
    .option("--ensemble <n>", "points of the curve whose predictions are averaged, 0: none", countOrNone, 11)
    .option("--plane <n>", "points on a side of the figure of the curve's plane, 0: none", countOrNone, 21)
    .addOption(data())
    .addOption(shared())
    .option("--out <name>", "what files are called first (default: the checkpoints' names)")
    .option("--resume", "go on with the files of an earlier, same command")
    .addOption(png())
    .addOption(json())
    .action(async (a: string, b: string, options: ConnectCommand) => {
      const { connect } = await import("./connect.ts");
      await wrote((write, signal) => connect(a, b, options, write, signal));
    });

  program
    .command("curvature")
    .description(
      "The Hessian of a trained network's loss: its largest eigenvalues, the most negative one, their density.",
    )
    .argument("<checkpoint>", "what thalweg train kept of a network for images")
    .option("--top <k>", "how many of the largest eigenvalues", wholeNumber(1), 5)
    .option("--density", "the density of all eigenvalues too, as a figure, by stochastic Lanczos quadrature")
    .option("--probes <n>", "random vectors that the density is the mean of", wholeNumber(1), 10)
    .option("--steps <n>", "steps of Lanczos' iteration a probe", wholeNumber(2), 80)
    .option("--trace [products]", "the trace too, by Hutch++ with so many products (default: 99)", wholeNumber(6))
    .option(
      "--tolerance <t>",
      "residual of an eigenvalue that counts as converged, as a share of the largest",
      positive,
      1e-4,
    )
    .addOption(
      new Option("--batch-norm <how>", "statistics that BatchNorm uses: the network's, or those of each 256 examples")
        .choices(["running", "batch"])
        .default("running"),
    )
    .addOption(on())
    .addOption(examples())
    .addOption(seed())
    .addOption(data())
    .option("--out <name>", "what files are called before .npz (default: the checkpoint's name and .curvature)")
    .option("--resume", "keep what an earlier, same command has done: eigenvalues, trace, probe after probe")
    .addOption(png())
    .addOption(json())
    .action(async (checkpoint: string, { trace, ...options }: Given<CurvatureCommand>) => {
      const { curvature } = await import("./curvature.ts");
      const command = { ...options, ...(trace !== undefined && { trace: trace === true ? 99 : trace }) };
      await wrote((write, signal) => curvature(checkpoint, command, write, signal));
    });

  program
    .command("noise")
    .description("How far gradients of batches stray from that of all examples: predicted, and measured by drawing.")
    .argument("<checkpoint>", "what thalweg train kept of a network for images")
    .option("--draws <n>", "batches of each size that are drawn, at least; small ones more often", wholeNumber(2), 100)
    .addOption(on())
    .addOption(examples("", ": all that batches are drawn from"))
    .addOption(seed())
    .addOption(data())
    .option("--out <name>", "what files are called before .npz (default: the checkpoint's name and .noise)")
    .option("--resume", "keep what an earlier, same command has done")
    .addOption(png())
    .addOption(json())
    .action(async (checkpoint: string, options: NoiseCommand) => {
      const { noise } = await import("./noise.ts");
      await wrote((write, signal) => noise(checkpoint, options, write, signal));
    });

  program
    .command("minimize")
    .description(
      "Batch methods on a function, or on a trained network's loss: each state, the path, loss against cost.",
    )
    .addArgument(
      new Argument(
        "<what>",
        `${functionNames.join(", ")}, or what thalweg train kept of a network for images`,
      ).argParser(functionOrCheckpoint),
    )
    .option("--method <names>", `one or more of ${methodNames.join(",")}`, methods, ["lbfgs"])
    .addOption(
      new Option("--line-search <how>", "how gradientDescent finds the length of its steps")
        .choices(["fixed", "armijo", "strongWolfe"])
        .default("armijo"),
    )
    .option(
      "--learning-rate <rate>",
      "of fixed steps, heavyBall and nesterov (default: 1/|λ|, λ the greatest eigenvalue at the start)",
      positive,
    )
    .option(
      "--momentum <m>",
      "of heavyBall and nesterov",
      number("from 0 to below 1", (x) => x >= 0 && x < 1),
      0.9,
    )
    .option("--iterations <n>", "at most (default: 1000, of a network 50)", wholeNumber(1))
    .option(
      "--tolerance <t>",
      "ends where the gradient is no longer",
      number("a number of at least 0", (x) => x >= 0),
      1e-5,
    )
    .option("--from <numbers>", "functions: where to begin, as --from=-1.2,1 (default: the customary place)", numbers)
    .option("--dimensions <n>", "rastrigin and quadratic: how many (default: 2 and 20)", wholeNumber(1, 100000))
    .option(
      "--condition <k>",
      "ravine and quadratic: λmax/λmin (default: 100)",
      number("a number of at least 1", (x) => x >= 1),
    )
    .addOption(on("checkpoints: "))
    .addOption(examples("checkpoints: "))
    .addOption(data("checkpoints: "))
    .option("--out <name>", "what files are called before .npz (default: minimize- and the function's name)")
    .option("--resume", "go on where an earlier, same command came to; methods forget their steps before")
    .addOption(png())
    .option("--json", "print a line of JSON for each state, then the result")
    .action(async (what: string, options: MinimizeCommand) => {
      const { minimize } = await import("./minimize.ts");
      await wrote((write, signal) => minimize(what, options, write, signal));
    });
}
