// PyTorch, native and on one thread, in a child process that waits for its turn; absent where Python has no torch.
// It is as fast as the BLAS it finds, and Debian's default is the slow reference one. BENCH_BLAS=…/libblas.so.3 gives it
// another, for example from an unpacked libopenblas0-pthread; the table's footnote says which one ran.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Contestant, Library } from "../contest.ts";
import { operandsOf, shapesOf } from "../convolutions.ts";
import { channelsFirst, checkedSteps, transposed } from "../jobs.ts";
import { operands, sampleStride, storedShapes } from "../products.ts";

interface Reply {
  readonly details?: string;
  readonly job?: number;
  readonly answer?: readonly number[];
}

export async function load(python = "/usr/bin/python3"): Promise<Library> {
  const script = fileURLToPath(new URL("./pytorch.py", import.meta.url));
  const single = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
  // Memory that is freed stays: giving it back and faulting it in again took most of a small convolutional net's step.
  const memory = { MALLOC_MMAP_MAX_: "0", MALLOC_TRIM_THRESHOLD_: String(2 ** 32), MALLOC_TOP_PAD_: String(2 ** 26) };
  const { BENCH_BLAS: blas } = process.env;
  const preload = blas ? { LD_PRELOAD: blas } : {};
  const env = { ...process.env, ...single, ...memory, ...preload };
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "ignore"], env });
  const ask = conversation(child);
  const { details } = await ask();
  if (details === undefined) throw new Error("torch said nothing of itself");

  const prepare = async (command: object, ...arrays: readonly ArrayBufferView[]): Promise<Contestant> => {
    const { job, answer = [] } = await ask(command, ...arrays);
    return {
      answer,
      async run(times) {
        await ask({ do: "run", job, times });
      },
    };
  };
  return {
    name: "torch",
    details,
    step(job) {
      const { net, layers, x, y } = channelsFirst(job);
      const parameters = layers.flatMap((layer) => layer.parameters.map(({ values }) => values));
      const plain = layers.map(({ parameters, ...layer }) => ({
        ...layer,
        shapes: parameters.map(({ shape }) => shape),
      }));
      return prepare({ do: "step", net, layers: plain, checked: checkedSteps }, ...parameters, x, y);
    },
    product(shape) {
      const { a, b } = operands(shape);
      const { transposeA = false, transposeB = false } = shape;
      const command = { do: "product", ...storedShapes(shape), transpose_a: transposeA, transpose_b: transposeB };
      return prepare({ ...command, stride: sampleStride }, a, b);
    },
    convolution(convolution) {
      const { part, stride, padding } = convolution;
      const { x, kernel, dy } = operandsOf(convolution);
      const shapes = shapesOf(convolution);
      const operands = [
        transposed(x, shapes.x, [0, 3, 1, 2]),
        transposed(kernel, shapes.kernel, [3, 2, 0, 1]),
        transposed(dy, shapes.dy, [0, 3, 1, 2]),
      ];
      const command = { do: "convolution", part, stride, padding, shapes: operands.map(({ shape }) => shape) };
      return prepare({ ...command, sample_stride: sampleStride }, ...operands.map(({ values }) => values));
    },
    close: () => child.stdin?.end(),
  };
}

/** Commands are answered in order; without a command, the next line is awaited. */
function conversation(
  child: ChildProcess,
): (command?: object, ...arrays: readonly ArrayBufferView[]) => Promise<Reply> {
  const waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = [];
  let ended: Error | undefined;
  const end = (reason: string) => {
    ended ??= new Error(`torch: the Python process ended (${reason})`);
    for (const { reject } of waiting.splice(0)) reject(ended);
  };
  child.on("error", ({ message }) => end(message));
  child.on("exit", (code) => end(`code ${code}`));
  child.stdin?.on("error", ({ message }) => end(message));
  if (child.stdout)
    createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.resolve(JSON.parse(line)));
  return (command, ...arrays) =>
    new Promise((resolve, reject) => {
      if (ended) return reject(ended);
      waiting.push({ resolve, reject });
      if (!command) return;
      child.stdin?.write(`${JSON.stringify(command)}\n`);
      for (const { buffer, byteOffset, byteLength } of arrays)
        child.stdin?.write(new Uint8Array(buffer, byteOffset, byteLength));
    });
}
