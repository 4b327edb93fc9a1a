/**
 * What a replay sends, as it is written down before anybody is told that the replay exists. Corrected rows
 * are kept as they are to be sent; the others are named, since their bytes are in the log.
 *
 *   key   = "items/" replay "/" number of the chunk
 *   value = JSON: [[key of the mark, event, corrected row in base64 or null], …]
 */
import { assert } from "../../std/assert.ts"

/** Rows on their way at once: they share a sync. */
export const CHUNK_ROWS = 200
/**
 * Of corrected rows in a chunk: with one more of the largest rows it is still a record that the log takes.
 */
const CHUNK_BYTES = 2 * 1024 * 1024
const PREFIX = "items/"

/** One row to send. */
export interface ReplayItem {
  /** Of its mark. */
  readonly key: string
  readonly event: string
  /** Null: as it was. */
  readonly corrected: Uint8Array | null
}

export interface ItemsKey {
  readonly replay: string
  readonly chunk: number
}

export function itemsKey({ replay, chunk }: ItemsKey): string {
  return `${PREFIX}${replay}/${chunk}`
}

/** Null for keys of other kinds. */
export function parseItemsKey(key: string): ItemsKey | null {
  if (!key.startsWith(PREFIX)) return null
  const [replay, chunk] = key.slice(PREFIX.length).split("/")
  return { replay: replay ?? "", chunk: Number(chunk) }
}

export function cutItems(items: readonly ReplayItem[]): readonly (readonly ReplayItem[])[] {
  const chunks: ReplayItem[][] = []
  let bytes = 0
  for (const item of items) {
    const open = chunks.at(-1)
    if (open === undefined || open.length === CHUNK_ROWS || bytes > CHUNK_BYTES) {
      chunks.push([item])
      bytes = 0
    } else open.push(item)
    bytes += item.corrected?.length ?? 0
  }
  return chunks
}

export function encodeItems(items: readonly ReplayItem[]): Uint8Array {
  const rows = items.map(({ key, event, corrected }) => {
    return [key, event, corrected === null ? null : Buffer.from(corrected).toString("base64")]
  })
  return Buffer.from(JSON.stringify(rows))
}

export function decodeItems(value: Uint8Array): readonly ReplayItem[] {
  const rows: unknown = JSON.parse(Buffer.from(value).toString("utf8"))
  assert(Array.isArray(rows), "the topic's only writer wrote a list")
  return rows.map(([key, event, corrected]: [string, string, string | null]) => {
    return { key, event, corrected: corrected === null ? null : Buffer.from(corrected, "base64") }
  })
}
