/** Where a keyword stands: the parse tree keeps no location for UNION, LIMIT, FOR UPDATE and their like. */
import { scanSync } from "libpg-query"

/** Byte offset of the last `keyword` before byte `before` (comments and strings do not count), else null. */
export function keywordBefore(sql: string, keyword: string, before: number): number | null {
  const starts = keywordStarts(sql, keyword).filter((start) => start < before)
  return starts.at(-1) ?? null
}

function keywordStarts(sql: string, keyword: string): readonly number[] {
  const tokens = scanSync(sql).tokens
  return tokens
    .filter((token) => token.keywordName !== "NO_KEYWORD" && token.text.toLowerCase() === keyword)
    .map((token) => token.start)
}
