// For experiments that compute for long where the library does not rest by itself.

/** Gives all else on the thread its turn, the keyboard among them. @throws the signal's reason */
export async function giveTurn(signal: AbortSignal): Promise<void> {
  await new Promise((done) => setTimeout(done));
  signal.throwIfAborted();
}
