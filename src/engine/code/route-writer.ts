/**
 * Writes the loop of a route: filter, windows and outputs of its stages, row by row, down to a terminal that
 * keeps what arrives. Stages leave no rows between them: each one's outputs are expressions over the origin's
 * columns. Per event row exactly one verdict is written; a changed row that fails is only counted, and fails
 * in the same way when it is taken back.
 *
 *   row: { filter -> [for each window: -> filter -> ...] -> terminal }
 */

import type { Column } from "../../columns/types.ts"
import { TIMESTAMP } from "../../columns/types.ts"
import { createRowCode } from "../../expr/compile/row-code-writer.ts"
import { type Expression, FAILURES, type Failure } from "../../expr/expression.ts"
import { substituteColumns } from "../../expr/rewrite.ts"
import type { CodeValue, RowCode } from "../../expr/row-code.ts"
import { assert } from "../../std/assert.ts"
import type { EngineWindow, StageSpec } from "../dataflow.ts"
import { VERDICTS } from "../dataflow.ts"
import type { PageStore } from "../state/page-store.ts"
import { windowRange } from "../time/window-range.ts"
import { CodeScope } from "./code-scope.ts"
import { FieldLoader } from "./field-loader.ts"
import { DECLARE_VIEWS } from "./slot-code.ts"

export const APPLIED = VERDICTS.indexOf("applied")
export const FILTERED = VERDICTS.indexOf("filtered")
export const LATE = VERDICTS.indexOf("late")
export const FAILED = VERDICTS.indexOf("failed")
export const DUPLICATE = VERDICTS.indexOf("duplicate")
/** Where a verdict follows from state that another part of the engine has. */
export const ELSEWHERE = VERDICTS.length

export interface RouteShape {
  readonly columns: readonly Column[]
  readonly stages: readonly StageSpec[]
  /** Rows are events with verdicts; otherwise they are changes with weights. */
  readonly fromSource: boolean
  /** False: every weight is 1. */
  readonly weighted: boolean
}

/** What a terminal adds to the loop. */
export interface Terminal {
  /** Of the generated function, in profiles. */
  readonly name: string
  readonly shape: RouteShape
  /** Windows that it assigns itself. */
  readonly windows: 0 | 1
  /** Before anything is written. */
  declare(writer: RouteWriter): string
  /** For the row that is at hand; `columns` are its values as expressions. */
  write(writer: RouteWriter, columns: readonly Expression[]): void
  /** Statement before a row, and the one that takes back what the row has left so far. */
  readonly begin: string
  readonly undo: string
  readonly finish: (writer: RouteWriter) => string
}

export interface RouteResult<F> {
  readonly run: F
  /** A row may fail after one of its windows was entered: applying it needs a pass that judges first. */
  readonly failsInsideWindows: boolean
}

export class RouteWriter {
  readonly scope = new CodeScope()
  readonly row: RowCode
  readonly loader: FieldLoader
  readonly shape: RouteShape
  readonly #terminal: Terminal
  readonly #extra = new Map<number, CodeValue>()
  readonly #lines: string[] = []
  readonly #openLoops: { readonly label: string; readonly end: string }[] = []
  #windows = 0
  #openBlocks = 0
  #failsInsideWindows = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.shape = terminal.shape
    const base = this.shape.columns.length
    const windows = this.shape.stages.filter((stage) => stage.window !== null).length + terminal.windows
    for (let k = 0; k < windows; k++) {
      this.#extra.set(base + 2 * k, { value: `ws${k}`, isNull: null })
      this.#extra.set(base + 2 * k + 1, { value: `we${k}`, isNull: null })
    }
    this.row = createRowCode({
      row: "i",
      batch: "batch",
      extra: this.#extra,
      onFailure: (failure) => this.#onFailure(failure),
    })
    this.loader = new FieldLoader(this.row, this.scope, base)
  }

  /** Parameters: batch, weights, verdicts, report, first. */
  compile<F>(store: PageStore): RouteResult<F> {
    const { shape } = this
    const before = this.#terminal.declare(this)
    let columns: Expression[] = shape.columns.map(({ name, type, nullable }, index) => ({
      kind: "column",
      index,
      name,
      type,
      nullable,
    }))
    for (const stage of shape.stages) columns = this.#stage(stage, columns)
    this.#terminal.write(this, columns)
    const body = `
      let count = batch.length;
      const S = ${this.scope.bind(store, "store")};
      ${DECLARE_VIEWS}
      ${this.loader.prologue()}
      ${this.row.prologue()}
      ${before}
      for (let i = first; i < count; i++) row: {
        ${shape.fromSource ? `if (verdicts[i] !== ${APPLIED}) break row;` : ""}
        ${shape.weighted ? "const w = weights === null ? 1 : weights[i];" : ""}
        let hits = 0, lates = 0${this.#openLoops.length === 0 ? "" : ", goneEnd = null"};
        ${this.#terminal.begin}
        ${this.#lines.join("\n")}
        ${this.#closeLoops()}
      }
      ${this.#terminal.finish(this)}
      return count;`
    const run = this.scope.compile<F>(
      this.#terminal.name,
      ["batch", "weights", "verdicts", "report", "first"],
      body,
      this.row.bound,
    )
    return { run, failsInsideWindows: this.#failsInsideWindows }
  }

  push(line: string): void {
    this.#lines.push(line)
  }

  get lines(): string[] {
    return this.#lines
  }

  evaluate(expression: Expression): CodeValue {
    const value = this.row.evaluate(expression)
    this.push(this.row.takeStatements())
    return value
  }

  filter(predicate: Expression | null, columns: readonly Expression[]): void {
    if (predicate === null) return
    const { value, isNull } = this.evaluate(substituteColumns(predicate, columns))
    const holds = isNull === null ? `(${value})` : `!(${isNull}) && (${value})`
    this.push(`if (!(${holds})) { ${this.skip("filtered")} }`)
  }

  /** Statements that leave this row, or this window of it, without applying it. */
  skip(reason: "filtered" | "late"): string {
    const loop = this.#openLoops.at(-1)
    if (loop !== undefined) {
      const { label, end } = loop
      const note = `lates++; if (goneEnd === null || ${end} > goneEnd) goneEnd = ${end};`
      return `${reason === "late" ? note : ""} continue ${label};`
    }
    if (this.shape.fromSource) return `verdicts[i] = ${reason === "late" ? LATE : FILTERED}; break row;`
    return reason === "late" ? "report.late(); break row;" : "break row;"
  }

  /** Statement that ends this row, or this window of it, with whatever verdict it has. */
  get leave(): string {
    const loop = this.#openLoops.at(-1)
    return loop === undefined ? "break row;" : `continue ${loop.label};`
  }

  /** Takes the next pair of window columns; declares nothing. */
  windowColumns(): { readonly start: string; readonly end: string; readonly columns: readonly Expression[] } {
    const k = this.#windows++
    const index = this.shape.columns.length + 2 * k
    const column = (name: string, at: number): Expression => ({
      kind: "column",
      index: at,
      name,
      type: TIMESTAMP,
      nullable: false,
    })
    const columns = [column("window_start", index), column("window_end", index + 1)]
    return { start: `ws${k}`, end: `we${k}`, columns }
  }

  /** Opens a loop over windows, the local `end` being each one's; everything written later is inside. */
  openLoop(label: string, head: string, end: string): void {
    this.push(`${label}: ${head} {`)
    this.#openLoops.push({ label, end })
  }

  /** Declares `name` as the time of the row as a double (exact to 2^53), and returns an expression for the
   *  exact time. A row without a time is filtered. */
  time(window: Pick<EngineWindow, "time">, columns: readonly Expression[], name: string): string {
    const { isNull, halves } = this.loader.load(substituteColumns(window.time, columns), this.#lines)
    if (isNull !== null) this.push(`if (${isNull}) { ${this.skip("filtered")} }`)
    this.push(`const ${name} = ${halves[1]} * 4294967296 + (${halves[0]} >>> 0);`)
    return `${this.scope.bind(joinHalves, "join")}(${halves[0]}, ${halves[1]})`
  }

  windowFailure(): string {
    return this.failure("timestamp-out-of-range")
  }

  /** Statement that leaves the row, which failed. */
  failure(failure: Failure): string {
    return this.#onFailure(FAILURES.indexOf(failure))
  }

  #stage(stage: StageSpec, columns: readonly Expression[]): Expression[] {
    this.filter(stage.filter, columns)
    if (stage.times !== undefined) this.#repeat(substituteColumns(stage.times, columns))
    const input = stage.window === null ? columns : [...columns, ...this.#stageWindow(stage.window, columns)]
    const outputs = stage.outputs.map((output) => substituteColumns(output, input))
    for (const output of outputs) {
      if (output.kind !== "column" && output.kind !== "literal") this.#settle(output)
    }
    return outputs
  }

  /** Computes a value here, whether it is used or not: what fails, fails the row. */
  #settle(output: Expression): void {
    if (this.row.slice(output) === null) this.evaluate(output)
    else this.push(this.row.takeStatements())
  }

  /** What comes later weighs `times` as much. */
  #repeat(times: Expression): void {
    assert(this.shape.weighted, "rows that are repeated have weights")
    const { value, isNull } = this.evaluate(times)
    const weight = this.scope.local("n")
    this.push(`const ${weight} = w * Number(${isNull === null ? value : `${isNull} ? 0n : ${value}`});`)
    this.push(`if (${weight} === 0 || ${weight} > 0 !== w > 0) { ${this.skip("filtered")} }`)
    this.push(`{ const w = ${weight};`)
    this.#openBlocks++
  }

  #stageWindow(window: EngineWindow, columns: readonly Expression[]): readonly Expression[] {
    const { start, end, columns: added } = this.windowColumns()
    const range = this.scope.bind(windowRange(window), "range")
    const time = this.scope.local("t")
    const exact = this.time(window, columns, time)
    this.push(`if (!(${time} >= ${range}.from && ${time} < ${range}.until)) {
      if (!${range}.seek(${exact})) { ${this.windowFailure()} }
    }`)
    if (window.sizeUs === window.slideUs) {
      this.push(`const ${start} = ${range}.starts[0], ${end} = ${range}.ends[0];`)
    } else {
      const [label, j] = [this.scope.local("w"), this.scope.local("j")]
      this.openLoop(label, `for (let ${j} = 0; ${j} < ${range}.count; ${j}++)`, end)
      this.push(`const ${start} = ${range}.starts[${j}], ${end} = ${range}.ends[${j}];`)
    }
    return added
  }

  #onFailure(failure: number): string {
    if (this.#openLoops.length > 0) this.#failsInsideWindows = true
    return `{ ${this.#terminal.undo} report.fail(i, ${failure}); break row; }`
  }

  #closeLoops(): string {
    const blocks = "}".repeat(this.#openBlocks)
    if (this.#openLoops.length === 0) return blocks
    const verdict = this.shape.fromSource
      ? `if (hits === 0) verdicts[i] = lates === 0 ? ${FILTERED} : ${LATE};
         else if (lates !== 0) report.partly(i, goneEnd);`
      : "if (lates !== 0) report.late();"
    return `${blocks}${"}".repeat(this.#openLoops.length)}\n${verdict}`
  }
}

function joinHalves(low: number, high: number): bigint {
  return (BigInt(high) << 32n) + BigInt(low >>> 0)
}
