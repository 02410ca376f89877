// A run as JSON lines: one per epoch, the last one the result.
import type { Display } from "./display.ts";

export function jsonDisplay(write: (text: string) => void): Display {
  const line = (value: object): void => write(`${JSON.stringify(value)}\n`);
  return {
    wantsSteps: false,
    begin() {},
    profile: (profile) => line({ profile }),
    note: (note) => line({ note }),
    step() {},
    epoch: ({ epoch, loss, validation, seconds }) => line({ epoch, loss, validation, seconds }),
    end: ({ testAccuracy, testLoss, testRmse, testR2, seconds, build, network, threads, baseline, checkpoint }) =>
      line({
        ...{ testAccuracy, testLoss, testRmse, testR2, seconds, build, network, threads },
        ...(checkpoint !== undefined && { baseline, checkpoint }),
      }),
    interrupted: (last, seconds) => line({ interrupted: true, epochs: last?.epoch ?? 0, seconds }),
    close() {},
  };
}
