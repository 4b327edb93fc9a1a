/** JSON whose numbers keep their digits: a number that a double cannot hold goes out as it came in. */

interface SourceContext {
  readonly source?: string
}

/** ES2026, which TypeScript's library does not know yet. */
interface ExactJson {
  parse(text: string, reviver: (key: string, value: unknown, context: SourceContext) => unknown): unknown
  rawJSON(text: string): unknown
}

const exact = JSON as unknown as ExactJson

/** For `JSON.stringify`, not for arithmetic. @throws SyntaxError */
export function parseExactJson(text: string): unknown {
  return exact.parse(text, (_key, value, { source }) => {
    return typeof value === "number" && source !== undefined && String(value) !== source
      ? exact.rawJSON(source)
      : value
  })
}
