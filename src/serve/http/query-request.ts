/** The body of POST /v1/query, and the format that the caller can read. */
import type { QueryRequest } from "../../stores/hot/queries.ts"
import { QUERY_FORMATS, type QueryFormat } from "../../stores/hot/query-formats.ts"
import { DEFAULT_QUERY_TIMEOUT_MS, MAX_QUERY_TIMEOUT_MS } from "../../stores/hot/query-limits.ts"
import { badParameter, unknownParameter } from "../errors.ts"
import type { JsonObject } from "./read-json.ts"
import { suggest } from "./suggest.ts"

const MEMBERS = ["sql", "params", "format", "numbers", "timeout_ms", "query_id"]

export const TYPE_BY_FORMAT: Readonly<Record<QueryFormat, string>> = {
  json: "application/json; charset=utf-8",
  ndjson: "application/x-ndjson; charset=utf-8",
  csv: "text/csv; charset=utf-8; header=present",
  arrow: "application/vnd.apache.arrow.stream",
  parquet: "application/vnd.apache.parquet",
  orc: "application/vnd.apache.orc",
  avro: "application/vnd.apache.avro",
}

/** @throws unknown-parameter, bad-parameter */
export function queryRequest(body: JsonObject, accept: string | undefined): Omit<QueryRequest, "signal"> {
  const stray = Object.keys(body).find((name) => !MEMBERS.includes(name))
  if (stray !== undefined) throw unknownParameter(stray, MEMBERS, suggest(stray, MEMBERS))
  const { sql, query_id: queryId = null } = body
  if (typeof sql !== "string") throw badParameter("sql", shown(sql), "the SQL as a text")
  if (queryId !== null && typeof queryId !== "string")
    throw badParameter("query_id", shown(queryId), "a text")
  return {
    sql,
    params: paramsOf(body),
    format: formatOf(body, accept),
    numbers: numbersOf(body),
    timeoutMs: timeoutOf(body),
    queryId,
  }
}

function paramsOf({ params = {} }: JsonObject): JsonObject {
  if (typeof params === "object" && params !== null && !Array.isArray(params)) return params as JsonObject
  throw badParameter("params", shown(params), "an object with a value for each {name:Type} of the SQL")
}

/** What the body says, or else the first type of the Accept header that there is, or else JSON. */
function formatOf({ format }: JsonObject, accept = ""): QueryFormat {
  if (format !== undefined) {
    const known = QUERY_FORMATS.find((name) => name === format)
    if (known === undefined) throw badParameter("format", shown(format), `one of ${QUERY_FORMATS.join(", ")}`)
    return known
  }
  const wanted = accept.split(",").map((type) => type.split(";", 1)[0]?.trim().toLowerCase())
  const found = wanted.flatMap((type) =>
    QUERY_FORMATS.filter((name) => TYPE_BY_FORMAT[name].split(";", 1)[0] === type),
  )
  return found[0] ?? "json"
}

function numbersOf({ numbers = "string" }: JsonObject): "string" | "json" {
  if (numbers === "string" || numbers === "json") return numbers
  throw badParameter("numbers", shown(numbers), "string or json")
}

function timeoutOf({ timeout_ms: timeoutMs = DEFAULT_QUERY_TIMEOUT_MS }: JsonObject): number {
  const fits =
    Number.isInteger(timeoutMs) && (timeoutMs as number) >= 1 && (timeoutMs as number) <= MAX_QUERY_TIMEOUT_MS
  if (fits) return timeoutMs as number
  throw badParameter("timeout_ms", shown(timeoutMs), `a whole number from 1 to ${MAX_QUERY_TIMEOUT_MS}`)
}

function shown(value: unknown): string {
  return (typeof value === "string" ? value : (JSON.stringify(value) ?? "missing")).slice(0, 100)
}
