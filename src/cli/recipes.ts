// What the command can learn, with what, and how if nothing else is said. Text and numbers alone: --help need not load the
// library.

export const datasetNames = ["mnist", "fashion", "cifar10"] as const;
export type DatasetName = (typeof datasetNames)[number];

/** A network by name, as "mlp:128,64". */
export interface NetworkChoice {
  readonly name: string;
  readonly kind: "mlp";
  readonly widths: readonly number[];
}

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
};

/** The network that is trained on a data set unless an option says otherwise. */
export const defaultNetwork: Readonly<Record<DatasetName, string>> = {
  mnist: "mlp:128",
  fashion: "mlp:128",
  cifar10: "mlp:128",
};

/** The defaults of a number, as help shows them: "5" where all are alike, else "5, lenet5: 10". */
export function defaultsOf(name: keyof Recipe): string {
  const [first, ...rest] = Object.entries(recipes).map(([kind, recipe]) => [kind, String(recipe[name])] as const);
  const usual = first?.[1] as string;
  return [usual, ...rest.filter(([, value]) => value !== usual).map(([kind, value]) => `${kind}: ${value}`)].join(", ");
}
