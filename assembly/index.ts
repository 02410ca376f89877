// The instruction set: everything a compiled program can call. One export line per kernel file.
export * from "./kernels/unary";
export * from "./kernels/unaryGradient";
export * from "./kernels/random";
export * from "./gemm";
export * from "./kernels/binary";
export * from "./kernels/copy";
export * from "./kernels/rows";
export * from "./kernels/images";
export * from "./kernels/optimizer";
export * from "./kernels/check";
export * from "./kernels/reduce";
export * from "./kernels/softmax";
export * from "./kernels/crossEntropy";
export * from "./kernels/conv";
export * from "./kernels/batchStatistics";
export * from "./kernels/batchNorm";
export * from "./kernels/pool";
