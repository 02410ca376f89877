// The peers there are, by the names rows use.
import type { Library } from "../contest.ts";

export const peers: Readonly<Record<string, () => Promise<Library>>> = {
  "jax-js": async () => (await import("./jax.ts")).load(),
  "tfjs-wasm": async () => (await import("./tfjs.ts")).load("wasm"),
  "tfjs-cpu": async () => (await import("./tfjs.ts")).load("cpu"),
  torch: async () => (await import("./torch.ts")).load(),
};
