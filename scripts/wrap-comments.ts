/**
 * Wraps comment lines that are longer than the 110 characters that the tidy test allows; Biome leaves
 * comments alone. `node scripts/wrap-comments.ts [FILE …]`: the given files, else all code. Words that do
 * not fit go to the beginning of the comment's next line, or to a new one where a list item, a tag or the
 * comment ends.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { codeFiles, ROOT } from "../test/repo/source-files.ts"

const MAX_LINE = 110
/** Indentation and the comment's own sign, then the text. */
const COMMENT = /^(\s*(?:\/\*\*|\/\/|\*(?!\/)) +)(.*)$/
/** What begins something of its own and does not go on with the line before. */
const BEGINNING = /^(@|[-*|] |\d+\. |```)/

const files =
  process.argv.length > 2 ? process.argv.slice(2) : codeFiles().map(({ path }) => `${ROOT}/${path}`)
for (const file of files) {
  const text = readFileSync(file, "utf8")
  const wrapped = wrap(text)
  if (wrapped === text) continue
  writeFileSync(file, wrapped)
  console.log(file)
}

function wrap(text: string): string {
  const lines = text.split("\n")
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    const match = line.length > MAX_LINE ? COMMENT.exec(line) : null
    if (match !== null) lines.splice(i, 2, ...broken(match[1]!, match[2]!, lines[i + 1]))
  }
  return lines.join("\n")
}

/** The lines that stand for a comment line that is too long and for the one behind it. */
function broken(sign: string, text: string, next: string | undefined): string[] {
  const opening = sign.trim() === "/**"
  const indent = sign.slice(0, sign.length - sign.trimStart().length)
  if (opening && text.endsWith("*/")) {
    const inner = text.slice(0, -2).trimEnd()
    return [`${indent}/**`, `${indent} * ${inner}`, `${indent} */`, ...(next === undefined ? [] : [next])]
  }
  const room = text.lastIndexOf(" ", MAX_LINE - sign.length)
  const [head, rest] = room < 0 ? [text, ""] : [text.slice(0, room), text.slice(room + 1)]
  const first = sign + head
  const follow = next === undefined ? null : COMMENT.exec(next)
  if (follow !== null && follow[2] !== "" && !BEGINNING.test(follow[2]!) && !follow[2]!.startsWith("*/")) {
    return [first, `${follow[1]}${rest} ${follow[2]}`]
  }
  const goOn = opening ? `${indent} *  ` : sign
  return [first, goOn + rest, ...(next === undefined ? [] : [next])]
}
