/**
 * Sends events: makes missing ids, gathers rows into batches, sends again what was not answered, and says of
 * each row what became of it. What waits is bounded in rows and bytes.
 */
import type { EventContract } from "../contracts/contract.ts"
import type { ProducerError } from "./errors.ts"
import { producerClosed } from "./errors.ts"
import type { LaneOptions, QueuedRow } from "./event-lane.ts"
import { EventLane } from "./event-lane.ts"
import { RowBuffer } from "./row-buffer.ts"
import { rowText } from "./row-text.ts"
import type { Surroundings } from "./surroundings.ts"
import { SURROUNDINGS } from "./surroundings.ts"
import { uuid7Maker } from "./uuid7.ts"

export interface ProducerOptions {
  /** Of the platform: http://127.0.0.1:4600. A page that the platform serves itself may give "". */
  readonly url: string
  /** Rows of one request. @default 1000 */
  readonly maxBatchRows?: number
  /** Bytes of one request. @default 1 MiB */
  readonly maxBatchBytes?: number
  /** How long a row waits for others to go with it. @default 5 */
  readonly lingerMs?: number
  /** Rows and bytes that wait or are under way. @default 100,000 and 64 MiB */
  readonly maxBufferedRows?: number
  readonly maxBufferedBytes?: number
  /**
   * What `send` does when the buffer is full: its promise waits, or rejects with buffer-full. @default "wait"
   */
  readonly whenFull?: "wait" | "reject"
  /** One request. @default 30,000 */
  readonly requestTimeoutMs?: number
  /** A row with all its attempts, from the first one on. @default 120,000 */
  readonly deliveryTimeoutMs?: number
  /** Told of every row that was not taken; promises of `send` that nobody awaits then do no harm. */
  readonly onError?: (error: ProducerError) => void
  /** Time, timers, randomness and fetch. @default those of the program */
  readonly surroundings?: Surroundings
}

/** The row is durable. */
export interface Receipt {
  readonly event: string
  /** For `after` when a view is read: covers the rows of one batch. */
  readonly receipt: string
}

/** A value for a field: where the contract wants text, a Date may stand for a time. */
type Sendable<Value> = Value | (string extends Value ? Date : never)

type WithDates<Row> = { [Name in keyof Row]: Sendable<Row[Name]> }

/** What to give for a row: the contract's input, its id left out when it is to be made. */
export type RowToSend<Input, Id extends string> = string extends Id
  ? WithDates<Input>
  : WithDates<Omit<Input, Id>> & { [Name in Id & keyof Input]?: Sendable<Input[Name]> }

export interface Producer extends AsyncDisposable {
  /**
   * Resolves when the row is durable. When the contract's id is a string that the row lacks, it is made.
   * @example await producer.send(userSignup, { user_id: "u1", timestamp: new Date(), plan: "free" })
   * @throws ProducerError: what the server says of the row (with its field), or row-not-json, row-too-large,
   * buffer-full, delivery-timeout, outcome-unknown, producer-closed
   */
  send<Row, Input, Id extends string>(
    event: EventContract<Row, Input> & { readonly id: Id },
    row: RowToSend<Input, Id>,
  ): Promise<Receipt>
  send(event: string, row: Readonly<Record<string, unknown>>): Promise<Receipt>
  /** Sends what waits, and resolves when all rows sent before have their outcome, good or bad. */
  flush(): Promise<void>
  /** Takes no more rows, flushes, and gives up on what is left after `timeoutMs`. @default 10,000 */
  close(options?: { readonly timeoutMs?: number }): Promise<void>
}

const DEFAULTS = {
  maxBatchRows: 1_000,
  maxBatchBytes: 1 << 20,
  lingerMs: 5,
  requestTimeoutMs: 30_000,
  deliveryTimeoutMs: 120_000,
}
const MAX_BUFFERED_ROWS = 100_000
const MAX_BUFFERED_BYTES = 64 << 20
const CLOSE_TIMEOUT_MS = 10_000

export function createProducer(options: ProducerOptions): Producer {
  return new BatchingProducer(options)
}

type NamedEvent = string | EventContract

class BatchingProducer implements Producer {
  readonly #onError: ((error: ProducerError) => void) | undefined
  readonly #laneOptions: LaneOptions
  readonly #buffer: RowBuffer
  readonly #given: Surroundings
  readonly #makeId: () => string
  readonly #lanes = new Map<string, EventLane>()
  readonly #abort = new AbortController()
  /**
   * One for each row that has no outcome yet; bounded by the buffer, and by as many rows that wait for room.
   */
  readonly #pending = new Set<Promise<void>>()
  #closing: Promise<void> | null = null

  constructor(options: ProducerOptions) {
    this.#onError = options.onError
    this.#laneOptions = { ...DEFAULTS, ...definedOnly(options), url: options.url.replace(/\/+$/, "") }
    this.#buffer = new RowBuffer({
      maxRows: options.maxBufferedRows ?? MAX_BUFFERED_ROWS,
      maxBytes: options.maxBufferedBytes ?? MAX_BUFFERED_BYTES,
      wait: options.whenFull !== "reject",
    })
    this.#given = options.surroundings ?? SURROUNDINGS
    this.#makeId = uuid7Maker(this.#given)
  }

  send(event: NamedEvent, row: object): Promise<Receipt> {
    const promise = this.#send(event, row)
    const settled = promise.then(ignore, (error: ProducerError) => this.#onError?.(error))
    this.#pending.add(settled)
    void settled.then(() => this.#pending.delete(settled))
    return promise
  }

  #send(event: NamedEvent, row: object): Promise<Receipt> {
    // What the executor throws rejects the promise.
    return new Promise((resolve, reject) => {
      this.#enqueue(event, row, (receipt, error) => (receipt === null ? reject(error) : resolve(receipt)))
    })
  }

  /** @throws producer-closed, row-not-json, row-too-large, buffer-full */
  #enqueue(
    event: NamedEvent,
    row: object,
    settle: (receipt: Receipt | null, error: ProducerError | null) => void,
  ): void {
    if (this.#closing !== null) throw producerClosed("the producer is closed and takes no more rows")
    const name = typeof event === "string" ? event : event.name
    const text = rowText(name, typeof event === "string" ? row : this.#withId(event, row))
    // UTF-16 units, which are at most three bytes each: the server's limit has room for that.
    const sizeBytes = text.length + 1
    const queued: QueuedRow = {
      text,
      sizeBytes,
      repeatable: typeof event !== "string" && event.dedupWindowMs !== null,
      settle: (receipt, error) => {
        this.#buffer.release(sizeBytes)
        settle(receipt === null ? null : { event: name, receipt }, error)
      },
    }
    this.#buffer.admit(name, sizeBytes, (error) => {
      if (error === null) this.#lane(name).add(queued)
      else settle(null, error)
    })
  }

  #withId(contract: EventContract, row: object): object {
    const field = contract.fields.find(({ name }) => name === contract.id)
    const given = (row as Readonly<Record<string, unknown>>)[contract.id]
    if (field?.type.kind !== "string" || (given !== undefined && given !== null)) return row
    return { ...row, [contract.id]: this.#makeId() }
  }

  #lane(event: string): EventLane {
    const known = this.#lanes.get(event)
    if (known !== undefined) return known
    const lane = new EventLane(event, this.#laneOptions, this.#given, this.#abort.signal)
    this.#lanes.set(event, lane)
    return lane
  }

  async flush(): Promise<void> {
    const before = [...this.#pending]
    for (const lane of this.#lanes.values()) lane.flush()
    await Promise.all(before)
  }

  close({ timeoutMs = CLOSE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<void> {
    const timer = this.#given.after(timeoutMs, () => this.#giveUp(timeoutMs))
    await this.flush()
    timer.cancel()
  }

  #giveUp(timeoutMs: number): void {
    const error = producerClosed(
      `the producer was closed, and ${timeoutMs} ms were not enough to send the row`,
    )
    this.#buffer.close(error)
    for (const lane of this.#lanes.values()) lane.abandon(error)
    this.#abort.abort(error)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function ignore(): void {}

/** Options that are given as undefined do not hide the defaults. */
function definedOnly(options: ProducerOptions): Partial<LaneOptions> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as Partial<LaneOptions>
}
