/** Captures and restores an operator whose state is one ordered table. */
import type { CheckpointPart } from "../dataflow.ts"
import { checkpointDamaged } from "../errors.ts"
import type { Losses } from "../losses.ts"
import type { CapturedState } from "../operators/stateful-operator.ts"
import type { OrderedTable } from "../state/ordered-table.ts"
import { pageBytes } from "../state/page-store.ts"
import { jsonPart, PART_BYTES, readJson } from "./part-format.ts"
import type { PartMap } from "./restore.ts"

interface OrderedOperator {
  readonly spec: { readonly id: string }
  readonly table: OrderedTable
  closedUntilUs: bigint
}

interface OrderedMeta {
  readonly count: number
  readonly closedUntil: string
  /** Size class of each page, in order. */
  readonly pages: readonly number[]
  readonly losses: Losses
}

export function captureOrdered(
  { spec, table, closedUntilUs }: OrderedOperator,
  losses: Losses,
): CapturedState {
  const snapshot = table.snapshot()
  const meta: OrderedMeta = {
    count: snapshot.count,
    closedUntil: String(closedUntilUs),
    pages: snapshot.pages.map((page) => snapshot.sizeClass(page)),
    losses: { ...losses },
  }
  return {
    *parts(): Generator<CheckpointPart> {
      yield jsonPart(`${spec.id}/meta`, meta)
      let images: Uint8Array[] = []
      let sizeBytes = 0
      let number = 0
      for (const page of snapshot.pages) {
        images.push(snapshot.image(page).slice())
        sizeBytes += images.at(-1)!.length
        if (sizeBytes < PART_BYTES) continue
        yield { name: `${spec.id}/pages/${number++}`, bytes: Buffer.concat(images) }
        images = []
        sizeBytes = 0
      }
      if (images.length > 0) yield { name: `${spec.id}/pages/${number}`, bytes: Buffer.concat(images) }
    },
    [Symbol.dispose]: () => snapshot[Symbol.dispose](),
  }
}

export function restoreOrdered(operator: OrderedOperator, parts: PartMap, losses: Losses): void {
  const { id } = operator.spec
  const meta = readJson<OrderedMeta>(parts, `${id}/meta`)
  Object.assign(losses, meta.losses)
  operator.closedUntilUs = BigInt(meta.closedUntil)
  const images: Uint8Array[] = []
  for (let number = 0, left = meta.pages.length; left > 0; number++) {
    const name = `${id}/pages/${number}`
    const bytes = parts.get(name)
    if (bytes === undefined) throw checkpointDamaged(name, "is missing")
    for (let at = 0; at < bytes.length; left--) {
      const sizeBytes = pageBytes(meta.pages[images.length]!)
      if (at + sizeBytes > bytes.length) throw checkpointDamaged(name, "is too short")
      images.push(bytes.subarray(at, at + sizeBytes))
      at += sizeBytes
    }
  }
  operator.table.adopt(images, meta.pages, meta.count)
}
