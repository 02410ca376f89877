// How a product is joined with what reads it: its tiles are finished before they leave the registers.
import { createTensor, type Fusion, sameShape, type Tensor } from "../graph/tensor.ts";

/** What happens to a tile on its way out; numbers are those of assembly/gemm/epilogue.ts. */
export const epilogues = { none: 0, bias: 1, biasRelu: 2, reluMask: 3, accumulate: 4 } as const;
export type Epilogue = keyof typeof epilogues;

export const name = (tensor: Tensor): string => tensor.operation.name;
export const input = (tensor: Tensor, i = 0): Tensor => tensor.inputs[i] as Tensor;

/** relu behind a product with a bias: for the twin that productFusions() makes. */
export const biasRelu: Fusion = (node, usedOnce) => {
  const x = input(node);
  if (name(node) !== "relu" || x?.attributes.epilogue !== "bias" || !usedOnce(x)) return undefined;
  return createTensor(x.operation, x.inputs, x.shape, { ...x.attributes, epilogue: "biasRelu" });
};

/**
 * The fusions of a product.
 * @param isProduct whether a tensor is one whose twin can finish its tiles
 * @param twin the operation with one more input and the attribute `epilogue`
 * @param known what the twin can do
 */
export function productFusions(
  isProduct: (tensor: Tensor) => boolean,
  twin: (inputs: readonly Tensor[], attributes: Tensor["attributes"]) => Tensor,
  known: readonly Epilogue[],
): readonly Fusion[] {
  const finished = (product: Tensor, extra: Tensor, epilogue: Epilogue): Tensor =>
    twin([...product.inputs, extra], { ...product.attributes, epilogue });
  /** product + row vector */
  const bias: Fusion = (node, usedOnce) => {
    if (name(node) !== "add") return undefined;
    const at = node.inputs.findIndex((x) => isProduct(x) && usedOnce(x) && sameShape(x.shape, node.shape));
    const row = node.inputs[1 - at];
    if (at < 0 || row?.shape.length !== 1 || row.shape[0] !== node.shape.at(-1)) return undefined;
    return finished(input(node, at), row, "bias");
  };
  /** relu's gradient of a product */
  const reluMask: Fusion = (node, usedOnce) => {
    const x = input(node);
    if (name(node) !== "reluGradient" || !isProduct(x) || !usedOnce(x)) return undefined;
    return finished(x, input(node, 1), "reluMask");
  };
  /** x + product, as when a regulariser's gradient meets a layer's: the product is added to x where x lies */
  const accumulate: Fusion = (node, usedOnce) => {
    if (name(node) !== "add") return undefined;
    const at = node.inputs.findIndex((x) => isProduct(x) && usedOnce(x));
    const other = node.inputs[1 - at];
    if (at < 0 || !other || !usedOnce(other) || node.inputs.some((x) => !sameShape(x.shape, node.shape)))
      return undefined;
    return finished(input(node, at), other, "accumulate");
  };
  const all = { bias, reluMask, accumulate };
  return known.flatMap((epilogue) => (epilogue in all ? [all[epilogue as keyof typeof all]] : []));
}
