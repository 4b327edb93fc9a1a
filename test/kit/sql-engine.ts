/** Views of SQL in the engine, epoch by epoch: literal rows in; changes, verdicts and rows out likewise. */
import type { Scalar } from "../../src/columns/types.ts"
import type { EventContract } from "../../src/contracts/contract.ts"
import { createEngine } from "../../src/engine/create-engine.ts"
import type { Engine, ViewLosses } from "../../src/engine/dataflow.ts"
import { VERDICTS } from "../../src/engine/dataflow.ts"
import { type Row, rowsOf, sliceOf, weightedRows } from "../../src/engine/kit/batches.ts"
import { FAILURES } from "../../src/expr/expression.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import type { ViewDefinition } from "../../src/plan/view.ts"
import { eventColumns, lowerViews, sourceId } from "../../src/runners/embedded/lower.ts"

export interface SqlEpoch {
  /** By view: [weight, ...row], in the order in which they leave. */
  readonly changes: Readonly<Record<string, readonly (readonly Scalar[])[]>>
  /** By view: of all rows, "failed: reason" where they failed. */
  readonly verdicts: Readonly<Record<string, readonly string[]>>
}

const PROCESSED_AT_US = 0n

export class SqlEngine {
  readonly #contracts: readonly EventContract[]
  readonly #plans: readonly ViewPlan[]
  readonly #offsets: Map<string, number>
  #engine: Engine
  #epoch = 0

  private constructor(contracts: readonly EventContract[], plans: readonly ViewPlan[]) {
    this.#contracts = contracts
    this.#plans = plans
    this.#offsets = new Map(contracts.map(({ name }) => [name, 0]))
    this.#engine = createEngine(lowerViews(contracts, plans))
  }

  /** @throws Error with the problems of the views */
  static async of(events: readonly EventContract[], views: readonly ViewDefinition[]): Promise<SqlEngine> {
    const { plans, problems } = await bindProject({ events, views })
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("\n"))
    return new SqlEngine(events, plans)
  }

  /** Rows by event, without processed_at; the watermark is that of all events, after the epoch. */
  epoch(rows: Readonly<Record<string, readonly Row[]>>, watermarkUs?: bigint): SqlEpoch {
    const slices = this.#contracts.flatMap((contract) => {
      const found = rows[contract.name] ?? []
      if (found.length === 0) return []
      const baseOffset = this.#offsets.get(contract.name)!
      this.#offsets.set(contract.name, baseOffset + found.length)
      const whole = found.map((row) => [...row, PROCESSED_AT_US])
      return [sliceOf(sourceId(contract.name), eventColumns(contract), whole, { baseOffset })]
    })
    const watermarks = watermarkUs === undefined ? [] : this.#contracts
    const result = this.#engine.runEpoch({
      epoch: ++this.#epoch,
      slices,
      watermarksUs: new Map(watermarks.map(({ name }) => [sourceId(name), watermarkUs!])),
    })
    const changes = result.changes.map(({ view, changes: batch }) => [
      view,
      weightedRows(batch).map(([weight, row]) => [weight, ...row]),
    ])
    const verdicts: Record<string, string[]> = {}
    for (const { view, verdicts: found, failures } of result.verdicts) {
      const names = Array.from(found, (verdict, row) => {
        const name = VERDICTS[verdict]!
        return name === "failed" ? `failed: ${FAILURES[failures![row]!]}` : name
      })
      verdicts[view] = [...(verdicts[view] ?? []), ...names]
    }
    return { changes: Object.fromEntries(changes), verdicts }
  }

  rows(view: string): Scalar[][] {
    using snapshot = this.#engine.snapshot(view)
    return rowsOf(snapshot.select({ where: [], sort: [], offset: 0, limit: 1_000_000 }))
  }

  losses(view: string): ViewLosses {
    return this.#engine.losses(view)
  }

  /** Of everything but the views' own rows, as a checkpoint has it. */
  operatorBytes(): number {
    using checkpoint = this.#engine.checkpoint()
    let bytes = 0
    for (const part of checkpoint.parts()) if (!part.name.startsWith("view:")) bytes += part.bytes.length
    return bytes
  }

  /** Goes on in another engine, from a checkpoint. */
  restart(): void {
    const before = this.#engine
    this.#engine = createEngine(lowerViews(this.#contracts, this.#plans))
    restore(before, this.#engine)
  }

  /** Takes the state of another one; only before the first epoch. @throws checkpoint-mismatch */
  restoreFrom(other: SqlEngine): void {
    restore(other.#engine, this.#engine)
    this.#epoch = other.#epoch
    for (const [event, offset] of other.#offsets) this.#offsets.set(event, offset)
  }
}

function restore(from: Engine, to: Engine): void {
  using checkpoint = from.checkpoint()
  to.restore([...checkpoint.parts()].map(({ name, bytes }) => ({ name, bytes: bytes.slice() })))
}
