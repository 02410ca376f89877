// Which Chromium the tests run, and how: the system's where there is one, else the one inside @sparticuz/chromium.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LaunchOptions } from "playwright";

const cache = fileURLToPath(new URL("../../node_modules/.cache/chromium-147", import.meta.url));

// Not the package's own list: its --single-process has no cross-origin isolation.
const flags = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** What to give to playwright's chromium.launch. CHROMIUM names another executable. */
export async function chromiumOptions(): Promise<LaunchOptions> {
  const system = process.env.CHROMIUM ?? systemChromium();
  if (system) return { executablePath: system, args: flags };
  if (!existsSync(cache)) await unpack();
  const executablePath = join(cache, "chromium");
  const env = { ...(process.env as Record<string, string>) };
  if (lacksLibraries(executablePath)) env.LD_LIBRARY_PATH = join(cache, "al2023/lib");
  if (!existsSync("/etc/fonts")) env.FONTCONFIG_PATH = join(cache, "fonts");
  return { executablePath, args: [...flags, "--headless=shell"], env };
}

function systemChromium(): string | undefined {
  const folders = process.env.PATH?.split(":") ?? [];
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

/** Into a folder of this project: the package's default, /tmp/chromium, is anyone's to write, and half there while another run unpacks. */
async function unpack(): Promise<void> {
  mkdirSync(join(cache, ".."), { recursive: true });
  const folder = mkdtempSync(`${cache}-`);
  const { default: chromium } = await import("@sparticuz/chromium");
  // It unpacks into os.tmpdir(), and its shared libraries (NSS, expat) only where it believes itself on AWS.
  const { TMPDIR, AWS_EXECUTION_ENV } = process.env;
  Object.assign(process.env, { TMPDIR: folder, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" });
  try {
    await chromium.executablePath();
  } finally {
    restore("TMPDIR", TMPDIR);
    restore("AWS_EXECUTION_ENV", AWS_EXECUTION_ENV);
  }
  try {
    renameSync(folder, cache);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    if (!existsSync(cache)) throw error; // else another run was faster
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

const lacksLibraries = (executable: string): boolean =>
  / not found/.test(String(spawnSync("ldd", [executable]).stdout));
