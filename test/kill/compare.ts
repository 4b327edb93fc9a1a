/** Holds a platform's answers against the recomputation, and both against what was acknowledged. */
import assert from "node:assert/strict"
import type { Answers } from "./answers.ts"
import type { Load } from "./load.ts"
import type { Recomputed, Views } from "./recompute.ts"
import { EVENTS, invalidRows, ROWS_PER_POST, rowText } from "./rows.ts"

export function compare(computed: Recomputed, answers: Answers, load: Load): void {
  compareViews("GET /v1/views", computed.views, answers.views)
  compareViews("the store", computed.views, answers.stored)
  for (const [view, verdicts] of computed.verdicts)
    assert.deepEqual(answers.verdicts.get(view), verdicts, `verdicts of ${view}`)
  assert.equal(answers.failed, computed.verdicts.get("ratios")!["failed"], "failed rows that are listed")
  for (const [event, sums] of computed.tables)
    assert.deepEqual(answers.tables.get(event), sums, `events.${event}`)
  for (const verification of answers.verifications) {
    const { view, verdict, rows_compared: rows } = verification
    assert.ok(verdict === "equal" && rows > 0, `verify ${view}: ${JSON.stringify(verification)}`)
  }
  compareAcknowledged(computed, load)
  compareLetters(answers, load)
}

function compareViews(where: string, computed: Views, found: Views): void {
  assert.deepEqual([...found.keys()].sort(), [...computed.keys()].sort(), `views of ${where}`)
  for (const [view, rows] of computed) {
    const missing = rows.difference(found.get(view)!)
    const surplus = found.get(view)!.difference(rows)
    const examples = [...missing]
      .slice(0, 2)
      .concat([...surplus].slice(0, 2))
      .join(" ")
    const counts = `${missing.size} rows missing, ${surplus.size} too many`
    assert.ok(missing.size + surplus.size === 0, `${view} in ${where}: ${counts}, such as ${examples}`)
    assert.ok(rows.size > 0, `${view} has rows`)
  }
}

/**
 * An acknowledged post is there with every row. One without an answer may be there or not: as a whole where
 * the event has one partition, and of three partitions in those that were durable.
 */
function compareAcknowledged({ posts }: Recomputed, load: Load): void {
  for (const event of EVENTS) {
    const expected = (post: number) => (event === "tick" ? ROWS_PER_POST : distinctReadings(post))
    for (const post of load.acknowledged[event])
      assert.equal(posts[event].get(post) ?? 0, expected(post), `rows of ${event} post ${post}, acknowledged`)
    for (const [post, rows] of posts[event]) {
      const isPossible = event === "tick" ? rows === ROWS_PER_POST : rows <= expected(post)
      assert.ok(isPossible, `${event} post ${post} has ${rows} rows instead of ${expected(post)}`)
    }
  }
}

function distinctReadings(post: number): number {
  const first = post * ROWS_PER_POST
  const texts = Array.from({ length: ROWS_PER_POST }, (_, row) => rowText("reading", first + row))
  const invalid = new Set(invalidRows(post).map((number) => rowText("reading", number)))
  return new Set(texts).difference(invalid).size
}

function compareLetters({ letters }: Answers, load: Load): void {
  for (const [number, times] of load.letters) {
    const found = letters.get(number) ?? 0
    assert.ok(found >= times, `dead letter r${number} was acknowledged ${times} times; ${found} are there`)
  }
  const begun = load.begun.reading * ROWS_PER_POST
  for (const number of letters.keys()) assert.ok(number < begun, `dead letter r${number} was never sent`)
}
