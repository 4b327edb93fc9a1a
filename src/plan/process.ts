/**
 * `process()`: a function of the user over the rows of each key, with state, timers and side outputs, for
 * what SQL cannot say. Its outputs are views. The types of rows, state and outputs follow from their schemas.
 */
import type { z } from "zod"
import type { EventContract } from "../contracts/contract.ts"
import type { ProcessContext, ProcessTimer } from "../ports/process-function.ts"
import { invalidProcess } from "./process/errors.ts"
import { readProcess } from "./process/read-options.ts"
import { type ViewDefinition, viewName } from "./view.ts"

/** An event; or the name of an event or a view, whose rows are then declared by `row`. */
export type ProcessSource = EventContract | ViewDefinition | string

/** What rows of the source look like. */
export type ProcessRow<From, Row> = [Row] extends [z.ZodObject]
  ? z.output<Row>
  : From extends { readonly kind: "event"; readonly row?: infer R }
    ? NonNullable<R>
    : never

/** The key's value; of a list of columns an object. */
export type ProcessKey<Row, Key> = Key extends keyof Row
  ? Row[Key]
  : Key extends readonly (keyof Row)[]
    ? Pick<Row, Key[number]>
    : never

/** What handlers get of a row. */
type HandedRow<From, Row, Columns> = Columns extends readonly (infer Name)[]
  ? Pick<ProcessRow<From, Row>, Name & keyof ProcessRow<From, Row>>
  : ProcessRow<From, Row>

type StateOf<State> = [State] extends [z.ZodObject] ? z.output<State> : undefined
type OutputsOf<Sides> = {
  readonly [Name in keyof Sides]: Sides[Name] extends z.ZodObject ? z.input<Sides[Name]> : never
}

/** What handlers are called with beside a row or a timer. */
type HandlerContext<From, Row, Key, State, Output extends z.ZodObject, Sides> = ProcessContext<
  ProcessKey<ProcessRow<From, Row>, Key>,
  StateOf<State>,
  z.input<Output>,
  OutputsOf<Sides>
>

export interface ProcessOptions<
  From extends ProcessSource,
  Row extends z.ZodObject | undefined,
  Key extends string | readonly string[],
  State extends z.ZodObject | undefined,
  Output extends z.ZodObject,
  Sides extends Readonly<Record<string, z.ZodObject>>,
  Columns extends readonly string[] | undefined = undefined,
> {
  /** An event; or a view (or its name) whose rows only come and have a time. */
  readonly from: From
  /** The columns of a row, as a zod schema. Needed where `from` is no event; the rows have no others. */
  readonly row?: Row
  /** Of an event: the fields that the handlers read, so that others are not decoded. @default all of them */
  readonly columns?: Columns
  /** The column, or columns, whose rows share a state and timers. */
  readonly key: Key
  /** What is remembered of a key: a z.object(). */
  readonly state?: State
  /** Of a key that has no state yet. */
  readonly initial?: StateOf<State>
  /** What keeps the state from growing for ever. timeToLive: it goes when the watermark is so much later than
   *  the key's last call. "unbounded": a promise that ctx.clear() keeps it within memory. */
  readonly stateBound?: "unbounded" | { readonly timeToLive: string }
  /** The columns of what ctx.emit() puts out; `event_time` is added. */
  readonly output: Output
  /** Those of ctx.output(name, row), by name; each is a view NAME_SIDE. */
  readonly sideOutputs?: Sides
  /** Rows that come so much behind the watermark are still handed over, with ctx.isLate. "unbounded": all
   *  are. @default "0 s": rows behind the watermark get the verdict late */
  readonly allowedLateness?: string
  /** Goes up when the handlers mean something else; the outputs are then built anew. */
  readonly version: number
  readonly description?: string
  onRow(ctx: HandlerContext<From, Row, Key, State, Output, Sides>, row: HandedRow<From, Row, Columns>): void
  onEventTimer?(ctx: HandlerContext<From, Row, Key, State, Output, Sides>, timer: ProcessTimer): void
  onProcessingTimer?(ctx: HandlerContext<From, Row, Key, State, Output, Sides>, timer: ProcessTimer): void
}

/**
 * @example
 * const idleCards = process("idle_cards", {
 *   from: payment,
 *   key: "card",
 *   state: z.object({ payments: z.number(), deadline: z.number().nullable() }),
 *   initial: { payments: 0, deadline: null },
 *   stateBound: { timeToLive: "7 days" },
 *   output: z.object({ card: z.string(), payments: int32() }),
 *   version: 1,
 *   onRow(ctx, row) {
 *     if (ctx.state.deadline !== null) ctx.deleteEventTimer(ctx.state.deadline)
 *     ctx.state.payments++
 *     ctx.state.deadline = ctx.time + 3_600_000
 *     ctx.setEventTimer(ctx.state.deadline)
 *   },
 *   onEventTimer(ctx) {
 *     ctx.emit({ card: ctx.key, payments: ctx.state.payments })
 *     ctx.clear()
 *   },
 * })
 * @throws PlatformError invalid-process, invalid-duration
 */
export function process<
  const From extends ProcessSource,
  const Key extends string | readonly string[],
  Output extends z.ZodObject,
  Row extends z.ZodObject | undefined = undefined,
  State extends z.ZodObject | undefined = undefined,
  Sides extends Readonly<Record<string, z.ZodObject>> = Readonly<Record<never, never>>,
  const Columns extends readonly string[] | undefined = undefined,
>(name: string, options: ProcessOptions<From, Row, Key, State, Output, Sides, Columns>): ViewDefinition {
  const problem = viewName(name)
  if (problem !== null) throw invalidProcess(JSON.stringify(name), problem)
  const definition = readProcess(name, options)
  return Object.freeze({
    kind: "view",
    name,
    sql: sourceText(name, definition),
    description: options.description ?? null,
    emit: "changes",
    allowedLatenessMs: 0,
    state: "bounded",
    pattern: null,
    process: Object.freeze({ name, definition, output: 0 }),
    module: null,
  })
}

/** What people read where other views have their SQL: the handlers as they are. */
function sourceText(name: string, { from, key, version, handlers }: ReturnType<typeof readProcess>): string {
  const texts = Object.values(handlers).flatMap((handler) => (handler === null ? [] : [String(handler)]))
  return [`-- process ${name}, version ${version}: from ${from}, per ${key.join(", ")}`, ...texts].join("\n")
}
