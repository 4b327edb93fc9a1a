/** The spelling of every overload of the catalogue. */
import { assert } from "../../std/assert.ts"
import { comparisonSpellings } from "./comparison.ts"
import { jsonSpellings } from "./json.ts"
import { numberSpellings } from "./numbers.ts"
import type { ClickHouseSpelling } from "./spelling.ts"
import { textSpellings } from "./texts.ts"
import { timeSpellings } from "./times.ts"

export const SPELLINGS: Readonly<Record<string, ClickHouseSpelling>> = {
  ...comparisonSpellings,
  ...numberSpellings,
  ...textSpellings,
  ...timeSpellings,
  ...jsonSpellings,
}

export function spellingOf(signature: string): ClickHouseSpelling {
  const spelling = SPELLINGS[signature]
  assert(spelling !== undefined, `${signature} has a spelling for ClickHouse, or a reason why not`)
  return spelling
}
