import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["thalweg-source"] },
  ssr: { resolve: { conditions: ["thalweg-source", "node"], externalConditions: ["thalweg-source"] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/browser/**"],
          execArgv: ["--experimental-wasm-relaxed-simd"],
        },
      },
    ],
  },
});
