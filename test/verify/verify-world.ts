/** A running project on real disks with a ledger, and a real ClickHouse beside it, for verify and why. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { EventContract } from "../../src/contracts/contract.ts"
import type { Engine, OperatorSpec } from "../../src/engine/dataflow.ts"
import { openThreadedLog } from "../../src/log/embedded/threaded-log.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import type { VerdictLedgerReader } from "../../src/ports/verdict-ledger.ts"
import { openLedger } from "../../src/quality/ledger/ledger.ts"
import { RowAdmissions } from "../../src/runners/clickhouse/admission.ts"
import { Explainer } from "../../src/runners/clickhouse/explainer.ts"
import { LogHistory } from "../../src/runners/clickhouse/history.ts"
import { VerificationRuns } from "../../src/runners/clickhouse/verification-runs.ts"
import { Verifier } from "../../src/runners/clickhouse/verifier.ts"
import type { EmbeddedRuntime } from "../../src/runners/embedded/embedded-runtime.ts"
import { openRuntime } from "../../src/runners/embedded/open-runtime.ts"
import { EventTrail, type RulingSource } from "../../src/runners/trail/event-trail.ts"
import { NodeClock } from "../../src/std/node/clock.ts"
import { NodeDisk } from "../../src/std/node/disk.ts"
import { NodeScheduler } from "../../src/std/node/scheduler.ts"
import type { ClickHouse } from "../../src/stores/clickhouse.ts"
import { parseCase } from "../golden/case-file.ts"

export interface VerifyWorld extends AsyncDisposable {
  readonly runtime: EmbeddedRuntime
  readonly verifier: Verifier
  readonly explainer: Explainer
  readonly runs: VerificationRuns
  /** Where events went: as the platform tells it, and without a store. */
  readonly trail: EventTrail
  readonly trailWithoutStore: EventTrail
  /** As after a restart: the engine remembers no single row. */
  readonly trailWithoutMemory: EventTrail
  readonly ledger: VerdictLedgerReader
  readonly contracts: readonly EventContract[]
  readonly plans: readonly ViewPlan[]
  /** Takes the rows of a golden case and waits until every view has them. */
  send(event: string, ndjson: string): Promise<void>
}

export interface VerifyWorldOptions {
  readonly clickhouse: ClickHouse
  /** A golden case's text; its rows are sent. */
  readonly project: string
  readonly createEngine?: (specs: readonly OperatorSpec[]) => Engine
}

export async function openVerifyWorld(options: VerifyWorldOptions): Promise<VerifyWorld> {
  const { events: contracts, views, rows } = parseCase(options.project)
  const { plans, problems } = await bindProject({ events: contracts, views })
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("; "))
  const directory = mkdtempSync(join(tmpdir(), "verify-"))
  const stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const log = stack.use(await openThreadedLog({ directory: join(directory, "log") }))
  const [clock, scheduler] = [new NodeClock(), new NodeScheduler()]
  const ledger = await openLedger({ log, scheduler })
  const runtime = stack.use(
    await openRuntime({
      ...{ log, clock, scheduler, contracts, plans },
      disk: new NodeDisk(),
      checkpointDirectory: join(directory, "checkpoints"),
      outputs: [ledger.output],
      report: () => {},
      ...(options.createEngine === undefined ? {} : { createEngine: options.createEngine }),
    }),
  )
  const parts = {
    ...{ contracts, plans, clock },
    clickhouse: options.clickhouse,
    source: runtime,
    history: new LogHistory(log),
    ledger: ledger.reader,
  }
  const verifier = new Verifier(parts)
  const explainer = new Explainer(parts)
  const runs = new VerificationRuns({ verifier, clock, scheduler, report: () => {} })
  stack.defer(() => runs.stop())
  const trails = { ...parts, log, source: runtime as RulingSource, ledger: ledger.reader }
  const forgetful: RulingSource = {
    publishedEpoch: runtime.publishedEpoch,
    publishedEnd: (topic, partition) => runtime.publishedEnd(topic, partition),
    ruling: () => null,
  }
  const admissions = new RowAdmissions(parts)
  const send = async (event: string, ndjson: string) => {
    const body = Buffer.from(ndjson)
    const { receipt, rejected } = await runtime.ingest({ event, body, framing: "ndjson" })
    if (rejected.length > 0) throw new Error(JSON.stringify(rejected))
    if (receipt === null) return
    for (const { name, events } of plans) {
      if (events.includes(event)) await runtime.awaitReceipt(name, receipt, 20_000)
    }
  }
  for (const [event, ndjson] of rows) if (ndjson.trim() !== "") await send(event, ndjson)
  return {
    runtime,
    verifier,
    explainer,
    runs,
    trail: new EventTrail({ ...trails, admissions }),
    trailWithoutStore: new EventTrail({ ...trails, source: forgetful, admissions: null }),
    trailWithoutMemory: new EventTrail({ ...trails, source: forgetful, admissions }),
    ledger: ledger.reader,
    contracts,
    plans,
    send,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
