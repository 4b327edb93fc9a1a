/** Random regular expressions over a small alphabet: matching, and replacing with and without groups. */
import assert from "node:assert/strict"
import { after, test } from "node:test"
import { takeFailure } from "../../src/expr/values/failure-register.ts"
import { matches, replaceMatches } from "../../src/expr/values/regex.ts"
import type { Random } from "../../src/std/random.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { ExpressionOracle } from "./expression-oracle.ts"
import { pick } from "./random-values.ts"

const oracle = await ExpressionOracle.open()
after(() => oracle[Symbol.asyncDispose]())

const ATOMS = ["a", "b", "c", ".", "[ab]", "[^a]", "\\d", "\\w", "[[:space:]]", "1", "é", "É", "😀", " "]
const QUANTIFIERS = ["*", "+", "?", "{2}", "{1,}", "{0,2}", "{0}"]
const LETTERS = ["a", "b", "c", "A", "1", " ", "é", "É", "😀", "\n"]
const REPLACEMENTS = ["-", "<\\&>", "\\1", "[\\2\\1]", "\\\\1", ""]
const CASES = 3_000

function randomPattern(random: Random, depth: number): string {
  const parts = Array.from({ length: 1 + random.below(3) }, () => {
    const nested = depth > 0 && random.below(3) === 0
    const opening = random.below(3) === 0 ? "(?:" : "("
    const atom = nested ? `${opening}${randomPattern(random, depth - 1)})` : pick(random, ATOMS)
    return random.below(3) === 0 ? atom + pick(random, QUANTIFIERS) : atom
  })
  const sequence = parts.join("")
  const anchored = random.below(8) === 0 ? `^${sequence}` : random.below(8) === 0 ? `${sequence}$` : sequence
  return random.below(5) === 0 ? `${anchored}|${randomPattern(random, 0)}` : anchored
}

function randomText(random: Random): string {
  return Array.from({ length: random.below(9) }, () => pick(random, LETTERS)).join("")
}

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`

test("matching and replacing agree with PostgreSQL", async () => {
  const random = new SeededRandom(11)
  const cases = Array.from({ length: CASES }, () => ({
    text: randomText(random),
    pattern: randomPattern(random, 2),
    replacement: pick(random, REPLACEMENTS),
    flags: pick(random, ["", "g", "i", "gi"]),
  }))
  const sql = cases.flatMap(({ text, pattern, replacement, flags }) => {
    const subject = `(${quote(text)} collate pg_c_utf8)`
    const operator = flags.includes("i") ? "~*" : "~"
    return [
      `${subject} ${operator} ${quote(pattern)}`,
      `regexp_replace(${[subject, ...[pattern, replacement, flags].map(quote)]})`,
    ]
  })
  const answers = await oracle.answers(sql)
  let refused = 0
  const wrong = cases.flatMap((each, index) => {
    const outcomes = [
      String(matches(each.text, each.pattern, each.flags.includes("i"))),
      replaceMatches(each.text, each.pattern, each.replacement, each.flags),
    ]
    if (takeFailure() !== "none") refused++
    else {
      const expected = [answers[2 * index]!, answers[2 * index + 1]!].map((answer) =>
        "text" in answer ? answer.text : answer.sqlState,
      )
      if (outcomes.join("\0") !== expected.join("\0")) {
        return [
          `${JSON.stringify(each)}: ours ${JSON.stringify(outcomes)}, PostgreSQL ${JSON.stringify(expected)}`,
        ]
      }
    }
    return []
  })
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of ${CASES} differ`)
  assert.ok(refused < CASES / 3, `${refused} of ${CASES} patterns were refused`)
})

test("a pattern that makes other engines try for ever is matched in time linear in the text", () => {
  assert.equal(matches("a".repeat(5_000), "(a+)+b", false), false)
  assert.equal(replaceMatches("a".repeat(2_000), "(a|aa)+$", "x"), "x")
})

test("what the two engines could read differently is refused", () => {
  for (const pattern of [
    "a*?",
    "(a)\\1",
    "(?=a)",
    "(?i)a",
    "\\ya",
    "a**",
    "*a",
    "[b-a]",
    "(a",
    "a)",
    "[a",
    "a{256}",
    "***=a",
    "^*",
  ]) {
    matches("a", pattern, false)
    assert.equal(takeFailure(), "invalid-argument", pattern)
  }
})
