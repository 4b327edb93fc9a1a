/**
 * OVER: every row with what its partition says of its place. A partition that an epoch touched is placed anew
 * as a whole, and only the rows that say something else go out.
 */
import { readScalar } from "../../columns/scalar.ts"
import type { Scalar } from "../../columns/types.ts"
import type { Expression, OverCall } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import type { OverSpec } from "../dataflow.ts"
import type { Losses } from "../losses.ts"
import type { OverRows } from "../over/functions.ts"
import { evaluateOver } from "../over/functions.ts"
import type { PartitionedOptions, PlacedRow } from "./partitioned-rows.ts"
import { PartitionedRows } from "./partitioned-rows.ts"
import { RowBuilder } from "./row-builder.ts"

export class OverOperator extends PartitionedRows<OverSpec> {
  readonly #losses: Losses
  readonly #rows: RowBuilder

  constructor(spec: OverSpec, options: Omit<PartitionedOptions, "peerTerms"> & { readonly losses: Losses }) {
    super(spec, { ...options, peerTerms: spec.peerTerms })
    this.#losses = options.losses
    this.#rows = new RowBuilder(options.inputColumns.map(({ type }) => type))
  }

  protected override place(partition: Uint8Array, final: boolean): PlacedRow[] {
    const rows: Uint8Array[] = []
    const peerOf: number[] = []
    let peers: Uint8Array | null = null
    let peerGroup = -1
    const { store } = this.options
    const at = this.table.seek(partition, partition.length)
    for (; at.valid && at.startsWith(partition, partition.length); at.next()) {
      assert(at.weight > 0, `${this.spec.id} takes back only rows that it was given`)
      const row = at.bytes()
      if (peers === null || !at.startsWith(peers, peers.length)) {
        peers = row.subarray(0, this.codec.peerLength(store.u8, at.start))
        peerGroup++
      }
      for (let copy = 0; copy < at.weight; copy++) {
        rows.push(row)
        peerOf.push(peerGroup)
      }
    }
    if (rows.length === 0) return []
    const said = this.#evaluate(rows, peerOf, final)
    return rows.map((row, k) => ({ row, said: said.map((values) => values[k]!), weight: 1 }))
  }

  /** Per call, a value per row. */
  #evaluate(rows: readonly Uint8Array[], peerOf: readonly number[], final: boolean): Scalar[][] {
    const builder = this.#rows
    rows.forEach((row, k) => {
      if (k === builder.capacity) builder.grow()
      this.codec.decode(row, 0, builder.columns, k)
      builder.length = k + 1
    })
    const batch = builder.take(false)!
    const valuesOf = (expression: Expression): Scalar[] => {
      if (expression.kind === "literal") return rows.map(() => expression.value)
      assert(expression.kind === "column", "arguments of window functions are columns or literals")
      return rows.map((_, k) => readScalar(batch.vectors[expression.index]!, k))
    }
    const [term] = this.spec.order
    const overRows: OverRows = {
      count: rows.length,
      peerOf,
      order: term === undefined ? null : valuesOf(columnAt(this.options.inputColumns, term.column)),
      descending: term?.descending ?? false,
    }
    return this.spec.calls.map((call: OverCall) =>
      evaluateOver(call, overRows, call.args.map(valuesOf), {
        taken: call.filter === null ? null : valuesOf(call.filter).map((value) => value === true),
        overflowed: () => {
          if (final) this.#losses.overflowedResults++
        },
      }),
    )
  }
}

function columnAt(columns: PartitionedOptions["inputColumns"], index: number): Expression {
  return { kind: "column", index, ...columns[index]! }
}
