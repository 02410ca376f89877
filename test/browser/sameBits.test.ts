// build: "strict" promises the same bits on every engine: θ made here in Chromium against θ made in Node, in one run.
import { describe, expect, test } from "vitest";
import { commands } from "vitest/browser";
import { asText, type Net, nets, thetaAfter200Steps } from "./theta.ts";

declare module "vitest/browser" {
  interface BrowserCommands {
    thetaInNode(build: string, net: Net): Promise<string>;
  }
}

test("the page is cross-origin isolated, as threads will need", () => {
  expect(crossOriginIsolated).toBe(true);
  expect(new SharedArrayBuffer(8).byteLength).toBe(8);
});

describe.each(Object.keys(nets) as Net[])("a net of %s", (net) => {
  test("θ after 200 steps is bit-equal in Chromium and Node", async () => {
    const here = await thetaAfter200Steps("strict", net);
    expect(new Set(new Float32Array(here.buffer)).size).toBeGreaterThan(500); // learnt numbers, not zeros
    expect(asText(here)).toBe(await commands.thetaInNode("strict", net));
  });

  test("the debug build has the strict build's bits, on both engines", async () => {
    const strict = asText(await thetaAfter200Steps("strict", net));
    expect(asText(await thetaAfter200Steps("debug", net))).toBe(strict);
    expect(await commands.thetaInNode("debug", net)).toBe(strict);
  });

  test("the same seed twice has the same bits", async () => {
    expect(asText(await thetaAfter200Steps("strict", net))).toBe(asText(await thetaAfter200Steps("strict", net)));
  });
});
