/** Nexmark's events as NDJSON bodies, one event a line, as producers post them: each body of one kind. */
import type { Column } from "../../src/columns/types.ts"
import type { Decoder } from "../../src/contracts/decoder.ts"
import type { SourceSlice } from "../../src/engine/dataflow.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import { sourceId } from "../../src/runners/embedded/lower.ts"
import { assert } from "../../src/std/assert.ts"
import { NEXMARK_EVENTS } from "../../test/nexmark/columns.ts"
import type { NexmarkEvent, NexmarkOptions } from "../../test/nexmark/generator.ts"
import { nexmarkEvents } from "../../test/nexmark/generator.ts"

const ROWS_PER_POST = 1_000

export type Kind = "person" | "auction" | "bid"
export type Posts = Readonly<Record<Kind, readonly Uint8Array[]>>

/** Events [from, to). */
export function nexmarkPosts(from: number, to: number, options: NexmarkOptions): Posts {
  return postsOf(nexmarkEvents(from, to, options))
}

export function postsOf(events: readonly NexmarkEvent[]): Posts {
  const lines: Record<Kind, string[]> = { person: [], auction: [], bid: [] }
  for (const { kind, row } of events) lines[kind].push(lineOf(row))
  return { person: bodiesOf(lines.person), auction: bodiesOf(lines.auction), bid: bodiesOf(lines.bid) }
}

/** Times as ISO 8601 with milliseconds, under the contract's names. */
function lineOf({ timeMs, ...fields }: { readonly timeMs: number; readonly expiresMs?: number }): string {
  const { expiresMs, ...plain } = fields
  const expires = expiresMs === undefined ? {} : { expires: new Date(expiresMs).toISOString() }
  return JSON.stringify({ ...plain, date_time: new Date(timeMs).toISOString(), ...expires })
}

function bodiesOf(lines: readonly string[]): Uint8Array[] {
  const bodies: Uint8Array[] = []
  for (let from = 0; from < lines.length; from += ROWS_PER_POST) {
    bodies.push(Buffer.from(lines.slice(from, from + ROWS_PER_POST).join("\n")))
  }
  return bodies
}

/**
 * Decodes every body, whether the plan reads its kind or not: a door validates all that it is sent. A row was
 * appended when it happened.
 */
export function decodedSlices(
  posts: Posts,
  decoders: ReadonlyMap<string, Decoder>,
  plan: ViewPlan,
): SourceSlice[] {
  return NEXMARK_EVENTS.flatMap(({ name, fields, time }) => {
    const timeAt = (fields as readonly Column[]).findIndex((field) => field.name === time)
    let baseOffset = 0
    const slices = posts[name as Kind].map((body): SourceSlice => {
      const { batch, rejectedCount } = decoders.get(name)!.decode(body, "ndjson")
      assert(rejectedCount === 0, "the generator's events fit their contracts")
      const slice = { source: sourceId(name), partition: 0, baseOffset, skip: null }
      baseOffset += batch.length
      return {
        ...slice,
        batch: { length: batch.length, vectors: [...batch.vectors, batch.vectors[timeAt]!] },
      }
    })
    return plan.events.includes(name) ? slices : []
  })
}
