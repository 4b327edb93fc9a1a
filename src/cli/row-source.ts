/**
 * Rows to send, as JSON texts with the line that each came from: out of NDJSON or CSV, from a file or stdin.
 */
import { createReadStream } from "node:fs"
import { csvRows } from "./csv-rows.ts"
import { inputUnreadable } from "./errors.ts"
import type { SentField } from "./sent-field.ts"
import type { Terminal } from "./terminal.ts"

export interface SourceRow {
  /** One JSON object, UTF-8, without a line break. */
  readonly json: Uint8Array
  /** In the input, from 1. */
  readonly line: number
}

export type RowFormat = "ndjson" | "csv"

export interface RowInput {
  /** Null: standard input. */
  readonly file: string | null
  readonly format: RowFormat
  readonly fields: readonly SentField[]
}

/** A line longer than the server takes in one post cannot be sent at all. */
const MAX_LINE_BYTES = 16 * 1024 * 1024
const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const OPENING_BRACKET = 0x5b
const IS_AN_ARRAY = "it is a JSON array; send one object a line (jq -c '.[]' makes them of an array)"

/**
 * What is there at a time, in order: many rows of a file, one of a pipe that drips. @throws input-unreadable
 */
export async function* readRows(input: RowInput, terminal: Terminal): AsyncGenerator<readonly SourceRow[]> {
  const name = input.file ?? "standard input"
  const bytes: AsyncIterable<Uint8Array> = input.file === null ? terminal.stdin : createReadStream(input.file)
  try {
    yield* input.format === "csv" ? csvRows(bytes, input.fields, name) : ndjsonRows(bytes, name)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "syscall" in error)) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw inputUnreadable(name, code === "ENOENT" ? "there is no such file" : message, error)
  }
}

/** Blank lines are skipped; what is on a line is for the server to judge. */
export async function* ndjsonRows(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<readonly SourceRow[]> {
  let count = 0
  for await (const lines of linesOf(bytes, name)) {
    const rows: SourceRow[] = []
    for (const text of lines) {
      const line = ++count
      const json = trimmed(line === 1 ? withoutMark(text) : text)
      if (json.length === 0) continue
      if (line === 1 && json[0] === OPENING_BRACKET) throw inputUnreadable(name, IS_AN_ARRAY)
      rows.push({ json, line })
    }
    if (rows.length > 0) yield rows
  }
}

/** The lines that end in each piece of input, without their LF; the last one may have none. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array[]> {
  let rest: Uint8Array[] = []
  let restBytes = 0
  for await (const chunk of bytes) {
    const lines: Uint8Array[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const part = chunk.subarray(start, end)
      lines.push(restBytes === 0 ? part : Buffer.concat([...rest, part]))
      rest = []
      restBytes = 0
      start = end + 1
    }
    if (start < chunk.length) rest.push(chunk.subarray(start))
    restBytes += chunk.length - start
    if (restBytes > MAX_LINE_BYTES) {
      throw inputUnreadable(
        name,
        `a line has more than ${MAX_LINE_BYTES} bytes; is it NDJSON, one object a line?`,
      )
    }
    if (lines.length > 0) yield lines
  }
  if (restBytes > 0) yield [Buffer.concat(rest)]
}

/** A byte order mark, which some programs put before UTF-8. */
function withoutMark(line: Uint8Array): Uint8Array {
  return line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? line.subarray(3) : line
}

function trimmed(line: Uint8Array): Uint8Array {
  const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length
  const blank = line.subarray(0, end).every((byte) => byte === 0x20 || byte === 0x09)
  return blank ? line.subarray(0, 0) : line.subarray(0, end)
}
