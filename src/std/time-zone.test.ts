import assert from "node:assert/strict"
import { test } from "node:test"
import { timeZone, timeZoneNames } from "./time-zone.ts"

const us = (text: string) => BigInt(Date.parse(text)) * 1_000n
const HOUR = 3_600_000_000n

test("offsets change at the second that the zone's rules name", () => {
  const cases: [zone: string, before: string, hoursBefore: number, hoursAfter: number][] = [
    ["Europe/Berlin", "2026-03-29T01:00:00Z", 1, 2],
    ["Europe/Berlin", "2026-10-25T01:00:00Z", 2, 1],
    ["America/New_York", "2026-03-08T07:00:00Z", -5, -4],
    ["America/St_Johns", "2006-10-29T02:31:00Z", -2.5, -3.5],
    ["Australia/Lord_Howe", "2026-04-04T15:00:00Z", 11, 10.5],
    ["Pacific/Apia", "2011-12-30T10:00:00Z", -10, 14],
    ["Europe/Berlin", "9999-03-28T01:00:00Z", 1, 2],
    ["Asia/Kathmandu", "1985-12-31T18:30:00Z", 5.5, 5.75],
  ]
  for (const [name, at, before, after] of cases) {
    const zone = timeZone(name)!
    const found = [zone.offsetUs(us(at) - 1n), zone.offsetUs(us(at))]
    assert.deepEqual(
      found,
      [before, after].map((hours) => BigInt(hours * 3_600) * 1_000_000n),
      `${name} ${at}`,
    )
  }
})

test("local mean time has seconds, and times beyond all dates have the offset of the last one", () => {
  const berlin = timeZone("Europe/Berlin")!
  assert.equal(berlin.offsetUs(us("1890-01-01T00:00:00Z")), (53n * 60n + 28n) * 1_000_000n)
  assert.equal(berlin.offsetUs(-(2n ** 62n)), (53n * 60n + 28n) * 1_000_000n)
  assert.equal(berlin.offsetUs(9_200_000_000_000_000_000n), 2n * HOUR, "the last date is in September")
})

test("local times that were skipped begin at the change, repeated ones at their first instant", () => {
  const local = (text: string) => us(`${text}Z`)
  const cases: [zone: string, local: string, instant: string][] = [
    ["Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:00:00Z"],
    ["Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"],
    ["America/Sao_Paulo", "2018-11-04T00:00:00", "2018-11-04T03:00:00Z"],
    ["Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T10:00:00Z"],
    ["Pacific/Apia", "2011-12-31T00:00:00", "2011-12-30T10:00:00Z"],
    ["UTC", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z"],
  ]
  for (const [name, shown, instant] of cases) {
    assert.equal(timeZone(name)!.firstAt(local(shown)), us(instant), `${name} ${shown}`)
  }
})

test("segments touch, and hold what Intl says of any of their days", () => {
  for (const name of ["Europe/Berlin", "Africa/Casablanca", "America/Argentina/San_Luis", "Asia/Gaza"]) {
    const zone = timeZone(name)!
    const format = new Intl.DateTimeFormat("sv-SE", {
      timeZone: name,
      dateStyle: "short",
      timeStyle: "medium",
    })
    let segment = zone.segment(us("1995-01-01T00:00:00Z"))
    for (let k = 0; k < 200; k++) {
      const next = zone.segment(segment.endUs)
      assert.equal(next.startUs, segment.endUs)
      const middle = (segment.startUs + segment.endUs) / 2n
      const shown =
        BigInt(Date.parse(`${format.format(Number(middle / 1_000n)).replace(" ", "T")}Z`)) * 1_000n
      assert.equal(shown, zone.toLocal(middle) - (middle % 1_000_000n), `${name} ${middle}`)
      segment = next
    }
  }
})

test("names are those with a region, and UTC; rules have a name of their own", () => {
  for (const name of ["Foo/Bar", "CET", "EST5EDT", "+02:00", "", "GMT+2", "Europe/Berlin'"]) {
    assert.equal(timeZone(name), null, name)
  }
  assert.ok(timeZoneNames().includes("Europe/Berlin"))
  const [berlin, paris, utc] = ["Europe/Berlin", "Europe/Paris", "UTC"].map((name) => timeZone(name)!.rules)
  assert.match(berlin!, /^[0-9a-f]{16}$/)
  assert.equal(new Set([berlin, paris, utc]).size, 3)
  assert.equal(timeZone("europe/berlin")!.rules, berlin)
})
