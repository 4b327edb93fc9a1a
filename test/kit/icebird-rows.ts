/** A table's rows as icebird reads them: a reader of Iceberg that is not ours. */
import { readFileSync } from "node:fs"
import { icebergRead } from "icebird"

export type IcebirdRow = Readonly<Record<string, unknown>>

/** icebird reads over HTTP only; its requests for paths on the disk are answered from there. */
export async function icebirdRows(location: string): Promise<readonly IcebirdRow[]> {
  const realFetch = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    const path = String(input)
    if (!path.startsWith("/")) return realFetch(input, init)
    const bytes = readFileSync(path)
    const range = /bytes=(\d+)-(\d*)/.exec(new Headers(init?.headers).get("range") ?? "")
    const isHead = init?.method === "HEAD"
    const part =
      range === null
        ? bytes
        : bytes.subarray(Number(range[1]), range[2] === "" ? undefined : Number(range[2]) + 1)
    const headers = { "content-length": String(part.length) }
    return new Response(isHead ? null : part, { status: range === null ? 200 : 206, headers })
  }
  try {
    return (await icebergRead({ tableUrl: location })) as IcebirdRow[]
  } finally {
    globalThis.fetch = realFetch
  }
}

/** Where each record of the table was in the log, with its bytes: "partition@offset" to text. */
export function placesOf(rows: readonly IcebirdRow[]): Map<string, string> {
  const places = new Map<string, string>()
  for (const { _partition, _offset, _value } of rows) {
    const place = `${_partition}@${_offset}`
    if (places.has(place)) throw new Error(`${place} is in the table twice`)
    places.set(place, textOf(_value))
  }
  return places
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : String(value)
}
