// A user's empty folder, the packed package installed in it, and the README's examples.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs a command to its end; a failure shows what it printed. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<{ stdout: string; stderr: string }> {
  try {
    return await promisify(execFile)(command, args, { cwd, maxBuffer: 2 ** 26 });
  } catch (error) {
    const { message, stdout, stderr } = error as Error & { stdout: string; stderr: string };
    throw new Error(`${message}\n${stdout}\n${stderr}`, { cause: error });
  }
}

export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "thalweg-user-"));

  /** Packs this repository, and installs the tarball and `others` as a user does. */
  async install(...others: string[]): Promise<void> {
    this.write("package.json", '{ "private": true, "type": "module" }');
    await run("npm", ["pack", "--silent", "--pack-destination", this.folder], root);
    const tarball = readdirSync(this.folder).find((name) => name.endsWith(".tgz"));
    if (!tarball) throw new Error("npm pack left no tarball");
    await run("npm", ["install", "--no-audit", "--no-fund", `./${tarball}`, ...others], this.folder);
  }

  write(name: string, text: string): string {
    const file = join(this.folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Example {
  readonly language: string;
  readonly code: string;
}

/** The code block after `<!-- example:name -->` in the README. */
export function readmeExample(name: string): Example {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const block = new RegExp(`<!-- example:${name} -->\\s*\`\`\`(\\w+)\\n(.*?)\`\`\``, "s").exec(readme);
  if (!block) throw new Error(`README.md has no <!-- example:${name} --> with a code block after it`);
  return { language: block[1] as string, code: block[2] as string };
}
