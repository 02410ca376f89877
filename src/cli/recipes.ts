// What the command can learn, with what, and how if nothing else is said. Text and numbers alone: --help need not load the
// library.

export const datasetNames = ["mnist", "fashion", "cifar10"] as const;
export type DatasetName = (typeof datasetNames)[number];

/** A network by name, as "mlp:128,64". */
export type NetworkChoice = { readonly name: string } & (
  | { readonly kind: "mlp"; readonly widths: readonly number[] }
  | { readonly kind: "resnet"; readonly depth: number; readonly skips: boolean }
  | { readonly kind: "lenet5" | "convfc" }
);

/** How a network is trained unless options say otherwise. */
export interface Recipe {
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

export const recipes: Readonly<Record<NetworkChoice["kind"], Recipe>> = {
  mlp: { epochs: 5, batch: 64, learningRate: 0.1, momentum: 0.9, weightDecay: 0 },
  lenet5: { epochs: 10, batch: 64, learningRate: 0.05, momentum: 0.9, weightDecay: 1e-4 },
  convfc: { epochs: 30, batch: 128, learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4 },
  resnet: { epochs: 30, batch: 128, learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 },
};

/** The network that is trained on a data set unless an option says otherwise. */
export const defaultNetwork: Readonly<Record<DatasetName, string>> = {
  mnist: "mlp:128",
  fashion: "lenet5",
  cifar10: "resnet20",
};

/** The defaults of a number, as help shows them: "5" where all are alike, else "5, lenet5: 10". */
export function defaultsOf(name: keyof Recipe): string {
  const [first, ...rest] = Object.entries(recipes).map(([kind, recipe]) => [kind, String(recipe[name])] as const);
  const usual = first?.[1] as string;
  return [usual, ...rest.filter(([, value]) => value !== usual).map(([kind, value]) => `${kind}: ${value}`)].join(", ");
}
