/**
 * One face for "a ClickHouse": the process that hosts it beside the platform, or a server. Whoever stores,
 * archives, verifies or asks goes through this. Statements of role "internal" are ours and are trusted;
 * "reader" is for everybody else's: it changes nothing, and what it may look at was judged before.
 *
 * Laws
 * - `insert` and `command` resolve when their effect is durable and visible to the next statement.
 * - A failure is a PlatformError of stores/errors.ts: store-unavailable (later), query-* (the statement's).
 * - A query whose bytes were all read without an error is whole: one that broke in the middle throws.
 */

export type ClickHouseRole = "internal" | "reader"

/** Bound on the side of ClickHouse to `{name:Type}`; never spliced into the text. */
export type ParameterValue = string | number | bigint | boolean | null | readonly ParameterValue[]

export interface StatementOptions {
  /** @default "internal" */
  readonly role?: ClickHouseRole
  readonly parameters?: Readonly<Record<string, ParameterValue>>
  /** ClickHouse's settings for this statement alone. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** What `kill` takes, and messages name. @default one that is made up */
  readonly queryId?: string
  /** Aborting also stops the statement in ClickHouse. */
  readonly signal?: AbortSignal
}

export interface QueryOptions extends StatementOptions {
  /** ClickHouse's name of a format: "Native", "JSONEachRow"; a FORMAT clause in the text wins. */
  readonly format: string
}

export interface InsertRequest {
  /** Quoted where it must be: "events.flight", "`_views`.`x y`". */
  readonly table: string
  /** In the order that the body has them. */
  readonly columns: readonly string[]
  /** "Native" is the fast one. */
  readonly format: string
  /** Whole rows, one piece behind the other. */
  readonly body: readonly Uint8Array[]
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  readonly queryId?: string
  readonly signal?: AbortSignal
}

export interface QueryAnswer {
  readonly queryId: string
  /** The format that the bytes have. */
  readonly format: string
  /** In pieces as they come; leaving the loop early stops the query. */
  readonly body: AsyncIterable<Uint8Array>
}

export interface ClickHouse {
  /** Runs one statement whose result, if it has one, nobody wants. */
  command(sql: string, options?: StatementOptions): Promise<void>
  /** One block: all of it or nothing, as long as it stays in one partition of the table. */
  insert(request: InsertRequest): Promise<void>
  /** @throws query-failed and its kin before the first byte, or in the middle of the body. */
  query(sql: string, options: QueryOptions): Promise<QueryAnswer>
  /** Stops a statement; true when one of that id ran. */
  kill(queryId: string): Promise<boolean>
  /**
   * Stops statements whose ids begin with `prefix`, and resolves when none of them runs any more, nor will:
   * what a broken connection left behind has had its effect by then, or has none.
   */
  settle(prefix: string): Promise<void>
  /** ClickHouse's version: "26.7.2.1". */
  version(): Promise<string>
}

/** The whole body in one piece. */
export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}

/** A small result as objects; 64-bit integers and decimals are text. */
export async function queryRows<Row>(
  clickhouse: ClickHouse,
  sql: string,
  options: StatementOptions = {},
): Promise<Row[]> {
  const settings = { output_format_json_quote_64bit_integers: 1, output_format_json_quote_decimals: 1 }
  const answer = await clickhouse.query(sql, {
    ...options,
    settings: { ...settings, ...options.settings },
    format: "JSONEachRow",
  })
  const text = new TextDecoder().decode(await readAll(answer.body))
  return text === ""
    ? []
    : text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Row)
}

/** A name as ClickHouse takes it whatever it is: `x y`, with what must be escaped. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``
}

/** A text literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
}
