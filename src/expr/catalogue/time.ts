/** Functions and operators over timestamps (UTC instants), dates and intervals. */
import type { Interval, LogicalType } from "../../columns/types.ts"
import { decimal, LOCAL_TIMESTAMP } from "../../columns/types.ts"
import { daysFromMicros } from "../../std/calendar.ts"
import { timeZone } from "../../std/time-zone.ts"
import { runtime } from "../compile/kernel.ts"
import * as kernels from "../kernels/time-kernels.ts"
import { addIntervals, negateInterval, subtractIntervals } from "../values/interval.ts"
import * as values from "../values/time-arithmetic.ts"
import { timeField, truncateInterval, truncationUnit } from "../values/time-fields.ts"
import { instantOf, localTime, truncateInZone } from "../values/zoned-time.ts"
import type { CatalogueEntry, Fault, Literals } from "./entry.ts"
import { fn, op } from "./entry.ts"

/** extract() gives numeric: whole for most fields, with places for those that have a fraction. */
function extracted(args: readonly LogicalType[], literals: Literals): LogicalType {
  const field = literals[0]
  const overDate = args[1]?.kind === "date"
  switch (typeof field === "string" ? timeField(field) : undefined) {
    case "epoch":
      return overDate ? decimal(20, 0) : decimal(20, 6)
    case "second":
      return decimal(10, 6)
    case "milliseconds":
      return decimal(10, 3)
    case "julian":
      return overDate ? decimal(10, 0) : decimal(30, 20)
    case undefined:
      return decimal(38, 20)
    default:
      return decimal(20, 0)
  }
}

const unitFault: Fault = ([unit]) =>
  typeof unit === "string" && truncationUnit(unit) === undefined
    ? `"${unit}" is not a unit of date_trunc; there are microseconds to millennium`
    : null

const fieldFault: Fault = ([field]) =>
  typeof field === "string" && timeField(field) === undefined ? `"${field}" is not a field of a time` : null

const extracting = { type: extracted, fault: fieldFault, postgres: 'pg_catalog."extract"($1, $2)' } as const
const ofField = { fault: fieldFault } as const
const ofUnit = { fault: unitFault } as const
const RANGE = "timestamp-out-of-range"
const INVALID = "invalid-argument"

const zoneFault: Fault = (literals) => {
  const zone = literals.at(literals.length === 3 ? 2 : 0)
  if (typeof zone !== "string" || timeZone(zone) !== null) return null
  return `there is no time zone ${zone}; write a name of the IANA time zone database, such as 'Europe/Berlin'`
}

/** PostgreSQL's timestamp without time zone. */
const local = { type: () => LOCAL_TIMESTAMP } as const
const toLocal = { ...local, fault: zoneFault, postgres: "timezone($1, $2::timestamptz)" } as const
const toInstant = { fault: zoneFault, givesInstant: true, postgres: "timezone($1, $2::timestamp)" } as const
const truncatedIn = {
  fault: (literals: Literals) => unitFault(literals) ?? zoneFault(literals),
  givesInstant: true,
} as const

const operators: readonly CatalogueEntry[] = [
  op("+", "add(timestamp,interval) -> timestamp", kernels.addInterval),
  op("+", "add(interval,timestamp) -> timestamp", kernels.addIntervalFirst),
  op("-", "subtract(timestamp,interval) -> timestamp", kernels.subtractInterval),
  op("-", "subtract(timestamp,timestamp) -> interval", runtime(values.betweenTimestamps, RANGE)),
  op("+", "add(date,int32) -> date", runtime(values.shiftDate, RANGE)),
  op(
    "+",
    "add(int32,date) -> date",
    runtime((count: number, days: number) => values.shiftDate(days, count), RANGE),
  ),
  op(
    "-",
    "subtract(date,int32) -> date",
    runtime((days: number, count: number) => values.shiftDate(days, -count), RANGE),
  ),
  op("-", "subtract(date,date) -> int32", kernels.subtractDates),
  op("+", "add(date,interval) -> timestamp", runtime(values.addToDate, RANGE), local),
  op(
    "+",
    "add(interval,date) -> timestamp",
    runtime((span: Interval, days: number) => values.addToDate(days, span), RANGE),
    local,
  ),
  op("-", "subtract(date,interval) -> timestamp", runtime(values.subtractFromDate, RANGE), local),
  op("+", "add(interval,interval) -> interval", runtime(addIntervals, RANGE)),
  op("-", "subtract(interval,interval) -> interval", runtime(subtractIntervals, RANGE)),
  op("*", "multiply(interval,float64) -> interval", runtime(values.multiplyInterval, RANGE)),
  op(
    "*",
    "multiply(float64,interval) -> interval",
    runtime((factor: number, span: Interval) => values.multiplyInterval(span, factor), RANGE),
  ),
  op("/", "divide(interval,float64) -> interval", runtime(values.divideInterval, RANGE, "division-by-zero")),
  op("-", "negate(interval) -> interval", runtime(negateInterval, RANGE)),
]

/** AT TIME ZONE, by what stands before it: bind-zone.ts chooses. */
const zoned: readonly CatalogueEntry[] = [
  op(
    "at time zone",
    "local_time(string,timestamp) -> timestamp",
    runtime(localTime, INVALID, RANGE),
    toLocal,
  ),
  op(
    "local at time zone",
    "instant(string,timestamp) -> timestamp",
    runtime(instantOf, INVALID, RANGE),
    toInstant,
  ),
  fn(
    "date_trunc(string,timestamp,string) -> timestamp",
    runtime(truncateInZone, INVALID, RANGE),
    truncatedIn,
  ),
]

export const time: readonly CatalogueEntry[] = [
  ...operators,
  ...zoned,
  fn("date_trunc(string,timestamp) -> timestamp", kernels.dateTrunc, ofUnit),
  fn("date_trunc(string,interval) -> interval", runtime(truncateInterval, INVALID, RANGE), ofUnit),
  fn("date_bin(interval,timestamp,timestamp) -> timestamp", runtime(values.binTimestamp, INVALID, RANGE)),
  fn("date_part(string,timestamp) -> float64", kernels.partOfTimestamp, ofField),
  fn("date_part(string,date) -> float64", kernels.partOfDate, ofField),
  fn("date_part(string,interval) -> float64", kernels.partOfInterval, ofField),
  fn("extract(string,timestamp) -> decimal", kernels.extractTimestamp, extracting),
  fn("extract(string,date) -> decimal", kernels.extractDate, extracting),
  fn("extract(string,interval) -> decimal", kernels.extractInterval, extracting),
  fn("make_date(int32,int32,int32) -> date", runtime(values.makeDate, RANGE)),
  fn(
    "make_timestamp(int32,int32,int32,int32,int32,float64) -> timestamp",
    runtime(values.makeTimestamp, RANGE),
    local,
  ),
  fn(
    "make_timestamptz(int32,int32,int32,int32,int32,float64) -> timestamp",
    runtime(values.makeTimestamp, RANGE),
  ),
  fn("to_timestamp(float64) -> timestamp", runtime(values.timestampOfSeconds, RANGE)),
  fn("age(timestamp,timestamp) -> interval", runtime(values.age, RANGE)),
  fn("date_add(timestamp,interval) -> timestamp", kernels.addInterval),
  fn("date_subtract(timestamp,interval) -> timestamp", kernels.subtractInterval),
  fn("justify_hours(interval) -> interval", runtime(values.justifyHours, RANGE)),
  fn("justify_days(interval) -> interval", runtime(values.justifyDays, RANGE)),
  fn("justify_interval(interval) -> interval", runtime(values.justifyInterval, RANGE)),
  fn("date(timestamp) -> date", runtime(daysFromMicros)),
]
