/** Text as ClickHouse takes the value of a parameter. */

/** ClickHouse reads the values of parameters as fields of TabSeparated. */
export function escapedField(text: string): string {
  return text.replace(/[\\\n\t\r\0\b\f]/g, (character) => ESCAPES[character] ?? character)
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  "\0": "\\0",
  "\b": "\\b",
  "\f": "\\f",
}
