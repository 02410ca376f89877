// `thalweg/inline`: importing it is enough. The modules come along as text, for pages that may not fetch a second file.
import { relaxed, strict } from "./generated/inline.ts";
import { load } from "./load.ts";

const decode = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

load({ bytes: decode(strict) }, "strict");
load({ bytes: decode(relaxed) }, "relaxed");
