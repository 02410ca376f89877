// Chains of elementwise operations over very long tensors run block by block: a block's intermediate results stay in a
// cache and never reach memory. Needs no kernel of its own: the same kernels are called on parts.
import { type Operand, sameShape, size, type Tensor } from "../graph/tensor.ts";

/** Elements of a block: 128 kB a buffer, long enough that the calls cost nothing beside their work. */
export const BLOCK = 32768;
/**
 * Elements from which blocks pay. Measured on a chain of six operations, one pass each against blocks: 0.9 × the speed at
 * 1 and 2 million elements, which the last-level cache (32 MB) serves as well, 1.2 × at 4 million, 1.3 × at 8 million;
 * blocks of 2048 elements were slower at every length up to 4 million. `npm run bench -- chain` measures it again.
 */
export const WORTH_BLOCKING = 4_194_304;

/** Neighbouring steps that run together, block by block. */
export interface Chain {
  readonly steps: readonly Tensor[];
  /** Results that only the chain itself reads: they need one block of memory. */
  readonly passing: ReadonlySet<Tensor>;
}

const isStep = (tensor: Tensor): boolean => tensor.operation.emit !== undefined;

/** Elementwise over its full size: every input is of the same shape, or one number. */
const isElementwise = (tensor: Tensor): boolean =>
  tensor.operation.elementwise === true &&
  tensor.inputs.every((x) => size(x) === 1 || sameShape(x.shape, tensor.shape));

/**
 * Finds chains of at least two steps.
 * @param steps every tensor of the program in the order of execution
 * @param kept tensors that must exist as a whole after the run
 */
export function findChains(steps: readonly Tensor[], kept: ReadonlySet<Tensor>, worth = WORTH_BLOCKING): Chain[] {
  const users = new Map<Tensor, Tensor[]>();
  for (const tensor of steps) for (const x of tensor.inputs) users.set(x, [...(users.get(x) ?? []), tensor]);
  const chains: Chain[] = [];
  let open: Tensor[] = [];
  const close = (): void => {
    const members = new Set(open);
    const passing = new Set(
      open.filter((t) => !kept.has(t) && (users.get(t) ?? []).every((user) => members.has(user))),
    );
    if (passing.size > 0) chains.push({ steps: open, passing });
    open = [];
  };
  for (const tensor of steps) {
    if (!isStep(tensor)) continue;
    const joins = isElementwise(tensor) && size(tensor) >= worth;
    if (open.length > 0 && !(joins && size(open[0] as Tensor) === size(tensor))) close();
    if (joins) open.push(tensor);
  }
  close();
  return chains;
}

/** The part of an operand that belongs to the block from `start` on. */
export function blockOf(operand: Operand, start: number, length: number, passing: boolean): Operand {
  if (size(operand) === 1) return operand;
  return { ...operand, offset: operand.offset + (passing ? 0 : 4 * start), shape: [length] };
}
