// Closes a run with one plain line, `N passed, N failed`, which every reader of logs understands. Where TALLY names a
// file the line goes there instead, for .ci/run to add up.
import { appendFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let [passed, failed, skipped] = [0, errors.length, 0];
    for (const module of modules) {
      // A file that did not load has errors and no tests; so has a hook that threw.
      if (!module.ok() && ![...module.children.allTests("failed")].length) failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed++;
        else if (state === "failed") failed++;
        else skipped++;
      }
    }
    const line = `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}\n`;
    const file = process.env.TALLY;
    if (file) appendFileSync(file, line);
    // After the other reporters have printed theirs.
    else process.once("exit", () => process.stdout.write(line));
  }
}
