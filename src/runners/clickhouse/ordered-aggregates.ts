/**
 * Aggregates whose result depends on an order. Each row that is taken is a tuple that ClickHouse sorts as it
 * is: for each term whether it is NULL and what it is sorted by, at last the value; a group is a sorted
 * array.
 */

import type { Names } from "../../expr/clickhouse/sql-writer.ts"
import { floatOfRank, floatRank, textLiteral } from "../../expr/clickhouse/sql-writer.ts"
import { noClickHouseSpelling } from "../../expr/errors.ts"
import type { AggregateCall, Expression, SortTerm } from "../../expr/expression.ts"
import { isSketch } from "../../expr/sketch-aggregates.ts"
import { assert } from "../../std/assert.ts"

export const isOrdered = ({ name, order }: AggregateCall): boolean => order !== undefined || isSketch(name)

export type Spell = (expression: Expression) => string

/**
 * An array with the row's tuple, empty for a row that is not taken.
 * @throws PlatformError no-clickhouse-spelling
 */
export function orderedArgument(names: Names, call: AggregateCall, spell: Spell): string {
  refuse(call)
  const { argument, order, filter } = call
  assert(argument !== null && order !== undefined, `${call.name} has an argument and an order`)
  const value = spell(argument)
  const own = argument.type.kind === "float64" ? floatRank(names, value) : value
  const items = order.flatMap((term) => termSql(names, term, spell(term.expression)))
  const conditions = [...(filter === undefined ? [] : [spell(filter)]), `isNotNull(${value})`]
  const taken = conditions.map((condition) => `ifNull(${condition}, 0)`).join(" AND ")
  return names.bind([own], (x) => {
    const tuple = `tuple(${[...items, `assumeNotNull(${x})`].join(", ")})`
    return `if(${taken}, [${tuple}], [])`
  })
}

function refuse({ name }: AggregateCall): void {
  if (name === "json_agg" || name === "array_agg") {
    throw noClickHouseSpelling(name, "its JSON is written in another way there")
  }
  if (name === "approx_top_k") {
    throw noClickHouseSpelling(name, "its counters depend on the order of the rows")
  }
  if (name === "approx_percentile") {
    throw noClickHouseSpelling(name, "the borders of its buckets differ in their last digit there")
  }
  if (isSketch(name)) throw noClickHouseSpelling(name, "its sketches have other bytes there")
}

function termSql(names: Names, { expression, descending, nullsFirst }: SortTerm, sql: string): string[] {
  const { kind } = expression.type
  const missing = `toUInt8(isNull(${sql}) ${nullsFirst ? "= 0" : "!= 0"})`
  const plain = kind === "float64" ? floatRank(names, sql) : sql
  const text = kind === "string" || kind === "bytes" || kind === "json"
  const turned = text
    ? `concat(translate(hex(${plain}), '0123456789ABCDEF', 'FEDCBA9876543210'), 'G')`
    : `bitNot(${kind === "boolean" ? `toInt8(${plain})` : plain})`
  return [missing, `ifNull(${descending ? turned : plain}, ${text ? "''" : "0"})`]
}

export function orderedParts({ distinct }: AggregateCall, column: string): readonly string[] {
  const sorted = `arraySort(groupArrayArray(${column}))`
  return [distinct ? `arrayDistinct(${sorted})` : sorted]
}

export function orderedResult(names: Names, call: AggregateCall, rows: string): string {
  const last = 2 * call.order!.length + 1
  const isFloat = call.argument!.type.kind === "float64"
  const at = (place: string) => {
    const value = `tupleElement(${rows}[${place}], ${last})`
    return isFloat ? floatOfRank(names, value) : value
  }
  const orNull = (result: string) => `if(empty(${rows}), NULL, ${result})`
  const count = `length(${rows})`
  const fraction = `toFloat64('${call.constant}')`
  switch (call.name) {
    case "string_agg": {
      const texts = `arrayMap(t -> tupleElement(t, ${last}), ${rows})`
      return orNull(`arrayStringConcat(${texts}, ${textLiteral(call.constant as string)})`)
    }
    case "first":
      return orNull(at("1"))
    case "last":
      return orNull(at("-1"))
    case "mode": {
      // How often each value came so far: the first to come most often is the first in order.
      const times = `arrayEnumerateUniq(arrayMap(t -> tupleElement(t, ${last}), ${rows}))`
      return orNull(at(`indexOf(${times}, arrayMax(${times}))`))
    }
    case "percentile_disc":
      return orNull(at(`greatest(toUInt64(ceil(${fraction} * ${count})), 1)`))
    case "percentile_cont": {
      const place = `(${fraction} * (${count} - 1))`
      const [low, high] = [at(`toUInt64(floor(${place})) + 1`), at(`toUInt64(ceil(${place})) + 1`)]
      const between = `${low} + (${place} - floor(${place})) * (${high} - ${low})`
      return orNull(`if(floor(${place}) = ceil(${place}), ${low}, ${between})`)
    }
    default:
      assert(false, `${call.name} has an order`)
  }
}
