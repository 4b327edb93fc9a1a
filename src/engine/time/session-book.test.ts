import assert from "node:assert/strict"
import { test } from "node:test"
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Column, Scalar } from "../../columns/types.ts"
import { STRING, TIMESTAMP } from "../../columns/types.ts"
import { SeededRandom } from "../../std/random.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import { Share } from "../exchange/share.ts"
import { column } from "../kit/batches.ts"
import { RowBuilder, setScalar } from "../operators/row-builder.ts"
import { PageStore } from "../state/page-store.ts"
import type { Session } from "./session.ts"
import { SessionBook } from "./session-book.ts"

const GAP = 10n
const COLUMNS: readonly Column[] = [column("mark", STRING), column("time", TIMESTAMP), column("key", STRING)]

type Move = [from: bigint, to: bigint | null, timeUs: bigint, weight: number]

/** A book with what it moves, where rows come one by one, and no epoch ends but when it is told. */
class Sessions {
  readonly book: SessionBook
  readonly moves: Move[] = []
  readonly #told = new RowBuilder(COLUMNS.map(({ type }) => type))

  constructor({ allowedLatenessUs = 0n, keepsRows = true, limitBytes = 64 << 20 } = {}) {
    this.book = new SessionBook({
      store: new PageStore(limitBytes),
      gapUs: GAP,
      ...{ allowedLatenessUs, keepsRows },
      columns: { columns: COLUMNS, timeAt: 1, used: new Set([0]) },
      tables: { distinct: [], multisets: [] },
      share: Share.whole,
      move: (at, weight, from, to) => {
        this.book.rows!.read(at, this.#told.columns, 0)
        this.moves.push([from.number, to?.number ?? null, this.#told.columns[1]!.values[0] as bigint, weight])
      },
    })
  }

  add(key: string, timeUs: bigint, mark = ""): Session | null {
    this.book.begin(batchOf(key, timeUs, mark))
    const session = this.book.place(key, 0, timeUs)
    if (session !== null) this.book.rows?.add(0, 1)
    return session
  }

  remove(key: string, timeUs: bigint, mark = ""): boolean {
    this.book.begin(batchOf(key, timeUs, mark))
    return this.book.remove(key, 0, timeUs, 1) === 0
  }

  isLate(key: string, timeUs: bigint): boolean {
    this.book.begin(batchOf(key, timeUs, ""))
    return this.book.isLate(key, 0, timeUs)
  }

  endEpoch(): void {
    const changed = this.book.takeChanged()
    for (const session of changed) if (session.isAlive) this.book.waitFor(session, session.lastUs + GAP)
    this.book.write(changed)
  }

  /** Those that are over are gone. */
  pass(watermarkUs: bigint): void {
    this.book.judgeBy(watermarkUs)
    this.endEpoch()
    const due = this.book.takeDue(watermarkUs, 100)
    for (const session of due) {
      if (this.book.goneAt(session) <= watermarkUs) this.book.letGo(session)
      else this.book.waitFor(session, this.book.goneAt(session))
    }
    this.book.write(due)
    assert.deepEqual(this.book.takeDue(watermarkUs, 100), [])
  }

  /** [first, last, rows] of the sessions that live, by time. */
  shape(): [bigint, bigint, number][] {
    this.endEpoch()
    const live = [...this.book.records.all()].filter(({ isGone }) => !isGone)
    return live.map(({ firstUs, lastUs, rows }) => [firstUs, lastUs, rows])
  }

  gone(): [bigint, bigint][] {
    const gone = [...this.book.records.all()].filter(({ isGone }) => isGone)
    return gone.map(({ firstUs, lastUs }) => [firstUs, lastUs])
  }
}

function batchOf(key: string, timeUs: bigint, mark: string): ChangeBatch {
  const builder = new RowBuilder(COLUMNS.map(({ type }) => type))
  const row: Scalar[] = [mark, timeUs, key]
  row.forEach((value, k) => {
    setScalar(builder.columns[k]!, 0, value)
  })
  builder.length = 1
  return builder.take(false)!
}

test("rows exactly one gap apart are one session, a tick more parts them", () => {
  const sessions = new Sessions()
  for (const time of [0n, 10n, 21n]) sessions.add("a", time)
  assert.deepEqual(sessions.shape(), [
    [0n, 10n, 2],
    [21n, 21n, 1],
  ])
})

test("a row between two sessions joins them, and the smaller one's rows move", () => {
  const sessions = new Sessions()
  for (const time of [0n, 1n, 2n, 20n]) sessions.add("a", time)
  const [first, second] = [sessions.add("a", 0n)!, sessions.add("a", 20n)!]
  assert.equal(sessions.add("a", 11n), first)
  assert.deepEqual(sessions.moves, [[second.number, first.number, 20n, 2]])
  assert.equal(second.into, first)
  assert.deepEqual(sessions.shape(), [[0n, 20n, 7]])
})

test("where no rows are kept the younger of two that are joined becomes a part of the older", () => {
  const sessions = new Sessions({ keepsRows: false })
  const [first, second] = [sessions.add("a", 20n)!, sessions.add("a", 0n)!]
  assert.equal(sessions.add("a", 10n), first)
  assert.deepEqual(sessions.book.takeMerges(), [{ from: second, to: first }])
  assert.deepEqual(sessions.book.takeMerges(), [])
  assert.equal(second.into, first)
  assert.deepEqual(sessions.shape(), [[0n, 20n, 3]])
  assert.throws(() => sessions.book.session(second.number), /exists/, "the epoch is over")
})

test("taking a row back parts, shortens or ends its session; a row that is not there is told", () => {
  const sessions = new Sessions()
  for (const time of [0n, 8n, 16n, 24n, 24n]) sessions.add("a", time)
  assert.equal(sessions.remove("a", 8n), true)
  assert.deepEqual(sessions.shape(), [
    [0n, 0n, 1],
    [16n, 24n, 3],
  ])
  assert.deepEqual(
    sessions.moves.map(([, , ...row]) => row),
    [
      [8n, 1],
      [0n, 1],
    ],
    "the row goes, and the smaller part moves",
  )
  assert.equal(sessions.remove("a", 24n), true)
  assert.equal(sessions.remove("a", 24n), true)
  assert.equal(sessions.remove("a", 24n), false)
  assert.equal(sessions.remove("a", 0n, "another"), false)
  assert.equal(sessions.remove("b", 0n), false)
  assert.equal(sessions.remove("a", 0n), true)
  assert.deepEqual(sessions.shape(), [[16n, 16n, 1]])
})

test("a row that would join a gone session is late, however young it is, and begins none of its own", () => {
  const sessions = new Sessions()
  sessions.add("a", 0n)
  sessions.pass(10n)
  assert.equal(sessions.isLate("a", 10n), true, "its own end would be 20, but it reaches [0, 10)")
  assert.equal(sessions.isLate("a", 11n), false)
  assert.equal(sessions.isLate("b", 10n), false, "another key has other sessions")
  assert.equal(sessions.isLate("b", 0n), true, "its own end is reached")
  assert.deepEqual(sessions.gone(), [[0n, 0n]])
  assert.equal(sessions.book.rows!.table.count, 0)
  sessions.pass(20n)
  assert.deepEqual(sessions.gone(), [], "no row of it can come in time any more")
  assert.equal(sessions.isLate("a", 10n), true)
})

/** Sessions that stay objects, and some that are read from their records in each epoch. */
const LIMITS = [64 << 20, 1 << 15]

test("where a session is gone is known as long as the next one of its key lives", () => {
  for (const limitBytes of LIMITS) {
    const sessions = new Sessions({ limitBytes })
    sessions.add("a", 0n)
    sessions.pass(10n)
    for (let time = 12n; time <= 100n; time += 8n) {
      sessions.add("a", time)
      sessions.pass(time)
      assert.equal(sessions.isLate("a", 10n), true, `at ${time}`)
      assert.equal(sessions.isLate("a", 11n), false, `at ${time}: it lengthens the session`)
    }
    assert.deepEqual([sessions.gone(), sessions.shape()], [[], [[12n, 100n, 12]]])
  }
})

/** [0] is gone and forgotten, which the session [12] knows, and those behind it do not. */
function behindOne(limitBytes: number, ...times: readonly bigint[]): Sessions {
  const sessions = new Sessions({ limitBytes })
  sessions.add("a", 0n)
  sessions.pass(10n)
  for (const time of [12n, ...times]) sessions.add("a", time)
  sessions.pass(20n)
  assert.deepEqual(sessions.gone(), [])
  return sessions
}

test("a session that is emptied hands on what it knew was before it", () => {
  for (const limitBytes of LIMITS) {
    const sessions = behindOne(limitBytes, 40n)
    sessions.remove("a", 12n)
    sessions.endEpoch()
    for (const time of [30n, 20n]) sessions.add("a", time)
    sessions.endEpoch()
    assert.equal(sessions.isLate("a", 10n), true)
    assert.equal(sessions.isLate("a", 11n), false)
  }
})

test("a session knows what one knew that became a part of it", () => {
  for (const limitBytes of LIMITS) {
    const sessions = behindOne(limitBytes, 30n, 40n)
    sessions.add("a", 21n)
    assert.deepEqual(sessions.shape(), [[12n, 40n, 4]])
    assert.equal(sessions.isLate("a", 10n), true)
    assert.equal(sessions.isLate("a", 11n), false)
  }
})

test("a part of a session knows what was before it", () => {
  for (const limitBytes of LIMITS) {
    const sessions = behindOne(limitBytes)
    for (const time of [20n, 28n, 29n]) sessions.add("a", time)
    sessions.remove("a", 20n)
    assert.equal(sessions.isLate("a", 10n), true, "it would lengthen the smaller part, [12]")
    sessions.remove("a", 12n)
    for (const time of [21n, 20n]) sessions.add("a", time)
    sessions.endEpoch()
    assert.deepEqual(sessions.shape(), [[20n, 29n, 4]])
    assert.equal(sessions.isLate("a", 10n), true)
  }
})

test("one that begins beside others is lengthened as those are", () => {
  for (const limitBytes of LIMITS) {
    const sessions = new Sessions({ limitBytes })
    sessions.book.judgeBy(10n)
    sessions.add("before", 30n)
    sessions.add("behind", 50n)
    sessions.endEpoch()
    sessions.book.judgeBy(39n)
    sessions.add("behind", 32n)
    assert.equal(sessions.isLate("behind", 25n), false, "it was not over when [50] began")
    sessions.add("before", 45n)
    sessions.remove("before", 30n)
    sessions.add("before", 36n)
    assert.equal(sessions.isLate("before", 28n), false, "it was not over when [30] began")
    assert.equal(sessions.isLate("alone", 28n), true)
  }
})

test("a row whose own end is over may still join a session that lives", () => {
  const sessions = new Sessions()
  sessions.add("a", 9n)
  sessions.book.judgeBy(15n)
  assert.equal(sessions.isLate("a", 0n), false)
  assert.equal(sessions.isLate("a", -2n), true)
})

test("lateness keeps sessions, and nothing is late before the first watermark", () => {
  const sessions = new Sessions({ allowedLatenessUs: 5n })
  sessions.book.judgeBy(NO_WATERMARK)
  assert.equal(sessions.isLate("a", -(2n ** 60n)), false)
  sessions.book.judgeBy(14n)
  assert.equal(sessions.isLate("a", 0n), false)
  sessions.book.judgeBy(15n)
  assert.equal(sessions.isLate("a", 0n), true)
})

test("random rows that come and go are in the sessions that sorting them gives", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new SeededRandom(seed)
    const sessions = new Sessions()
    let present: bigint[] = []
    const held = new Map<bigint, Map<bigint, number>>()
    const enter = (number: bigint, time: bigint, weight: number) => {
      const of = held.get(number) ?? new Map<bigint, number>()
      held.set(number, of)
      of.set(time, (of.get(time) ?? 0) + weight)
    }
    for (let step = 0; step < 60; step++) {
      const time = BigInt(random.below(150) - 75)
      let added: Session | null = null
      if (random.below(3) > 0 || present.length === 0) {
        added = sessions.add("a", time)
        present.push(time)
      } else {
        const gone = present[random.below(present.length)]!
        assert.equal(sessions.remove("a", gone), true)
        const at = present.indexOf(gone)
        present = present.filter((_, k) => k !== at)
      }
      for (const [from, to, moved, weight] of sessions.moves.splice(0)) {
        enter(from, moved, -weight)
        if (to !== null) enter(to, moved, weight)
      }
      if (added !== null) enter(added.number, time, 1)
      // Objects of an epoch or of several.
      if (random.below(2) > 0) continue
      assert.deepEqual(sessions.shape(), cut(present), `seed ${seed}, step ${step}`)
    }
    sessions.endEpoch()
    for (const { isGone, number, key, firstUs, lastUs } of sessions.book.records.all()) {
      assert.equal(isGone, false)
      const told = [...(held.get(number) ?? [])].filter(([, count]) => count !== 0).sort()
      const rows = [...sessions.book.rows!.in({ key, firstUs, lastUs })].length
      const times = present.filter((time) => time >= firstUs && time <= lastUs)
      const counts = new Map<bigint, number>()
      for (const time of times) counts.set(time, (counts.get(time) ?? 0) + 1)
      assert.deepEqual(told, [...counts].sort(), `seed ${seed}: moves add up to session ${number}`)
      assert.equal(rows, counts.size)
    }
    assert.equal(sessions.book.bytes > 0, true)
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
