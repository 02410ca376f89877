// Labels as distributions: for losses of probabilities, and for mixing examples.
import { requireIndices, requireWhole, show } from "../checks.ts";
import { checkDataset, type Dataset } from "./dataset.ts";

/**
 * The same examples with targets [classes]: 1 at the label, else 0; for crossEntropy({ targets: "probabilities" }).
 * @param classes default: as many as have names, or one above the largest label
 * @throws for a data set without labels, and labels that are no class
 */
export function oneHot(data: Dataset, classes?: number): Dataset {
  checkDataset("oneHot", data);
  const { y, size, targetShape } = data;
  if (!(y instanceof Int32Array) || targetShape.length > 0)
    throw new Error(`oneHot: the data set has target values ${show(targetShape)}, not labels; take them as they are`);
  const count = classes ?? data.classes?.length ?? y.reduce((a, b) => Math.max(a, b)) + 1;
  requireWhole("oneHot", "classes", count, 1);
  requireIndices("oneHot", "y", y, "a label", count);
  const targets = new Float32Array(size * count);
  y.forEach((label, i) => {
    targets[i * count + label] = 1;
  });
  return { ...data, y: targets, targetShape: [count] };
}
