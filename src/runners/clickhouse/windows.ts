/** The window table functions as ClickHouse computes them: starts over a row's time, then ends over both. */
import { noClickHouseSpelling } from "../../expr/errors.ts"
import type { WindowSpec } from "../../plan/plan.ts"
import { assert } from "../../std/assert.ts"

/** Windows a row can be in: the engine's own limit. */
const MAX_WINDOWS = 10_080n

export interface WindowSql {
  /** One window's start per row that comes out; `time` is not NULL. */
  readonly start: (time: string) => string
  readonly end: (time: string, start: string) => string
}

/** @throws PlatformError no-clickhouse-spelling */
export function windowSql({ kind, sizeUs, slideUs, offsetUs = 0n, zone = null }: WindowSpec): WindowSql {
  if (zone !== null) {
    const reason =
      "its times with a zone end in 2299, and its zones may have other rules than this platform's"
    throw noClickHouseSpelling(`${kind} in the time zone ${zone}`, reason)
  }
  const count = sizeUs / slideUs
  assert(count >= 1n && count <= MAX_WINDOWS, "a row is in a bounded number of windows")
  const before = (time: string, step: bigint) =>
    `${time} - positiveModulo(${time} - toInt64('${offsetUs}'), toInt64(${step}))`
  if (kind === "cumulate") {
    return {
      start: (time) => `toInt64(${before(time, sizeUs)})`,
      end: (time, start) => {
        const first = `toInt64(intDiv(${time} - ${start}, toInt64(${slideUs}))) + 1`
        const steps = `range(${first}, ${count + 1n})`
        return `arrayJoin(arrayMap(w -> toInt64(${start} + w * toInt64(${slideUs})), ${steps}))`
      },
    }
  }
  return {
    start: (time) => {
      const newest = before(time, slideUs)
      if (count === 1n) return `toInt64(${newest})`
      return `arrayJoin(arrayMap(w -> toInt64(${newest} - w * toInt64(${slideUs})), range(${count})))`
    },
    end: (_, start) => `toInt64(${start} + toInt64(${sizeUs}))`,
  }
}
