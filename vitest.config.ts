import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions } from "vite";
import { defineConfig } from "vitest/config";
import manifest from "./package.json" with { type: "json" };
import { chromiumOptions } from "./test/browser/chromium.ts";
import { ClosingLine } from "./test/reporter.ts";

/**
 * The library's names mean its sources. Not by the condition thalweg-source: that would be passed on to the workers that
 * a remote model starts, and these are built files.
 */
const sources = [
  ...Object.entries(manifest.exports).flatMap(([entry, target]) =>
    typeof target === "string"
      ? []
      : [{ find: new RegExp(`^thalweg${entry.slice(1)}$`), replacement: absolute(target["thalweg-source"]) }],
  ),
  { find: "#platform", replacement: absolute(manifest.imports["#platform"]["thalweg-source"].default) },
];

function absolute(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** Tests that need files or processes stay in Node; every other test runs in Chromium too. */
const nodeOnly = [
  "test/arrays.test.ts",
  "test/cli.test.ts",
  "test/cli/**",
  "test/data/**",
  "test/files/kill.test.ts",
  "test/files/logs.test.ts",
  "test/files/place.test.ts",
  "test/lecture/**",
  "test/science/eigenvalueSurface.test.ts",
  "test/science/pictures.test.ts",
  "test/science/surface*.test.ts",
  "test/training/allocation.test.ts",
  "test/training/threadLives.test.ts",
];

// From V8 11.4 on, Node 21, relaxed SIMD needs no flag.
const relaxedFlag = Number.parseInt(process.versions.node, 10) < 21 ? ["--experimental-wasm-relaxed-simd"] : [];

/** Shared memory, and so threads, are for cross-origin isolated pages alone. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** What test/browser/sameBits.test.ts compares with: the same steps in a Node process, θ as base64. */
async function thetaInNode(_context: unknown, build: string, net: string): Promise<string> {
  const flags = ["--import", "tsx", "--conditions=thalweg-source"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, "test/browser/thetaInNode.ts", build, net]);
  return stdout;
}

export default defineConfig({
  test: {
    reporters: ["default", new ClosingLine()],
    projects: [
      {
        resolve: { alias: sources },
        test: {
          name: "node",
          testTimeout: 60_000,
          hookTimeout: 60_000,
          include: ["test/**/*.test.ts"],
          exclude: ["test/browser/**", "test/package/**"],
          execArgv: relaxedFlag,
        },
      },
      {
        resolve: { conditions: ["thalweg-source", ...defaultClientConditions] },
        // resvg is machine code for Node.
        optimizeDeps: { include: ["fast-check"], exclude: ["@resvg/resvg-js"] },
        server: { headers: isolation },
        test: {
          name: "chromium",
          testTimeout: 60_000,
          include: ["test/**/*.test.ts"],
          exclude: [...nodeOnly, "test/package/**"],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: await chromiumOptions() }),
            instances: [{ browser: "chromium" }],
            commands: { thetaInNode },
          },
        },
      },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
