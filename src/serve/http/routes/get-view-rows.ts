/** GET /v1/views/:view/rows: rows of a view at one epoch, filtered, sorted, in pages. */
import type { FastifyReply, FastifyRequest } from "fastify"
import { writeRowsAsJson } from "../../../columns/json-out.ts"
import type { ReceiptAnswer } from "../../../runners/runtime.ts"
import { receiptNotProcessed } from "../../errors.ts"
import { instantText } from "../../instant-text.ts"
import { DEFAULT_ROWS, DEFAULT_WAIT_MS, MAX_ROWS, MAX_WAIT_MS } from "../../limits.ts"
import { findView } from "../find-status.ts"
import { parseQuery } from "../query.ts"
import type { DoorContext, Parameter, Route } from "../route.ts"
import { pathParameter, problem, VIEW_PARAMETER } from "../route.ts"
import type { RowsQuery } from "../rows-query.ts"
import { parseRowsQuery } from "../rows-query.ts"
import { sendJsonText } from "../send-json.ts"

const TEXT = { type: "string" }

const PARAMETERS: readonly Parameter[] = [
  VIEW_PARAMETER,
  {
    name: "where.COLUMN.COMPARISON",
    in: "query",
    description:
      "Rows whose COLUMN compares so with the value; where.COLUMN is where.COLUMN.eq. COMPARISON is eq, " +
      "ne, lt, lte, gt, gte, or is_null with true or false. All conditions must hold.",
    schema: TEXT,
  },
  { name: "sort", in: "query", description: "Columns, - before one for descending.", schema: TEXT },
  {
    name: "limit",
    in: "query",
    description: "Rows of a page.",
    schema: { type: "integer", minimum: 1, maximum: MAX_ROWS, default: DEFAULT_ROWS },
  },
  { name: "cursor", in: "query", description: "From the page before, with the same query.", schema: TEXT },
  {
    name: "numbers",
    in: "query",
    description: "How int64 and decimal are written: as JSON strings, or as JSON numbers.",
    schema: { enum: ["string", "json"], default: "string" },
  },
  {
    name: "after",
    in: "query",
    description: "A receipt: waits until the view has processed its events.",
    schema: TEXT,
  },
  {
    name: "timeout_ms",
    in: "query",
    description: "How long after= waits.",
    schema: { type: "integer", minimum: 0, maximum: MAX_WAIT_MS, default: DEFAULT_WAIT_MS },
  },
]

export const getViewRows: Route = {
  method: "GET",
  path: "/v1/views/:view/rows",
  operation: {
    id: "read_view",
    summary: "Rows of a view at one epoch: filtered, sorted, in pages.",
    parameters: PARAMETERS,
    responses: {
      200: { description: "A page of rows.", schema: "Rows" },
      400: problem("A column, comparison, parameter, value, cursor or receipt is not valid."),
      404: problem("There is no such view; near names are suggested."),
      410: problem("The cursor's epoch is no longer kept; begin at the first page."),
      504: problem("The view has not processed the receipt's events in time."),
    },
  },
  handle: readRows,
}

async function readRows(context: DoorContext, request: FastifyRequest, reply: FastifyReply) {
  const { plan } = findView(context.runtime, pathParameter(request, "view"))
  const query = parseRowsQuery(plan.columns, parseQuery(request.raw.url ?? ""))
  const receipt = await awaitReceipt(context, plan.name, query)
  const answer = context.runtime.rows({
    view: plan.name,
    where: query.where,
    sort: query.sort,
    limit: query.limit,
    cursor: query.cursor,
  })
  context.reads.noteRows(plan.name)
  const to = answer.rows.length
  const rows = writeRowsAsJson(plan.columns, answer.rows, { from: 0, to, numbers: query.numbers })
  const text =
    `{"rows":${rows},"cursor":${JSON.stringify(answer.cursor)},"epoch":${answer.epoch},` +
    `"watermark":${instantText(answer.watermarkUs)},"row_count":${answer.rowCount}${receiptText(receipt)}}`
  return sendJsonText(reply, 200, text)
}

/** @throws receipt-not-processed: rows that lack what was asked for would be read as if they had it. */
async function awaitReceipt(context: DoorContext, view: string, query: RowsQuery) {
  if (query.after === null) return null
  const receipt = await context.runtime.awaitReceipt(view, query.after, query.timeoutMs)
  if (!receipt.processed) throw receiptNotProcessed(view, query.timeoutMs)
  return receipt
}

function receiptText(receipt: ReceiptAnswer | null): string {
  if (receipt === null) return ""
  const { processed, verdicts, failures, forgotten } = receipt
  return `,"receipt":${JSON.stringify({ processed, verdicts, failures, forgotten })}`
}
