/** Functions and operators over timestamps (UTC instants), dates and intervals. */
import type { LogicalType } from "../../columns/types.ts"
import { decimal } from "../../columns/types.ts"
import type { CatalogueEntry, Literals } from "./entry.ts"
import { fn, op } from "./entry.ts"

/** extract() gives numeric: whole for most fields, with places for those that have a fraction. */
function extracted(args: readonly LogicalType[], literals: Literals): LogicalType {
  const field = literals[0]
  const overDate = args[1]?.kind === "date"
  switch (typeof field === "string" ? field.toLowerCase() : "") {
    case "epoch":
      return overDate ? decimal(20, 0) : decimal(20, 6)
    case "second":
    case "seconds":
    case "sec":
    case "secs":
    case "s":
      return decimal(10, 6)
    case "millisecond":
    case "milliseconds":
    case "msec":
    case "msecs":
    case "ms":
      return decimal(10, 3)
    case "julian":
      return overDate ? decimal(10, 0) : decimal(30, 20)
    case "":
      return decimal(38, 20)
    default:
      return decimal(10, 0)
  }
}

const FIELDS_OF = ["timestamp", "date", "interval"]

export const time: readonly CatalogueEntry[] = [
  op("+", "add(timestamp,interval) -> timestamp"),
  op("+", "add(interval,timestamp) -> timestamp"),
  op("-", "subtract(timestamp,interval) -> timestamp"),
  op("-", "subtract(timestamp,timestamp) -> interval"),
  op("+", "add(date,int32) -> date"),
  op("+", "add(int32,date) -> date"),
  op("-", "subtract(date,int32) -> date"),
  op("-", "subtract(date,date) -> int32"),
  op("+", "add(date,interval) -> timestamp"),
  op("+", "add(interval,date) -> timestamp"),
  op("-", "subtract(date,interval) -> timestamp"),
  op("+", "add(interval,interval) -> interval"),
  op("-", "subtract(interval,interval) -> interval"),
  op("*", "multiply(interval,float64) -> interval"),
  op("*", "multiply(float64,interval) -> interval"),
  op("/", "divide(interval,float64) -> interval"),
  op("-", "negate(interval) -> interval"),
  fn("date_trunc(string,timestamp) -> timestamp"),
  fn("date_trunc(string,interval) -> interval"),
  fn("date_bin(interval,timestamp,timestamp) -> timestamp"),
  ...FIELDS_OF.map((kind) => fn(`date_part(string,${kind}) -> float64`)),
  ...FIELDS_OF.map((kind) => fn(`extract(string,${kind}) -> decimal`, { type: extracted })),
  fn("make_date(int32,int32,int32) -> date"),
  fn("make_timestamp(int32,int32,int32,int32,int32,float64) -> timestamp"),
  fn("make_timestamptz(int32,int32,int32,int32,int32,float64) -> timestamp"),
  fn("to_timestamp(float64) -> timestamp"),
  fn("age(timestamp,timestamp) -> interval"),
  fn("date_add(timestamp,interval) -> timestamp"),
  fn("date_subtract(timestamp,interval) -> timestamp"),
  fn("justify_hours(interval) -> interval"),
  fn("justify_days(interval) -> interval"),
  fn("justify_interval(interval) -> interval"),
  fn("date(timestamp) -> date"),
]
