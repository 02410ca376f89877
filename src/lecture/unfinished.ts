// Work that takes long and may be broken off: networks and surfaces go on with what files hold of them.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { checkpoints, type FitOptions, loadCheckpoint, type Model } from "thalweg";
import type { GridOptions } from "thalweg/science";

export interface Unfinished {
  /** Loads what a fit has left. @returns the options with which a fit goes on and is kept, epoch by epoch */
  fit(model: Model, name: string): Promise<Pick<FitOptions, "resume" | "callbacks">>;
  /** @returns the options with which a surface goes on and is kept */
  surface(name: string): Pick<GridOptions, "file" | "resume">;
}

/** @param folder a context's, made if need be; without one nothing is kept */
export function unfinishedIn(folder: string | undefined): Unfinished {
  if (folder === undefined) return { fit: async () => ({}), surface: () => ({}) };
  mkdirSync(folder, { recursive: true });
  return {
    async fit(model, name) {
      const file = join(folder, `${name}.checkpoint`);
      const resume = existsSync(file);
      if (resume) await loadCheckpoint(model, file);
      return { resume, callbacks: [checkpoints(file)] };
    },
    surface(name) {
      const file = join(folder, `${name}.surface`);
      return { file, resume: existsSync(file) };
    },
  };
}
