/**
 * Writes the rows of a join from the ids of the rows that they are made of, a block at a time and column by
 * column.
 */
import type { JoinSpec } from "../dataflow.ts"
import type { RowBuilder } from "../operators/row-builder.ts"
import type { PageStore } from "../state/page-store.ts"
import { rowAddress, SLOT_BITS } from "../state/row-page.ts"
import type { RowStore } from "../state/row-store.ts"
import { CodeScope } from "./code-scope.ts"
import type { JoinPlan, SidePlan } from "./join-plan.ts"
import { copyField } from "./record-code.ts"

/** Rows of a block. */
export const BLOCK_ROWS = 1_024

/** Rows to be put out. Where a row of one side goes alone, the other side's ids have no meaning. */
export class JoinBlock {
  readonly left = new Int32Array(BLOCK_ROWS)
  readonly right = new Int32Array(BLOCK_ROWS)
  readonly weights = new Int32Array(BLOCK_ROWS)
  readonly leftAt = new Int32Array(BLOCK_ROWS)
  readonly rightAt = new Int32Array(BLOCK_ROWS)
  count = 0
}

/** Puts the block's rows out and empties it. Their pages are in memory. */
export type PutBlock = (builder: RowBuilder, block: JoinBlock, left: RowStore, right: RowStore) => void

export function compilePut(store: PageStore, plan: JoinPlan, which: "pairs" | "left" | "right"): PutBlock {
  const scope = new CodeScope()
  const { spec, sides } = plan
  const parts = [
    which === "right" ? padding(spec, "left") : fields(spec, sides[0], "left"),
    ...rightPart(plan, which),
  ]
  const body = `
    const count = block.count;
    if (count === 0) return;
    while (builder.length + count > builder.capacity) builder.grow();
    const n = builder.length, i32 = S.i32, f64 = S.f64, u8 = S.u8;
    ${parts.join("\n")}
    builder.weights.set(block.weights.subarray(0, count), n);
    builder.length = n + count;
    block.count = 0;`
  return scope.compile<PutBlock>("putBlock", ["builder", "block", "left", "right"], body, {
    names: ["S"],
    values: [store],
  })
}

function rightPart({ spec, sides, putsPairs }: JoinPlan, which: "pairs" | "left" | "right"): string[] {
  if (!putsPairs) return []
  return [which === "left" ? padding(spec, "right") : fields(spec, sides[1], "right")]
}

function firstColumn(spec: JoinSpec, name: "left" | "right"): number {
  return name === "left" ? 0 : spec.left.columns.length
}

function fields(spec: JoinSpec, { fields: all, shape }: SidePlan, name: "left" | "right"): string {
  const first = firstColumn(spec, name)
  const addresses = `${name}At`
  const pageOf = `pages[block.${name}[j] >>> ${SLOT_BITS}]`
  const copies = all.map((field, k) => {
    const target = `builder.columns[${first + k}]`
    return copyField(field, spec.columns[first + k]!, { target, addresses, pageOf })
  })
  return `{ const pages = ${name}.directory.pages, ids = block.${name}, ${addresses} = block.${addresses};
    for (let j = 0; j < count; j++) {
      const id = ids[j]; ${addresses}[j] = ${rowAddress(`pages[id >>> ${SLOT_BITS}]`, "id", shape)};
    }
    ${copies.join("\n")} }`
}

/** NULLs in place of a side; values are zero in a builder's fresh columns. */
function padding(spec: JoinSpec, name: "left" | "right"): string {
  const first = firstColumn(spec, name)
  return spec[name].columns
    .map((_, k) => `builder.columns[${first + k}].nulls.fill(1, n, n + count);`)
    .join("\n")
}
