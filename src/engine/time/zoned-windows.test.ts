/**
 * Windows of time zones against the clock that Intl shows, minute by minute. Numbers of trackers name where
 * others went wrong.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../std/random.ts"
import type { WindowShape } from "../dataflow.ts"
import { naiveWindows } from "../kit/naive-windows.ts"
import { windowRange } from "./window-range.ts"

const MINUTE = 60_000_000n
const HOUR = 60n * MINUTE
const DAY = 24n * HOUR
const us = (text: string) => BigInt(Date.parse(text)) * 1_000n
const iso = (time: bigint) => new Date(Number(time / 1_000n)).toISOString()

const day = (zone: string, parts: Partial<WindowShape> = {}): WindowShape => ({
  kind: "tumble",
  sizeUs: DAY,
  slideUs: DAY,
  zone,
  ...parts,
})

function windowsOf(shape: WindowShape, time: bigint): [start: string, end: string][] {
  const range = windowRange(shape)
  assert.equal(range.seek(time), true)
  return range.starts.map((start, k) => [iso(start), iso(range.ends[k]!)])
}

test("days have 23, 24 and 25 hours, and begin where the zone's midnight is", () => {
  const cases: [zone: string, time: string, start: string, end: string][] = [
    ["Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"],
    ["Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"],
    ["Europe/Berlin", "2024-02-29T22:59:59Z", "2024-02-28T23:00:00.000Z", "2024-02-29T23:00:00.000Z"],
    ["Europe/Berlin", "9999-12-31T22:30:00Z", "9999-12-30T23:00:00.000Z", "9999-12-31T23:00:00.000Z"],
    ["Europe/Berlin", "1969-12-31T23:00:00Z", "1969-12-31T23:00:00.000Z", "1970-01-01T23:00:00.000Z"],
    ["America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04T03:00:00.000Z", "2018-11-05T02:00:00.000Z"],
    ["America/Havana", "2026-11-01T06:00:00Z", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z"],
    ["America/St_Johns", "2006-10-29T03:00:00Z", "2006-10-29T02:30:00.000Z", "2006-10-30T03:30:00.000Z"],
    ["Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00.000Z", "2011-12-31T10:00:00.000Z"],
    ["Australia/Lord_Howe", "2026-04-05T00:00:00Z", "2026-04-04T13:00:00.000Z", "2026-04-05T13:30:00.000Z"],
  ]
  for (const [zone, time, start, end] of cases) {
    assert.deepEqual(windowsOf(day(zone), us(time)), [[start, end]], `${zone} ${time}`)
  }
})

test("hours of the night in which the clocks go back are two (risingwave#12072)", () => {
  const hour: WindowShape = { kind: "tumble", sizeUs: HOUR, slideUs: HOUR, zone: "Europe/Berlin" }
  const starts = ["00:30", "01:30", "02:30"].map(
    (time) => windowsOf(hour, us(`2026-10-25T${time}:00Z`))[0]![0],
  )
  assert.deepEqual(
    starts,
    [0, 1, 2].map((k) => `2026-10-25T0${k}:00:00.000Z`),
  )
  const half = windowsOf({ ...hour, zone: "Australia/Lord_Howe" }, us("2026-04-04T15:10:00Z"))
  assert.deepEqual(
    half,
    [["2026-04-04T14:00:00.000Z", "2026-04-04T15:30:00.000Z"]],
    "one o'clock lasts longer",
  )
})

test("quarters of a day keep to the clock in summer and winter (duckdb#9260, datafusion#25168)", () => {
  const quarter: WindowShape = {
    kind: "tumble",
    sizeUs: 6n * HOUR,
    slideUs: 6n * HOUR,
    zone: "Europe/Berlin",
  }
  assert.deepEqual(windowsOf(quarter, us("2026-03-29T03:00:00Z")), [
    ["2026-03-28T23:00:00.000Z", "2026-03-29T04:00:00.000Z"],
  ])
  assert.deepEqual(windowsOf(quarter, us("2026-07-01T03:00:00Z")), [
    ["2026-06-30T22:00:00.000Z", "2026-07-01T04:00:00.000Z"],
  ])
})

test("days that hop and grow count the zone's days (risingwave#14772)", () => {
  const hop = day("Europe/Berlin", { kind: "hop", sizeUs: 2n * DAY })
  assert.deepEqual(windowsOf(hop, us("2026-03-29T12:00:00Z")), [
    ["2026-03-27T23:00:00.000Z", "2026-03-29T22:00:00.000Z"],
    ["2026-03-28T23:00:00.000Z", "2026-03-30T22:00:00.000Z"],
  ])
  const grow: WindowShape = { kind: "cumulate", sizeUs: DAY, slideUs: HOUR, zone: "Europe/Berlin" }
  const ends = (time: string) => windowsOf(grow, us(time)).length
  assert.deepEqual(
    ["2026-03-28T23:00:00Z", "2026-10-24T22:00:00Z", "2026-07-01T22:00:00Z"].map(ends),
    [23, 25, 24],
  )
  const skipped = day("Pacific/Apia", { kind: "hop", sizeUs: 2n * DAY })
  assert.deepEqual(windowsOf(skipped, us("2011-12-30T09:00:00Z")), [
    ["2011-12-28T10:00:00.000Z", "2011-12-30T10:00:00.000Z"],
    ["2011-12-29T10:00:00.000Z", "2011-12-31T10:00:00.000Z"],
  ])
})

const ZONES: readonly (readonly [zone: string, changes: readonly string[]])[] = [
  ["Europe/Berlin", ["1980-04-06T01:00Z", "2026-03-29T01:00Z", "2026-10-25T01:00Z", "9999-10-31T01:00Z"]],
  ["America/New_York", ["1970-04-26T07:00Z", "2026-03-08T07:00Z", "2026-11-01T06:00Z"]],
  ["Australia/Lord_Howe", ["2026-04-04T15:00Z", "2026-10-03T15:30Z"]],
  ["America/Sao_Paulo", ["2018-11-04T03:00Z", "2019-02-17T02:00Z"]],
  ["America/St_Johns", ["2006-04-02T03:31Z", "2006-10-29T02:31Z"]],
  ["Pacific/Apia", ["2011-12-30T10:00Z"]],
  ["Africa/Casablanca", ["2026-02-15T02:00Z", "2026-03-22T02:00Z"]],
  ["Asia/Kathmandu", ["1985-12-31T18:30Z", "2024-02-28T18:15Z"]],
]

/** What the zone's clock shows at whole minutes of some days, as microseconds. */
class Clock {
  readonly #from: bigint
  readonly shown: bigint[] = []

  constructor(zone: string, from: bigint, minutes: number) {
    this.#from = from
    const options = { timeZone: zone, dateStyle: "short", timeStyle: "medium" } as const
    const format = new Intl.DateTimeFormat("sv-SE", options)
    for (let k = 0; k < minutes; k++) {
      const text = format.format(Number((from + BigInt(k) * MINUTE) / 1_000n))
      this.shown.push(us(`${text.replace(" ", "T")}Z`))
    }
  }

  /** Whole minutes at which a step begins, from the clock alone. */
  boundaries(stepUs: bigint, offsetUs: bigint): bigint[] {
    const number = (local: bigint) => {
      const shifted = local - offsetUs
      return shifted / stepUs - (shifted % stepUs < 0n ? 1n : 0n)
    }
    const found: bigint[] = []
    let highest = number(this.shown[0]!)
    for (let k = 1; k < this.shown.length; k++) {
      const [before, now] = [this.shown[k - 1]!, this.shown[k]!]
      const strikes = (now - offsetUs) % stepUs === 0n
      const jumpsOver = now > before && number(now) > number(before)
      const begins = stepUs % DAY === 0n ? number(now) > highest : strikes || jumpsOver
      if (begins) found.push(this.#from + BigInt(k) * MINUTE)
      if (number(now) > highest) highest = number(now)
    }
    return found
  }
}

test("random times of random zones are in the windows that the clock shows", () => {
  const random = new SeededRandom(7)
  const pick = <T>(of: readonly T[]): T => of[random.below(of.length)]!
  for (const [zone, changes] of ZONES) {
    for (const change of changes) {
      const from = us(change.replace("Z", ":00Z")) - 4n * DAY
      const clock = new Clock(zone, from, 8 * 1_440)
      for (let round = 0; round < 12; round++) {
        const stepUs = pick([DAY, DAY, 6n * HOUR, HOUR, 30n * MINUTE])
        const offsetUs = pick([0n, 0n, 5n * HOUR, 90n * MINUTE]) % stepUs
        const starts = clock.boundaries(stepUs, offsetUs)
        const range = windowRange({ kind: "tumble", sizeUs: stepUs, slideUs: stepUs, offsetUs, zone })
        for (let sample = 0; sample < 20; sample++) {
          const time = from + 2n * DAY + BigInt(random.below(4 * 86_400)) * 1_000_000n
          range.seek(time)
          const after = starts.findIndex((start) => start > time)
          const where = `${zone}, ${stepUs / MINUTE} minutes from ${offsetUs / MINUTE}, at ${iso(time)}`
          assert.deepEqual([range.starts[0], range.ends[0]], [starts[after - 1], starts[after]], where)
        }
        const hops = windowRange({ kind: "hop", sizeUs: 2n * stepUs, slideUs: stepUs, offsetUs, zone })
        const at = from + 4n * DAY
        hops.seek(at)
        const after = starts.findIndex((start) => start > at)
        assert.deepEqual(hops.starts, starts.slice(after - 2, after), zone)
        assert.deepEqual(hops.ends, starts.slice(after, after + 2), zone)
      }
    }
  }
})

test("in UTC random times are in the windows that going through all of them gives", () => {
  const random = new SeededRandom(3)
  const bases = [
    0n,
    -1n,
    -86_400_000_000n,
    us("9999-12-31T23:59:59Z"),
    us("2024-02-29T00:00:00Z"),
    us("0001-01-01T00:00:00Z"),
  ]
  for (let round = 0; round < 400; round++) {
    const slideUs = BigInt(1 + random.below(9)) * 7n
    const kind = (["tumble", "hop", "cumulate"] as const)[random.below(3)]!
    const sizeUs = kind === "tumble" ? slideUs : slideUs * BigInt(1 + random.below(5))
    const offsetUs = BigInt(random.below(Number(kind === "cumulate" ? sizeUs : slideUs)))
    const shape = { kind, sizeUs, slideUs, offsetUs }
    const range = windowRange(shape)
    const time = bases[random.below(bases.length)]! + BigInt(random.below(500)) - 250n
    assert.equal(range.seek(time), true)
    const found = range.starts.map((start, k) => [start, range.ends[k]])
    assert.deepEqual(found, naiveWindows(shape, time), `${kind} ${sizeUs}/${slideUs}+${offsetUs} at ${time}`)
    for (const at of [range.rangeStart, range.rangeEnd - 1n]) {
      assert.deepEqual(naiveWindows(shape, at), found, "the same in all of the range")
    }
    for (const [k, start] of range.starts.entries()) {
      assert.equal(range.startOf(range.ends[k]!), start)
      if (kind !== "cumulate") assert.equal(range.endOf(start), range.ends[k])
    }
  }
})

test("bounds tell each other in a zone, but for windows that share a start", () => {
  const hop = windowRange(day("Europe/Berlin", { kind: "hop", sizeUs: 3n * DAY }))
  const grow = windowRange(day("Europe/Berlin", { kind: "cumulate", sizeUs: 7n * DAY, offsetUs: 4n * DAY }))
  for (const time of ["2026-03-29T12:00:00Z", "2026-10-25T12:00:00Z", "1999-12-31T23:30:00Z"]) {
    hop.seek(us(time))
    assert.deepEqual(
      hop.starts.map((start) => hop.endOf(start)),
      hop.ends,
    )
    assert.deepEqual(
      hop.ends.map((end) => hop.startOf(end)),
      hop.starts,
    )
    grow.seek(us(time))
    assert.deepEqual(
      grow.ends.map((end) => grow.startOf(end)),
      grow.starts,
    )
    assert.equal(grow.endOf(grow.starts[0]!), null)
  }
})
