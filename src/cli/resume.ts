// The command `thalweg resume`: a run goes on where its checkpoint stands, as if it had never stopped.
import { existsSync } from "node:fs";
import { readCheckpoint, type Snapshot } from "thalweg";
import type { Display } from "./display.ts";
import { type TableNotes, trainTable } from "./table.ts";
import { type ImageNotes, train } from "./train.ts";

/**
 * @param more what is to be different
 * @returns whether the run went to its end
 */
export async function resume(
  place: string,
  more: { readonly epochs?: number },
  display: Display,
  version: string,
  interruption: () => AbortSignal,
): Promise<boolean> {
  const snapshot = await readCheckpoint(place);
  const notes = snapshot.notes as TableNotes | ImageNotes | undefined;
  switch (notes?.command) {
    case "thalweg train table": {
      const options = { ...notes.options, ...more, checkpoint: place };
      requireEpochs(snapshot, options.epochs);
      if (!existsSync(options.csv))
        throw new Error(`resume: ${options.csv}, which the run learns from, is not there any more`);
      return trainTable(options, display, version, interruption, snapshot);
    }
    case "thalweg train images": {
      const options = { ...notes.options, ...more, checkpoint: place };
      requireEpochs(snapshot, options.epochs);
      return train(options, display, version, interruption, snapshot);
    }
    default:
      throw new Error(`${place} was not written by thalweg train; use readCheckpoint in a program of your own`);
  }
}

/** Throws where there is nothing left to do. */
function requireEpochs({ fit }: Snapshot, epochs: number): void {
  const done = (fit?.epoch ?? 1) - 1;
  if (done >= epochs) throw new Error(`resume: all ${done} epochs are done; give --epochs with more of them`);
}
