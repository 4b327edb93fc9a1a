/**
 * The embedded store as seen from the platform: a child process that hosts ClickHouse, kept running, and the
 * face to it. It starts aside; until it answers, and while it is down, every call says why not. A crash of
 * the host is a pause of the store and nothing else.
 */
import { type Clock, type Scheduler, sleep } from "../../std/clock.ts"
import type { PlatformError } from "../../std/errors.ts"
import type { ChildProcess, ProcessEnd, Processes } from "../../std/process.ts"
import type { Random } from "../../std/random.ts"
import type { Transport } from "../../std/transport.ts"
import { storeUnavailable } from "../errors.ts"
import { HttpClickHouse } from "../http-clickhouse.ts"
import { type HostStart, hostArguments, readHostMessage, SETTLE_PATH } from "./host/host-start.ts"
import { type HostStatus, WatchedClickHouse } from "./watched-clickhouse.ts"

export interface EmbeddedClickHouseOptions {
  readonly start: HostStart
  /** The module whose process is the host. */
  readonly module: URL
  readonly processes: Processes
  /** Speaks HTTP over the host's socket. */
  readonly transport: Transport
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  /** Told in words of each crash. */
  readonly report: (message: string) => void
}

/** After a crash; doubled while it ends again before it is healthy. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** A host that answered for this long is healthy: its next crash begins with the first pause again. */
const HEALTHY_MS = 1_000
/** After it was asked to stop, beyond the grace that it gives running statements. */
const STOP_LIMIT_MS = 6_000
/** What is shown of a crash. */
const REASON_CHARS = 300
/** Threads of libuv: each statement that runs holds one. */
const HOST_ENVIRONMENT = { UV_THREADPOOL_SIZE: "16" }

export class EmbeddedClickHouse extends WatchedClickHouse {
  readonly #options: EmbeddedClickHouseOptions
  readonly #supervision: Promise<void>
  #child: ChildProcess | null = null
  #readyAtMs = Number.POSITIVE_INFINITY
  #waiters: { resolve: () => void; reject: (error: unknown) => void }[] = []
  #wake: () => void = () => undefined

  /** Starts the host and returns at once. */
  constructor(options: EmbeddedClickHouseOptions) {
    super(
      new HttpClickHouse({
        transport: options.transport,
        random: options.random,
        settlePath: SETTLE_PATH,
        users: { internal: { name: "internal", password: "" }, reader: { name: "reader", password: "" } },
      }),
      "it is starting",
    )
    this.#options = options
    this.#supervision = this.#supervise()
  }

  /**
   * Resolves when it answers. @throws store-unavailable when it never will: there is no build, or it was
   * stopped.
   */
  override async whenReady(): Promise<void> {
    if (this.current.state === "ready") return
    if (this.#isOver()) throw storeUnavailable(this.current.reason ?? "it is stopped")
    await new Promise<void>((resolve, reject) => void this.#waiters.push({ resolve, reject }))
  }

  /** Lets running statements finish for a moment, then ends the host. */
  override async [Symbol.asyncDispose](): Promise<void> {
    this.#settle({ state: "stopped", reason: "it is stopped" })
    this.#child?.release()
    const limit = this.#options.scheduler.after(STOP_LIMIT_MS, () => this.#child?.kill())
    this.#wake()
    await this.#supervision
    limit.cancel()
    await this.#options.transport[Symbol.asyncDispose]()
  }

  protected override lost(error: PlatformError): PlatformError {
    const { reason } = this.current
    return reason === null ? error : storeUnavailable(reason, error)
  }

  async #supervise(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS
    while (!this.#isOver()) {
      this.#readyAtMs = Number.POSITIVE_INFINITY
      const end = await this.#runOnce()
      if (this.#isOver()) return
      const livedMs = this.#options.clock.monotonicMs() - this.#readyAtMs
      pauseMs = livedMs > HEALTHY_MS ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)
      this.current = { ...this.current, crashes: this.current.crashes + 1, pid: null }
      const reason = `its process ended (${endText(end)}) and is started again`
      // A host that cannot start would say the same every few seconds.
      if (this.current.reason !== reason) this.#options.report(`The store pauses: ${reason}.`)
      this.#settle({ state: "restarting", reason })
      await Promise.race([
        sleep(this.#options.scheduler, pauseMs),
        new Promise<void>((resolve) => {
          this.#wake = resolve
        }),
      ])
    }
  }

  async #runOnce(): Promise<ProcessEnd> {
    const { processes, module, start } = this.#options
    const child = processes.start({
      module,
      args: hostArguments(start),
      environment: HOST_ENVIRONMENT,
      line: (line) => this.#hear(line),
    })
    this.#child = child
    this.current = { ...this.current, pid: child.pid }
    const end = await child.done
    this.#child = null
    return end
  }

  #hear(line: string): void {
    const message = readHostMessage(line)
    if (message === null || this.#isOver()) return
    if (message.kind === "ready") {
      this.current = { ...this.current, version: message.version }
      this.#readyAtMs = this.#options.clock.monotonicMs()
      this.#settle({ state: "ready", reason: null })
    } else this.#settle({ state: "unavailable", reason: message.reason })
  }

  #settle({ state, reason }: Pick<HostStatus, "state" | "reason">): void {
    this.current = { ...this.current, state, reason }
    if (state === "ready") for (const { resolve } of this.#waiters.splice(0)) resolve()
    if (!this.#isOver()) return
    for (const { reject } of this.#waiters.splice(0)) reject(storeUnavailable(reason ?? "it is stopped"))
  }

  #isOver(): boolean {
    return this.current.state === "stopped" || this.current.state === "unavailable"
  }
}

function endText({ code, signal, errors }: ProcessEnd): string {
  const how = signal !== null ? `by ${signal}` : code === null ? "could not start" : `with code ${code}`
  const words = lastWords(errors)
  return words === null ? how : `${how}: ${words}`
}

/** The line that says what was wrong, without the stack around it. */
export function lastWords(errors: string): string | null {
  const lines = errors
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^at |^\d+\. /.test(line))
  const words = lines.findLast((line) => /\w*(Error|Exception)\b.*: /.test(line)) ?? lines.at(-1)
  return words?.slice(0, REASON_CHARS) ?? null
}
