/** GET /v1/views/:view/why: the events behind a row, and those that are not in it, with the reason. */
import { formatScalar, parseScalar } from "../../../columns/json-out.ts"
import type { Column, Scalar } from "../../../columns/types.ts"
import { typeName } from "../../../columns/types.ts"
import type { ExplainedEvent, KeyTerm } from "../../../runners/clickhouse/explainer.ts"
import { storeUnavailable } from "../../../stores/errors.ts"
import { badParameter, unknownColumn } from "../../errors.ts"
import { instantOfMs } from "../../instant-text.ts"
import { findView } from "../find-status.ts"
import { onlyParameters, parseQuery, wholeNumber } from "../query.ts"
import type { Route } from "../route.ts"
import { pathParameter, problem, VIEW_PARAMETER } from "../route.ts"
import { sendJson } from "../send-json.ts"
import { suggest } from "../suggest.ts"

const KEY = "key."
const IS_NULL = ".is_null"
const DEFAULT_EVENTS = 100
const MAX_EVENTS = 1_000

export const getWhy: Route = {
  method: "GET",
  path: "/v1/views/:view/why",
  operation: {
    id: "explain_row",
    summary: "The events behind a row of a view, and those that would belong to it and are not in it.",
    parameters: [
      VIEW_PARAMETER,
      {
        name: "key.COLUMN",
        in: "query",
        description:
          "The row: a value for each column that tells it apart, or key.COLUMN.is_null=true. " +
          "An empty key is the only row.",
        schema: { type: "string" },
      },
      {
        name: "limit",
        in: "query",
        description: "Events of each kind.",
        schema: { type: "integer", minimum: 1, maximum: MAX_EVENTS, default: DEFAULT_EVENTS },
      },
    ],
    responses: {
      200: { description: "The row, its events, and what was left out.", schema: "Explanation" },
      400: problem("A column, parameter or value is not valid, or the view cannot be computed backwards."),
      404: problem("There is no such view; near names are suggested."),
      503: problem("There is no store, or the ledger is behind."),
    },
  },
  handle: async (context, request, reply) => {
    const { plan } = findView(context.runtime, pathParameter(request, "view"))
    const parameters = parseQuery(request.raw.url ?? "")
    const key = parameters.filter(({ name }) => name.startsWith(KEY)).map((each) => term(plan.columns, each))
    const rest = onlyParameters(
      parameters.filter(({ name }) => !name.startsWith(KEY)),
      ["limit"],
    )
    const range = { least: 1, most: MAX_EVENTS, absent: DEFAULT_EVENTS }
    const limit = wholeNumber("limit", rest.get("limit"), range)
    if (context.checks === null) throw storeUnavailable("this platform has none")
    const answer = await context.checks.explainer.why({ view: plan.name, key, limit })
    return sendJson(reply, 200, {
      view: plan.name,
      epoch: answer.epoch,
      row: answer.row === null ? null : describeRow(plan.columns, answer.row),
      events: answer.events.map(describeEvent),
      more_events: answer.moreEvents,
      left_out: answer.leftOut.map((event) => {
        return { ...describeEvent(event), verdict: event.verdict, reason: event.reason }
      }),
      more_left_out: answer.moreLeftOut,
    })
  },
}

function term(columns: readonly Column[], { name, value }: { name: string; value: string }): KeyTerm {
  const wanted = name.slice(KEY.length)
  const column = columns.findIndex((each) => each.name === wanted)
  if (column < 0 && wanted.endsWith(IS_NULL)) return nullTerm(columns, { name, value })
  const known = columns.map((each) => each.name)
  if (column < 0) throw unknownColumn(wanted, known, suggest(wanted, known))
  const { type } = columns[column]!
  const parsed = parseScalar(type, value)
  if (parsed === undefined) throw badParameter(name, value, `a value of ${typeName(type)}`)
  return { column, value: parsed }
}

/** As in the filters of rows: key.plan.is_null=true. */
function nullTerm(columns: readonly Column[], { name, value }: { name: string; value: string }): KeyTerm {
  const wanted = name.slice(KEY.length, -IS_NULL.length)
  const column = columns.findIndex((each) => each.name === wanted)
  const known = columns.map((each) => each.name)
  if (column < 0) throw unknownColumn(wanted, known, suggest(wanted, known))
  if (value !== "true") throw badParameter(name, value, "true; leave it out, or give key.COLUMN=VALUE")
  return { column, value: null }
}

function describeRow(columns: readonly Column[], row: readonly Scalar[]) {
  return Object.fromEntries(
    columns.map(({ name, type }, i) => {
      const value = row[i]!
      const plain = value === null || type.kind === "boolean" || type.kind === "int32"
      const number = type.kind === "float64" && Number.isFinite(value)
      return [name, plain || number ? value : formatScalar(type, value)]
    }),
  )
}

function describeEvent({ event, partition, offset, appendedMs, value }: ExplainedEvent) {
  const appendedAt = instantOfMs(appendedMs)
  return { event, partition, offset, appended_at: appendedAt, value: Buffer.from(value).toString("utf8") }
}
