// Where the files of a data set lie: in a folder (Node), or under an address that a server answers.
import { hasFiles, locate } from "#platform";
import { show } from "../checks.ts";

export interface FolderOptions {
  /** Folder that holds the files. Node only. */
  readonly directory?: string;
  /** Address under which a server holds the files, e.g. "/data/". A page needs it. */
  readonly url?: string | URL;
}

/** What messages say of a data set's files. */
export interface Source {
  /** The reader, as "mnist". */
  readonly call: string;
  /** Names of the files. */
  readonly files: string;
  /** Where they come from: the end of a sentence. */
  readonly origin: string;
  /** Their folder where nothing is said; throws where there is none. */
  readonly standard?: () => URL;
}

/** Throws for unknown options, and unless there is at most one place and it may be one. */
export function requireFolderOptions(call: string, options: FolderOptions, known: readonly string[]): void {
  if (typeof options !== "object" || options === null)
    throw new Error(`${call}: options must be an object such as { directory }, got ${show(options)}`);
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new Error(`${call}: unknown option ${show(name)}; the options are ${known.join(", ")}`);
  const { directory, url } = options;
  if (directory !== undefined && url !== undefined)
    throw new Error(`${call}: give directory or url, not both (got ${show(directory)} and "${url}")`);
  if (directory !== undefined && (typeof directory !== "string" || directory === ""))
    throw new Error(`${call}: directory must be the path of a folder, got ${show(directory)}`);
  if (url !== undefined && !(url instanceof URL) && (typeof url !== "string" || url === ""))
    throw new Error(`${call}: url must be an address such as "/${call}/", got ${show(url)}`);
}

/** Where the files are: a URL that ends in "/". */
export function folderOf({ call, files, origin, standard }: Source, { directory, url }: FolderOptions): URL {
  if (url !== undefined) return asFolder(call, "url", String(url));
  if (!hasFiles)
    throw new Error(
      `${call}: a page cannot read packages or folders; serve the files ${files} (${origin}) and give their address, as ${call}({ url: "/${call}/" })`,
    );
  if (directory !== undefined) return asFolder(call, "directory", directory);
  if (standard) return standard();
  throw new Error(`${call}: no folder was given, as ${call}({ directory }); ${origin}`);
}

function asFolder(call: string, option: "url" | "directory", place: string): URL {
  let url: URL;
  try {
    url = locate(place);
  } catch (cause) {
    throw new Error(`${call}: ${option} ${show(place)} is not an address; give one such as "/${call}/"`, { cause });
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** A file's path, or its address. */
export const showFile = (url: URL): string => (url.protocol === "file:" ? decodeURIComponent(url.pathname) : url.href);

/** What went wrong, in words. */
export const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** Whether reading failed because there is no such file, and not for another reason. */
export function isMissing(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return cause === 404 || code === "ENOENT" || code === "ENOTDIR";
}

/** Whether bytes begin as a page of HTML does: what some servers send in place of a file they have not got. */
export const isWebPage = (bytes: Uint8Array): boolean => bytes[0] === 0x3c;

export const notAPage = "it looks like a web page: does the server have a file at this address?";
