/**
 * The windows of one aggregate: each has tables of its own, which go as a whole when nothing can reach them
 * any more. Lateness is judged by the watermark from before the epoch, so that a verdict does not depend on
 * what came in together with the row.
 *
 *   start          end                      end + allowed lateness
 *     |--- open ----|--- closed, corrected ---|   gone
 *                watermark passes: final rows     watermark passes: tables dropped
 */
import { assert } from "../../std/assert.ts"
import type { WindowShape } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import type { KeyTable } from "../state/key-table.ts"
import type { OrderedMultiset } from "../state/ordered-multiset.ts"
import type { WindowRange } from "./window-range.ts"
import { windowRange } from "./window-range.ts"

export interface WindowState {
  readonly start: bigint
  readonly end: bigint
  readonly table: KeyTable
  readonly distinct: readonly KeyTable[]
  readonly multisets: readonly OrderedMultiset[]
  /** Final rows are out. */
  closed: boolean
  /** Changes to its groups go out at the end of the epoch. */
  emitting: boolean
}

export interface GroupWindowsOptions {
  /** Null when rows name their window themselves. */
  readonly window: WindowShape | null
  /** Of windows that rows name by their start where their length varies. */
  readonly named: WindowShape | null
  /** Of windows that rows name; null where it varies. */
  readonly sizeUs: bigint | null
  readonly allowedLatenessUs: bigint
  readonly create: (start: bigint, end: bigint) => WindowState
}

export class GroupWindows {
  readonly #options: GroupWindowsOptions
  readonly #range: WindowRange | null
  readonly #named: WindowRange | null
  readonly #byEnd = new Map<bigint, WindowState>()
  /** The same windows, earliest end first: an epoch looks at those only that its watermark has passed. */
  readonly #order: WindowState[] = []
  /** Windows that end here or before are gone. */
  goneEnd = NO_WATERMARK
  /** Windows of the last time that was assigned: those that still live, and the bounds of all. */
  live: WindowState[] = []
  starts: bigint[] = []
  ends: bigint[] = []
  from = Number.NaN
  until = Number.NaN

  constructor(options: GroupWindowsOptions) {
    this.#options = options
    this.#range = options.window === null ? null : windowRange(options.window)
    this.#named = options.named === null ? null : windowRange(options.named)
  }

  /** Before an epoch's rows: what the watermark so far makes late. */
  judgeBy(watermarkUs: bigint): void {
    const bound = watermarkUs - this.#options.allowedLatenessUs
    this.goneEnd = watermarkUs === NO_WATERMARK || bound < NO_WATERMARK ? NO_WATERMARK : bound
  }

  /** False when the time has no windows inside the timestamps. */
  assign(timeUs: bigint): boolean {
    const range = this.#range
    assert(range !== null, "windows are assigned where the aggregate has a window")
    if (!range.seek(timeUs)) return false
    this.starts = range.starts
    this.ends = range.ends
    this.from = range.from
    this.until = range.until
    this.live = []
    for (const end of range.ends) {
      const window = this.ending(end)
      if (window !== null) this.live.push(window)
    }
    return true
  }

  /** The window that rows name by its start. Null when it is gone. */
  starting(start: bigint): WindowState | null {
    if (this.#named === null) {
      assert(this.#options.sizeUs !== null, "a start names a window of a known size or shape")
      return this.ending(start + this.#options.sizeUs)
    }
    const end = this.#named.endOf(start)
    assert(end !== null, "a start names one window")
    return this.ending(end)
  }

  /** Null when the window is gone. */
  ending(end: bigint): WindowState | null {
    if (end <= this.goneEnd) return null
    const known = this.#byEnd.get(end)
    if (known !== undefined) return known
    const window = this.#options.create(this.#startOf(end), end)
    this.adopt(window)
    return window
  }

  /** Where rows name windows of several lengths their start is a key of its own. */
  #startOf(end: bigint): bigint {
    const range = this.#range ?? this.#named
    if (range !== null) return range.startOf(end)
    return this.#options.sizeUs === null ? end : end - this.#options.sizeUs
  }

  /** By end. */
  inOrder(): readonly WindowState[] {
    return this.#order
  }

  adopt(window: WindowState): void {
    this.#byEnd.set(window.end, window)
    let place = this.#order.length
    while (place > 0 && this.#order[place - 1]!.end > window.end) place--
    this.#order.splice(place, 0, window)
  }

  /** Windows that the watermark has passed and whose final rows are not out. */
  *toClose(watermarkUs: bigint): Generator<WindowState> {
    for (const window of this.#order) {
      if (window.end > watermarkUs) return
      if (!window.closed) yield window
    }
  }

  /** Takes out the windows that no row can reach at this watermark. */
  takeGone(watermarkUs: bigint): WindowState[] {
    const { allowedLatenessUs } = this.#options
    let count = 0
    while (count < this.#order.length && this.#order[count]!.end + allowedLatenessUs <= watermarkUs) count++
    const gone = this.#order.splice(0, count)
    for (const window of gone) this.#byEnd.delete(window.end)
    return gone
  }
}
