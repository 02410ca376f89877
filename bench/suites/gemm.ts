// Matrix products: squares, and the four shapes of a 784-128-10 step at batch 64.
import { flopsOfProduct, products, reference } from "../products.ts";
import { type Arena, enter, measure, type Row } from "../row.ts";

export async function* gemm(arena: Arena): AsyncGenerator<Row> {
  for (const product of products) {
    const contestants = await enter(arena, (library) => library.product(product));
    // f32 sums of k products of numbers below 1, in whatever order.
    const event = { suite: "gemm", name: product.name, flops: flopsOfProduct(product), tolerance: 1e-5 } as const;
    yield await measure({ ...event, expected: reference(product) }, contestants, arena);
  }
}
