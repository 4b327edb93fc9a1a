/**
 * A user's `process()` function as the engine runs it: the handlers, and what turns rows, keys, states and
 * outputs into values and back. The engine keeps states as texts and outputs as scalars; what is in them only
 * this knows.
 *
 * Laws
 * - Everything here is a function of its arguments alone, so that an epoch that runs again gives the same.
 * - `readState(writeState(state))` is what every call sees, also the next one: a state that was restored from
 *   a checkpoint cannot be told from one that was not.
 * - What throws fails the call that it happened in, and nothing else.
 */
import type { Scalar } from "../columns/types.ts"
import type { Vector } from "../columns/vector.ts"

/** Times are milliseconds since 1970 in UTC, as in JavaScript's Date; microseconds are a fraction of them. */
export interface ProcessContext<Key = unknown, State = unknown, Output = unknown, Sides = unknown> {
  /** The value of the key's column, or an object of several. */
  readonly key: Key
  /** Of this key; changed in place or set anew. What it is when the call ends is kept. */
  state: State
  /** Event time: of the row, or what the timer was set to. A processing-time timer's is how far event time
   *  has come. What is put out has it as its `event_time`. */
  readonly time: number
  /** The row came behind the watermark, within `allowedLateness`. */
  readonly isLate: boolean
  /** The event time up to which rows are complete; null before there is one. */
  readonly watermark: number | null
  /** The clock as the epoch's journal has it; it stands still within an epoch. */
  readonly processingTime: number
  /** From 0 up to 1, the same again after a crash. */
  random(): number
  /** Puts a row out. */
  emit(row: Output): void
  /** Puts a row out to a side output. */
  output<Name extends keyof Sides & string>(name: Name, row: Sides[Name]): void
  /** Calls onEventTimer for this key when the watermark has passed the time. One per key and time. */
  setEventTimer(time: number): void
  deleteEventTimer(time: number): void
  /** Calls onProcessingTimer for this key when the clock has reached the time. One per key and time. */
  setProcessingTimer(time: number): void
  deleteProcessingTimer(time: number): void
  /** Forgets the key's state: the next call finds the initial one. Timers stay. */
  clear(): void
}

export interface ProcessTimer {
  /** What it was set to, in milliseconds since 1970. */
  readonly time: number
}

export interface ProcessFunction {
  /** Another version has other state. */
  readonly version: number
  /** Equal for equal states, rows and keys: what their texts mean. */
  readonly description: string
  /** Of a key that has none, as its text; null: there is no state. */
  readonly initialState: string | null
  /** What the function calls its outputs; the first is the main one. */
  readonly outputNames: readonly string[]
  readState(text: string): unknown
  /** @throws Error that says what does not fit */
  writeState(state: unknown): string
  /** A row of the input, as the handler gets it. */
  readRow(vectors: readonly Vector[], row: number): unknown
  /** From vectors of the key's columns alone. */
  readKey(vectors: readonly Vector[], row: number): unknown
  /** One value for each column of the output. @throws Error that says what does not fit */
  writeOutput(output: number, row: unknown): Scalar[]
  onRow(context: ProcessContext, row: unknown): unknown
  readonly onEventTimer: ((context: ProcessContext, timer: ProcessTimer) => unknown) | null
  readonly onProcessingTimer: ((context: ProcessContext, timer: ProcessTimer) => unknown) | null
}
