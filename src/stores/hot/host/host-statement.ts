/**
 * One request of the host's HTTP interface as data, and how the engine is to run it. The subset:
 *
 *   POST /            the statement in the body, or in `query` with its data in the body
 *   URL parameters    query, database, default_format, query_id (becomes the setting log_comment),
 *                     param_NAME; every other one is a setting
 *   X-ClickHouse-User internal (trusted) or reader (readonly)
 */
import { randomUUID } from "node:crypto"
import { assert } from "../../../std/assert.ts"
import { ENGINE_SETTINGS } from "./engine-config.ts"
import { GIVE_RIGHTS_UP } from "./reader-rights.ts"

export interface HostRequest {
  readonly parameters: URLSearchParams
  readonly user: string
  readonly body: Uint8Array
}

export interface HostStatement {
  readonly sql: string
  /** What the statement inserts; null when it brings no data. */
  readonly insert: InsertData | null
  readonly format: string
  readonly queryId: string
  readonly isReader: boolean
  /** What a session must do first, in this order. */
  readonly preparation: readonly string[]
  /** Its answer may leave in pieces: the format's pieces, one behind the other, are the format again. */
  readonly isStreamed: boolean
}

export interface InsertData {
  /** `INSERT INTO t (a, b)` */
  readonly head: string
  /** `a, b` */
  readonly columns: string
  readonly format: string
  readonly bytes: Uint8Array
}

/** ClickHouse's names of its codes end its messages, and its clients look there. */
const CODE_NAMES: ReadonlyMap<number, string> = new Map([
  [36, "BAD_ARGUMENTS"],
  [62, "SYNTAX_ERROR"],
  [202, "TOO_MANY_SIMULTANEOUS_QUERIES"],
  [394, "QUERY_WAS_CANCELLED"],
  [516, "AUTHENTICATION_FAILED"],
])

/** A request that is none: its ClickHouse code and what to do. */
export class HostRefusal extends Error {
  readonly clickhouseCode: number

  constructor(clickhouseCode: number, message: string) {
    const name = CODE_NAMES.get(clickhouseCode)
    assert(name !== undefined, `the code ${clickhouseCode} has its name here`)
    super(`DB::Exception: ${message}. (${name})`)
    this.clickhouseCode = clickhouseCode
  }
}

const USERS = new Set(["internal", "reader"])
/** Parameters of the interface that are no settings. */
const INTERFACE = new Set([
  "query",
  "database",
  "default_format",
  "query_id",
  "user",
  "password",
  "session_id",
])
/** Without headers and footers. */
const STREAMED_FORMATS = new Set([
  ...["JSONEachRow", "JSONLines", "NDJSON", "JSONStringsEachRow", "JSONCompactEachRow"],
  ...["TabSeparated", "TSV", "TabSeparatedRaw", "CSV", "Native", "RowBinary"],
])
const INSERT_WITH_DATA = /^\s*(INSERT\s+INTO\s+[^()]+\(([^()]*)\))\s*FORMAT\s+(\w+)\s*;?\s*$/i
const DEFAULT_FORMAT = "TabSeparated"
const BAD_ARGUMENTS = 36
const SYNTAX_ERROR = 62
const AUTHENTICATION_FAILED = 516

/** @throws HostRefusal */
export function readStatement({ parameters, user, body }: HostRequest): HostStatement {
  if (!USERS.has(user)) {
    throw new HostRefusal(AUTHENTICATION_FAILED, `there is no user "${user}" here; ask as internal or reader`)
  }
  const inUrl = parameters.get("query")
  const sql = inUrl ?? new TextDecoder().decode(body)
  if (sql.trim() === "") throw new HostRefusal(SYNTAX_ERROR, "Empty query; send a statement in the body")
  const insert = inUrl !== null && body.length > 0 ? insertOf(sql, body) : null
  const format = parameters.get("default_format") ?? DEFAULT_FORMAT
  if (!/^\w+$/.test(format))
    throw new HostRefusal(BAD_ARGUMENTS, `default_format is "${format}", which is no name`)
  const isReader = user === "reader"
  const queryId = parameters.get("query_id") ?? randomUUID()
  return {
    sql,
    insert,
    format,
    queryId,
    isReader,
    preparation: preparationOf(parameters, { isReader, queryId }),
    isStreamed: insert === null && STREAMED_FORMATS.has(format) && isPlainSelect(sql),
  }
}

function insertOf(sql: string, bytes: Uint8Array): InsertData {
  const match = INSERT_WITH_DATA.exec(sql)
  if (match === null) {
    throw new HostRefusal(
      BAD_ARGUMENTS,
      "a statement with data in the body is INSERT INTO table (columns) FORMAT name; the columns are needed",
    )
  }
  return { head: match[1]!, columns: match[2]!, format: match[3]!, bytes }
}

/**
 * A FORMAT clause would win over ours, and a word in a text literal may look like one: then the answer comes
 * in one piece, which is right for every format.
 */
function isPlainSelect(sql: string): boolean {
  return /^[\s(]*(SELECT|WITH)\b/i.test(sql) && !/\b(FORMAT|INSERT)\b/i.test(sql)
}

function preparationOf(
  parameters: URLSearchParams,
  { isReader, queryId }: Pick<HostStatement, "isReader" | "queryId">,
): string[] {
  const settings = new Map<string, string>(Object.entries(ENGINE_SETTINGS))
  for (const [name, value] of parameters) {
    if (INTERFACE.has(name)) continue
    if (!/^[a-z]\w*$/i.test(name))
      throw new HostRefusal(BAD_ARGUMENTS, `"${name}" is not the name of a setting`)
    settings.set(name, value)
  }
  // The engine gives ids of its own; by this one the statement is found and stopped.
  settings.set("log_comment", queryId)
  // Last, since nothing can be set once it holds.
  if (isReader) settings.delete("readonly")
  const assignments = [...settings].map(([name, value]) => `${name} = ${literal(value)}`)
  if (isReader) assignments.push("readonly = 1")
  const database = parameters.get("database")
  return [
    ...(isReader ? [GIVE_RIGHTS_UP] : []),
    ...(database === null ? [] : [`USE \`${database.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``]),
    `SET ${assignments.join(", ")}`,
  ]
}

function literal(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
}
