import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../std/random.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import { Share } from "../exchange/share.ts"
import { SessionBook } from "./session-book.ts"
import type { SessionRow } from "./session-rows.ts"
import { scalarRow } from "./session-rows.ts"

const GAP = 10n
const book = (allowedLatenessUs = 0n, keepsRows = true) =>
  new SessionBook({
    gapUs: GAP,
    ...{ allowedLatenessUs, keepsRows },
    tables: { distinct: [], multisets: [] },
    share: Share.whole,
  })
const row = (timeUs: bigint, mark = ""): SessionRow => scalarRow(timeUs, [timeUs, mark])

/** [first, last, rows] of the sessions that live, by time. */
function shape(of: SessionBook): [bigint, bigint, number][] {
  return [...of.sessions()]
    .filter(({ isAlive }) => isAlive)
    .map(({ firstUs, lastUs, rows }): [bigint, bigint, number] => [firstUs, lastUs, rows.length])
    .sort((a, b) => (a[0] < b[0] ? -1 : 1))
}

test("rows exactly one gap apart are one session, a tick more parts them", () => {
  const sessions = book()
  for (const time of [0n, 10n, 21n]) sessions.add("a", row(time))
  assert.deepEqual(shape(sessions), [
    [0n, 10n, 2],
    [21n, 21n, 1],
  ])
})

test("a row between two sessions joins them, and the smaller one's rows move", () => {
  const sessions = book()
  for (const time of [0n, 1n, 2n, 20n]) sessions.add("a", row(time))
  sessions.takeMoves()
  sessions.add("a", row(11n))
  const { moves } = sessions.takeMoves()
  const told = moves.map(({ session, row: { timeUs }, weight }) => [session.number, timeUs, weight])
  assert.deepEqual(told, [
    [2n, 20n, -1],
    [1n, 20n, 1],
    [1n, 11n, 1],
  ])
  assert.deepEqual(shape(sessions), [[0n, 20n, 5]])
})

test("where no rows are kept the younger of two that are joined becomes a part of the older", () => {
  const sessions = book(0n, false)
  const lengthen = (timeUs: bigint) => {
    const session = sessions.lengthen("a", timeUs)!
    if (!session.isAlive) sessions.giveFirst(session, row(timeUs))
    return session
  }
  const [first, second] = [lengthen(20n), lengthen(0n)]
  sessions.takeMoves()
  const { bytes } = sessions
  assert.equal(lengthen(10n), first)
  const [merge, ...others] = sessions.takeMerges()
  assert.deepEqual([merge!.from.session, merge!.to.session, others], [second, first, []])
  assert.deepEqual(
    [merge!.from.row.timeUs, merge!.to.row.timeUs],
    [0n, 20n],
    "their groups are found by them",
  )
  assert.equal(second.into, first)
  assert.deepEqual(shape(sessions), [[0n, 20n, 1]])
  assert.ok(sessions.bytes < bytes)
  const { changed } = sessions.takeMoves()
  sessions.forget(
    NO_WATERMARK,
    changed.filter(({ isAlive }) => !isAlive),
  )
  assert.deepEqual([...sessions.sessions()], [first])
})

test("taking a row back parts, shortens or ends its session; a row that is not there is told", () => {
  const sessions = book()
  for (const time of [0n, 8n, 16n, 24n, 24n]) sessions.add("a", row(time))
  assert.equal(sessions.remove("a", row(8n)), true)
  assert.deepEqual(shape(sessions), [
    [0n, 0n, 1],
    [16n, 24n, 3],
  ])
  assert.equal(sessions.remove("a", row(24n)), true)
  assert.equal(sessions.remove("a", row(24n)), true)
  assert.equal(sessions.remove("a", row(24n)), false)
  assert.equal(sessions.remove("a", row(0n, "another")), false)
  assert.equal(sessions.remove("b", row(0n)), false)
  assert.equal(sessions.remove("a", row(0n)), true)
  assert.deepEqual(shape(sessions), [[16n, 16n, 1]])
})

test("a row that would join a gone session is late, however young it is, and begins none of its own", () => {
  const sessions = book()
  sessions.add("a", row(0n))
  const [session] = [...sessions.sessions()]
  sessions.judgeBy(10n)
  sessions.letGo(session!)
  session!.rows = []
  sessions.forget(10n, [session!])
  assert.equal(sessions.isLate("a", 10n), true, "its own end would be 20, but it reaches [0, 10)")
  assert.equal(sessions.isLate("a", 11n), false)
  assert.equal(sessions.isLate("b", 10n), false, "another key has other sessions")
  assert.equal(sessions.isLate("b", 0n), true, "its own end is reached")
  sessions.judgeBy(20n)
  sessions.forget(20n, [])
  assert.deepEqual([...sessions.gone()], [], "no row of it can come in time any more")
  assert.equal(sessions.isLate("a", 10n), true)
})

test("a row whose own end is over may still join a session that lives", () => {
  const sessions = book()
  sessions.add("a", row(9n))
  sessions.judgeBy(15n)
  assert.equal(sessions.isLate("a", 0n), false)
  assert.equal(sessions.isLate("a", -2n), true)
})

test("lateness keeps sessions, and nothing is late before the first watermark", () => {
  const sessions = book(5n)
  sessions.judgeBy(NO_WATERMARK)
  assert.equal(sessions.isLate("a", -(2n ** 60n)), false)
  sessions.judgeBy(14n)
  assert.equal(sessions.isLate("a", 0n), false)
  sessions.judgeBy(15n)
  assert.equal(sessions.isLate("a", 0n), true)
})

test("random rows that come and go are in the sessions that sorting them gives", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new SeededRandom(seed)
    const sessions = book()
    let present: bigint[] = []
    const held = new Map<bigint, Map<bigint, number>>()
    for (let step = 0; step < 60; step++) {
      const time = BigInt(random.below(150) - 75)
      if (random.below(3) > 0 || present.length === 0) {
        sessions.add("a", row(time))
        present.push(time)
      } else {
        const gone = present[random.below(present.length)]!
        assert.equal(sessions.remove("a", row(gone)), true)
        const at = present.indexOf(gone)
        present = present.filter((_, k) => k !== at)
      }
      assert.deepEqual(shape(sessions), cut(present), `seed ${seed}, step ${step}`)
      for (const { session, row: moved, weight } of sessions.takeMoves().moves) {
        const of = held.get(session.number) ?? new Map<bigint, number>()
        held.set(session.number, of)
        of.set(moved.timeUs, (of.get(moved.timeUs) ?? 0) + weight)
      }
    }
    for (const session of sessions.sessions()) {
      const told = [...(held.get(session.number) ?? [])].flatMap(([time, count]) => Array(count).fill(time))
      const times = session.rows.map(({ timeUs }) => timeUs)
      assert.deepEqual(told.sort(byValue), times, `seed ${seed}: moves add up to session ${session.number}`)
    }
    assert.equal(sessions.bytes > 0, present.length > 0)
  }
})

const byValue = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)

function cut(times: readonly bigint[]): [bigint, bigint, number][] {
  const found: [bigint, bigint, number][] = []
  for (const time of [...times].sort(byValue)) {
    const last = found.at(-1)
    if (last === undefined || time - last[1] > GAP) found.push([time, time, 1])
    else {
      last[1] = time
      last[2]++
    }
  }
  return found
}
