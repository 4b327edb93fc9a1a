/** Texts as a column of ids. */
import { type IdColumn, idColumn } from "../../src/runners/embedded/duplicates/id-column.ts"

const SEED = Int32Array.of(1, 2, 3, 4)

export function idsOf(...texts: string[]): IdColumn {
  const encoded = texts.map((text) => Buffer.from(text))
  const starts = new Int32Array(texts.length)
  const ends = new Int32Array(texts.length)
  let at = 0
  for (const [row, { length }] of encoded.entries()) {
    starts[row] = at
    at += length
    ends[row] = at
  }
  return idColumn(texts.length, { bytes: Buffer.concat(encoded), starts, ends }, SEED)
}
