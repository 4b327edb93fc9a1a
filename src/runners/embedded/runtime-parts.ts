/** What recovery puts together, and hands to the runtime. */
import type { EventContract } from "../../contracts/contract.ts"
import type { Engine } from "../../engine/dataflow.ts"
import type { Log } from "../../log/log.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import type { VerdictLedgerReader } from "../../ports/verdict-ledger.ts"
import type { Clock, Scheduler } from "../../std/clock.ts"
import type { Changelog } from "./changelog.ts"
import type { Checkpointer } from "./checkpointer.ts"
import type { DeadLetterBox } from "./dead-letter-box.ts"
import type { EventLane } from "./door.ts"
import type { EpochLoop } from "./epoch-loop.ts"
import type { EpochOutputs } from "./epoch-outputs.ts"
import type { Intake } from "./intake.ts"
import type { Rebuild } from "./rebuild.ts"
import type { VerdictLedger } from "./verdict-ledger.ts"
import type { SourceTime } from "./watermarks.ts"

/** What recovery has put together. */
export interface RuntimeParts {
  readonly log: Log
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly contracts: readonly EventContract[]
  readonly plans: readonly ViewPlan[]
  readonly lanes: ReadonlyMap<string, EventLane>
  readonly times: ReadonlyMap<string, SourceTime>
  readonly intake: Intake
  readonly ledger: VerdictLedger
  readonly stored: VerdictLedgerReader | null
  readonly outputs: EpochOutputs
  readonly letters: DeadLetterBox
  /** Views that are built from the log while the others wait; null: none was. */
  readonly rebuild: Rebuild | null
  /** The engine's files, closed when it runs no more. */
  readonly spill: Disposable
}

/** What runs epochs, as recovery left it before any is run again. */
export interface Recovered {
  readonly engine: Engine
  readonly loop: EpochLoop
  readonly checkpointer: Checkpointer
  readonly changelogs: ReadonlyMap<string, Changelog>
  readonly journalOffset: number
}
