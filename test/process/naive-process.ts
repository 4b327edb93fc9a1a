/**
 * What a process means, straight: a plain object per key in a Map, timers in a list that is sorted when they
 * are looked at, and a copy of both taken before each call. It takes handlers over numbers only.
 */

export interface NaiveContext {
  readonly key: string
  state: NaiveState
  readonly time: number
  readonly watermark: number | null
  readonly processingTime: number
  emit(row: Record<string, unknown>): void
  output(name: "odd", row: Record<string, unknown>): void
  setEventTimer(time: number): void
  deleteEventTimer(time: number): void
  setProcessingTimer(time: number): void
  deleteProcessingTimer(time: number): void
  clear(): void
}

export interface NaiveState {
  count: number
  notes: string[]
  big: bigint
}

export interface NaiveHandlers {
  onRow(ctx: NaiveContext, row: { readonly amount: number }): void
  onEventTimer(ctx: NaiveContext, timer: { readonly time: number }): void
  onProcessingTimer(ctx: NaiveContext, timer: { readonly time: number }): void
}

export interface NaiveEpoch {
  readonly rows: readonly (readonly [key: string, amount: number, timeMs: number])[]
  readonly watermarkMs: number | null
  readonly clockMs: number
}

interface NaiveTimer {
  readonly clock: "event" | "processing"
  readonly time: number
  readonly key: string
}

const INITIAL: NaiveState = { count: 0, notes: [], big: 0n }

export class NaiveProcess {
  readonly #handlers: NaiveHandlers
  readonly #timeToLiveMs: number
  #states = new Map<string, { state: NaiveState; goesAt: number }>()
  #timers: NaiveTimer[] = []
  #watermark: number | null = null
  #before: number | null = null
  #clock = 0
  #highest = Number.NEGATIVE_INFINITY
  #out: string[] = []
  verdicts: string[] = []

  constructor(handlers: NaiveHandlers, timeToLiveMs: number) {
    this.#handlers = handlers
    this.#timeToLiveMs = timeToLiveMs
  }

  /** Rows put out, as "output: row". */
  epoch({ rows, watermarkMs, clockMs }: NaiveEpoch): string[] {
    this.#out = []
    this.verdicts = []
    this.#clock = Math.max(this.#clock, clockMs)
    this.#before = this.#watermark
    for (const [key, amount, time] of rows) {
      if (this.#before !== null && time < this.#before) {
        this.verdicts.push("late")
        continue
      }
      this.#watermark = watermarkMs
      while (this.#fireNext("event", { key, before: time })) {
        // Timers of the key that are before the row.
      }
      this.#watermark = this.#before
      this.#highest = Math.max(this.#highest, time)
      const isDone = this.#call(key, time, (ctx) => this.#handlers.onRow(ctx, { amount }), "row")
      this.verdicts.push(isDone ? "applied" : "failed")
    }
    this.#watermark = watermarkMs
    // Event time first, then the clock, whose timers may have set others of event time.
    for (let fired = true; fired; ) {
      fired = false
      while (this.#fireNext("event")) fired = true
      while (this.#fireNext("processing")) fired = true
    }
    for (const [key, { goesAt }] of this.#states) {
      if (watermarkMs !== null && goesAt <= watermarkMs) this.#states.delete(key)
    }
    return this.#out
  }

  /** Keys with a state other than the initial one. */
  get keys(): number {
    return this.#states.size
  }

  #fireNext(
    clock: NaiveTimer["clock"],
    of: { readonly key: string; readonly before: number } | null = null,
  ): boolean {
    const isDue = (timer: NaiveTimer) => {
      if (timer.clock !== clock) return false
      if (of !== null && (timer.key !== of.key || timer.time >= of.before)) return false
      if (clock === "processing") return timer.time <= this.#clock
      return this.#watermark !== null && timer.time < this.#watermark
    }
    const [due] = this.#timers
      .filter(isDue)
      .sort((a, b) => a.time - b.time || (a.key < b.key ? -1 : Number(a.key > b.key)))
    if (due === undefined) return false
    this.#timers = this.#timers.filter((timer) => timer !== due)
    const own = clock === "event" ? due.time : this.#highest
    const time = this.#before === null ? own : Math.max(own, this.#before)
    const handler = clock === "event" ? this.#handlers.onEventTimer : this.#handlers.onProcessingTimer
    this.#call(due.key, time, (ctx) => handler(ctx, { time: due.time }), `${clock} timer`)
    return true
  }

  #call(key: string, time: number, run: (ctx: NaiveContext) => void, kind: string): boolean {
    const saved = this.#states.get(key)
    const before = structuredClone(saved?.state ?? INITIAL)
    const [timers, out] = [[...this.#timers], [...this.#out]]
    const ctx: NaiveContext = {
      key,
      state: before,
      time,
      watermark: kind === "row" ? this.#before : this.#watermark,
      processingTime: this.#clock,
      emit: (row) => void this.#out.push(`main: ${JSON.stringify([...Object.values(row), time])}`),
      output: (_, row) => void this.#out.push(`odd: ${JSON.stringify([...Object.values(row), time])}`),
      setEventTimer: (at) => this.#set({ clock: "event", time: at, key }),
      deleteEventTimer: (at) => this.#delete({ clock: "event", time: at, key }),
      setProcessingTimer: (at) => this.#set({ clock: "processing", time: at, key }),
      deleteProcessingTimer: (at) => this.#delete({ clock: "processing", time: at, key }),
      clear: () => {
        ctx.state = structuredClone(INITIAL)
      },
    }
    try {
      run(ctx)
    } catch (error) {
      this.#timers = timers
      this.#out = out
      const reason = `${(error as Error).name}: ${(error as Error).message}`
      this.#out.push(`failures: ${JSON.stringify([kind, JSON.stringify(key), reason, time])}`)
      return false
    }
    const isInitial = text(ctx.state) === text(INITIAL)
    const grain = this.#timeToLiveMs / 64
    const goesAt = Math.ceil((time + this.#timeToLiveMs) / grain) * grain
    if (isInitial) this.#states.delete(key)
    else {
      const state = structuredClone(ctx.state)
      this.#states.set(key, { state, goesAt: Math.max(goesAt, saved?.goesAt ?? goesAt) })
    }
    return true
  }

  #set(timer: NaiveTimer): void {
    this.#delete(timer)
    this.#timers.push(timer)
  }

  #delete({ clock, time, key }: NaiveTimer): void {
    this.#timers = this.#timers.filter((t) => t.clock !== clock || t.time !== time || t.key !== key)
  }
}

const text = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part))
