/** A process as its author wrote it, checked and with defaults filled in. */
import type { ContractField } from "../../contracts/contract.ts"
import type { ProcessContext, ProcessTimer } from "../../ports/process-function.ts"
import type { StateCodec } from "./state-codec.ts"

export interface ProcessDefinition {
  readonly from: string
  readonly key: readonly string[]
  /** The key is the column's value; else an object of several. */
  readonly isSingleKey: boolean
  /** Of the rows, as `row` declares them; null: those of the event. */
  readonly rowFields: readonly ContractField[] | null
  /** Of the event's, those that rows have; null: all. */
  readonly columns: readonly string[] | null
  /** Null: no state. */
  readonly state: ProcessState | null
  /** The main one first. */
  readonly outputs: readonly ProcessOutput[]
  /** Null: no row is late. */
  readonly latenessUs: bigint | null
  readonly version: number
  readonly handlers: ProcessHandlers
}

export interface ProcessState {
  readonly codec: StateCodec
  readonly initialText: string
  /** Null: it stays until the function clears it. */
  readonly timeToLiveUs: bigint | null
}

export interface ProcessOutput {
  /** As the handlers call it. */
  readonly name: string
  readonly fields: readonly ContractField[]
}

export interface ProcessHandlers {
  readonly onRow: (context: ProcessContext, row: unknown) => unknown
  readonly onEventTimer: ((context: ProcessContext, timer: ProcessTimer) => unknown) | null
  readonly onProcessingTimer: ((context: ProcessContext, timer: ProcessTimer) => unknown) | null
}

/** Which output of a process a view shows: 0 is the main one; behind the declared ones come the failures. */
export interface ProcessView {
  /** Of the view with the main output. */
  readonly name: string
  readonly definition: ProcessDefinition
  readonly output: number
}

/** The last column of every output: the time of the call that put the row out. */
export const EVENT_TIME = "event_time"
/** What the output with the failed calls is called. */
export const FAILURES_OUTPUT = "failures"

/** The name of the view that shows a side output. */
export function sideName(process: string, output: string): string {
  return `${process}_${output}`
}
