/**
 * Feeds the shop's order lines to a running platform, in the file's order:
 *
 *   node examples/retail/feed.ts orders.csv
 *   MILLRACE_TEST_DATA=/data node examples/retail/feed.ts --limit 10000 --url http://127.0.0.1:4601
 */
import { parseArgs } from "node:util"
import { HOW_TO_GET_THE_FILE, type OrderLine, orderFileIn, readOrderLines } from "./order-lines.ts"

export interface FeedOptions {
  /** http://127.0.0.1:4600 */
  readonly url: string
  readonly path: string
  /** @default all of them */
  readonly limit?: number
  /** Called after each post. */
  readonly onProgress?: (fed: Fed) => void | Promise<void>
}

export interface Fed {
  readonly received: number
  readonly accepted: number
  readonly duplicates: number
}

const LINES_PER_POST = 2_000

/** @throws Error when the platform refuses a line: the file has none that it may refuse. */
export async function feedOrderLines(options: FeedOptions): Promise<Fed> {
  let fed: Fed = { received: 0, accepted: 0, duplicates: 0 }
  let block: OrderLine[] = []
  const flush = async (): Promise<void> => {
    fed = add(fed, await post(options.url, block))
    block = []
    await options.onProgress?.(fed)
  }
  for await (const line of readOrderLines(options.path, options.limit)) {
    block.push(line)
    if (block.length === LINES_PER_POST) await flush()
  }
  if (block.length > 0) await flush()
  return fed
}

function add(a: Fed, b: Fed): Fed {
  return {
    received: a.received + b.received,
    accepted: a.accepted + b.accepted,
    duplicates: a.duplicates + b.duplicates,
  }
}

async function post(url: string, lines: readonly OrderLine[]): Promise<Fed> {
  const response = await fetch(`${url}/v1/events/order_line`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(lines),
  })
  const answer = (await response.json()) as Fed & {
    rejected_count?: number
    detail?: string
    rejected?: object[]
  }
  if (response.ok && answer.rejected_count === 0) return answer
  throw new Error(`HTTP ${response.status}: ${answer.detail ?? JSON.stringify(answer.rejected?.slice(0, 3))}`)
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: { type: "string", default: "http://127.0.0.1:4600" }, limit: { type: "string" } },
  })
  const path = positionals[0] ?? orderFileIn(process.env["MILLRACE_TEST_DATA"])
  if (path === null) throw new Error(`Which file? ${HOW_TO_GET_THE_FILE}`)
  const limit = values.limit === undefined ? {} : { limit: wholeNumber(values.limit) }
  const fed = await feedOrderLines({
    url: values.url,
    path,
    ...limit,
    onProgress: ({ received }) => void process.stderr.write(`\r${received.toLocaleString("en")} lines`),
  })
  process.stderr.write("\n")
  console.log(JSON.stringify(fed))
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`--limit is "${text}", not a whole number`)
  return Number(text)
}

// A project loads every module of its folder; only a command line runs this one.
if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 2
  })
}
