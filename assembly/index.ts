// The instruction set: everything a compiled program can call. One export line per kernel file.
export * from "./kernels/unary";
