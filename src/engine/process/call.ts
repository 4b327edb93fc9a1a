/**
 * One call of a process function: what its handler sees and what it asks for. Nothing takes effect before the
 * call has ended well, so a call that throws leaves its key as it was.
 */
import type { Scalar } from "../../columns/types.ts"
import type { ProcessContext, ProcessFunction } from "../../ports/process-function.ts"
import { SeededRandom } from "../../std/random.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { KeyState } from "./key-states.ts"

/** A call that goes on putting out has lost its way, and would fill the memory. */
const MAX_OUTPUTS = 100_000
/** A key's state is read and written as a whole by every call. */
const MAX_STATE_LENGTH = 1 << 20
/** The years 1 to 9999, in which times can be written down. */
const MIN_TIME_MS = -62_135_596_800_000
const MAX_TIME_MS = 253_402_300_799_999

export interface CallStart {
  readonly state: KeyState
  readonly timeUs: bigint
  readonly isLate: boolean
  /** Timers must be set behind these times, as the call itself is one's; null: any time. */
  readonly floorsUs: Readonly<Record<TimerClock, bigint | null>> | null
}

export type TimerClock = "event" | "processing"

export interface PutOut {
  readonly output: number
  readonly row: Scalar[]
}

export interface TimerChange {
  readonly clock: TimerClock
  readonly isSet: boolean
  readonly timeUs: bigint
}

/** What handlers call, what a timer calls, and what a timer that is set by one must be behind. */
const TIMERS = {
  event: {
    set: "setEventTimer",
    delete: "deleteEventTimer",
    handler: "onEventTimer",
    than: "the timer that fires",
  },
  processing: {
    set: "setProcessingTimer",
    delete: "deleteProcessingTimer",
    handler: "onProcessingTimer",
    than: "ctx.processingTime",
  },
} as const

export class ProcessCall implements ProcessContext {
  readonly #function: ProcessFunction
  readonly #outputs: ReadonlyMap<string, number>
  readonly #keyOf: (state: KeyState) => unknown
  readonly #salt: number
  #at: CallStart | null = null
  #value: unknown = undefined
  #isRead = false
  #random: SeededRandom | null = null
  #calls = 0
  #watermarkUs = NO_WATERMARK
  #clockMs = 0
  puts: PutOut[] = []
  timers: TimerChange[] = []

  /** @param salt tells the random numbers of processes apart */
  constructor(process: ProcessFunction, options: { keyOf: (state: KeyState) => unknown; salt: number }) {
    this.#function = process
    this.#keyOf = options.keyOf
    this.#salt = options.salt
    this.#outputs = new Map(process.outputNames.slice(1).map((name, k) => [name, k + 1]))
  }

  /** How many calls there were: what random numbers follow from. */
  get calls(): number {
    return this.#calls
  }

  restore(calls: number): void {
    this.#calls = calls
  }

  /** As of this epoch, or of its end. */
  moveTo(watermarkUs: bigint, clockMs: number): void {
    this.#watermarkUs = watermarkUs
    this.#clockMs = clockMs
  }

  begin(start: CallStart): void {
    this.#at = start
    this.#isRead = false
    this.#value = undefined
    this.#random = null
    this.#calls++
    if (this.puts.length > 0) this.puts = []
    if (this.timers.length > 0) this.timers = []
  }

  /** The state's text now that the handler has returned, null for the initial one. @throws Error */
  finish(): string | null {
    const { text } = this.#start().state
    if (!this.#isRead) return text
    const written = this.#function.writeState(this.#value)
    if (written.length > MAX_STATE_LENGTH) {
      throw new RangeError(
        `the state of a key is at most ${MAX_STATE_LENGTH} characters, this one is ${written.length}; ` +
          "keep less, or choose a key that has fewer rows",
      )
    }
    return written === this.#function.initialState ? null : written
  }

  end(): void {
    this.#at = null
    this.#value = undefined
  }

  get key(): unknown {
    return this.#keyOf(this.#start().state)
  }

  get state(): unknown {
    const { text } = this.#start().state
    if (!this.#isRead) this.#value = this.#read(text)
    return this.#value
  }

  set state(value: unknown) {
    this.#start()
    this.#initial()
    this.#isRead = true
    this.#value = value
  }

  get time(): number {
    return millisecondsOf(this.#start().timeUs)
  }

  get isLate(): boolean {
    return this.#start().isLate
  }

  get watermark(): number | null {
    this.#start()
    return this.#watermarkUs === NO_WATERMARK ? null : millisecondsOf(this.#watermarkUs)
  }

  get processingTime(): number {
    this.#start()
    return this.#clockMs
  }

  random(): number {
    this.#start()
    this.#random ??= new SeededRandom(seedOf(this.#calls, this.#salt))
    return this.#random.float()
  }

  emit(row: unknown): void {
    this.#put(0, row)
  }

  output(name: string, row: unknown): void {
    const output = this.#outputs.get(name)
    if (output !== undefined) {
      this.#put(output, row)
      return
    }
    const known = [...this.#outputs.keys()]
    const rest = known.length === 0 ? "there is none" : `there is ${known.join(", ")}`
    throw new TypeError(`there is no side output ${JSON.stringify(name) ?? "undefined"}; ${rest}`)
  }

  setEventTimer(time: number): void {
    this.#setTimer("event", time)
  }

  deleteEventTimer(time: number): void {
    this.#deleteTimer("event", time)
  }

  setProcessingTimer(time: number): void {
    this.#setTimer("processing", time)
  }

  deleteProcessingTimer(time: number): void {
    this.#deleteTimer("processing", time)
  }

  clear(): void {
    this.#start()
    if (this.#function.initialState === null) return
    this.#value = this.#read(null)
  }

  #setTimer(clock: TimerClock, time: number): void {
    const { floorsUs } = this.#start()
    const { set, handler, than } = TIMERS[clock]
    const timeUs = microsecondsOf(time, set)
    if (this.#function[handler] === null) throw noHandler(set, handler)
    const floorUs = floorsUs?.[clock] ?? null
    if (floorUs !== null && timeUs <= floorUs) throw notLater(set, than, millisecondsOf(floorUs))
    this.timers.push({ clock, isSet: true, timeUs })
  }

  #deleteTimer(clock: TimerClock, time: number): void {
    this.#start()
    this.timers.push({ clock, isSet: false, timeUs: microsecondsOf(time, TIMERS[clock].delete) })
  }

  #start(): CallStart {
    if (this.#at === null) throw new Error("ctx is of use only until the handler returns; keep it nowhere")
    return this.#at
  }

  #read(text: string | null): unknown {
    const value = this.#function.readState(text ?? this.#initial())
    this.#isRead = true
    return value
  }

  #initial(): string {
    const { initialState } = this.#function
    if (initialState === null) throw new TypeError("the process has no state; declare state and initial")
    return initialState
  }

  #put(output: number, row: unknown): void {
    this.#start()
    if (this.puts.length === MAX_OUTPUTS)
      throw new RangeError(`one call puts out ${MAX_OUTPUTS} rows at most; does a loop not end?`)
    this.puts.push({ output, row: this.#function.writeOutput(output, row) })
  }
}

export function millisecondsOf(timeUs: bigint): number {
  return Number(timeUs) / 1_000
}

function microsecondsOf(time: unknown, what: string): bigint {
  if (typeof time !== "number" || !(time >= MIN_TIME_MS && time <= MAX_TIME_MS)) {
    throw new RangeError(
      `${what} takes milliseconds since 1970 within the years 1 to 9999, such as ctx.time + 60_000, ` +
        `and got ${String(time)}`,
    )
  }
  return BigInt(Math.round(time * 1_000))
}

function noHandler(method: string, handler: string): Error {
  return new TypeError(`${method} sets a timer that nothing handles; add ${handler}(ctx, timer)`)
}

function notLater(method: string, than: string, time: number): Error {
  return new RangeError(
    `${method} in a timer's handler takes a time later than ${than} (${time}); else it would fire for ever`,
  )
}

/** Neighbouring calls get unlike seeds. */
function seedOf(calls: number, salt: number): number {
  const [low, high] = [calls >>> 0, Math.floor(calls / 2 ** 32)]
  return (Math.imul(low ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(high + 1, 0xc2b2_ae35) ^ salt) >>> 0
}
