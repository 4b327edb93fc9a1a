/** What ClickHouse itself said, wherever the error that carries it comes from. */
import { isPlatformError } from "../../../std/errors.ts"

export interface EngineText {
  /** ClickHouse's number: 62 is a syntax error. */
  readonly code: number
  /** ClickHouse's name: SYNTAX_ERROR. */
  readonly name: string
  readonly text: string
}

const RAW = /Code: (\d+)\. DB::Exception: ([\s\S]*)$/
const NAME = /(?:\. |\s)?\(([A-Z][A-Z0-9_]+)\)(?!.*\([A-Z][A-Z0-9_]+\))/s

/** Null when the error is none of ClickHouse's. */
export function engineText(error: unknown): EngineText | null {
  const found = fromFace(error) ?? fromMessage(error)
  if (found === null) return null
  const text = found.text.replace(
    /^(?:Code: \d+\. )?(?:DB::Exception: )?(?:Code: \d+\. DB::Exception: )*/,
    "",
  )
  const name = NAME.exec(text)
  return {
    code: found.code,
    name: name?.[1] ?? "UNKNOWN",
    text: (name === null ? text : text.slice(0, name.index)).replace(/ \(version [^)]*\)/g, "").trim(),
  }
}

/** The ClickHouse face says it in details. */
function fromFace(error: unknown) {
  if (!isPlatformError(error)) return null
  const { clickhouseCode: code, text } = error.details
  return typeof code === "number" && typeof text === "string" ? { code, text } : null
}

function fromMessage(error: unknown) {
  if (isPlatformError(error) || !(error instanceof Error)) return null
  const match = RAW.exec(error.message)
  return match === null ? null : { code: Number(match[1]), text: match[2]! }
}
