/** Flink in a Java process of its own, which runs one script after the other (RunScripts.java). */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as pause } from "node:timers/promises"
import type { Row } from "../../test/kit/canonical.ts"

/**
 * Flink keeps state as objects, and some million bids of a join are some of them; this collector costs least.
 */
const MEMORY = ["-Xmx8g", "-XX:+UseParallelGC"]
/** A job of the largest size takes some minutes; one that takes longer than this hangs. */
const MAX_JOB_MS = 20 * 60_000
/** Enough of what Java complains of to see why it ended. */
const MAX_COMPLAINT_CHARACTERS = 4_000
/** Flink reads fields of these by reflection. */
const OPENED = ["lang", "lang.reflect", "net", "io", "nio", "text", "time", "util", "util.concurrent"]

export interface FlinkCost {
  /** Of the whole Java process: its collector's and compiler's threads are in it. */
  readonly cpuMs: number
  /** Ends with the last checkpoint, for which a job may wait. */
  readonly wallMs: number
  /** That were completed. */
  readonly checkpoints: number
}

/** A line of RunScripts. */
export function parseAnswer(line: string): FlinkCost | { readonly rows: readonly Row[] } {
  const answer = JSON.parse(line) as { readonly error?: string } & FlinkCost & {
      readonly rows: readonly Row[]
    }
  if (answer.error !== undefined) throw new Error(`Flink: ${answer.error}`)
  return answer
}

export class FlinkProcess implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  readonly #scratch: string
  #complaint = ""
  #scripts = 0

  constructor(classPath: string, scratch: string) {
    this.#scratch = scratch
    const opens = OPENED.flatMap((name) => ["--add-opens", `java.base/java.${name}=ALL-UNNAMED`])
    const options = [...MEMORY, `-Djava.io.tmpdir=${scratch}`, ...opens, "-cp", classPath]
    this.#child = spawn("java", [...options, "RunScripts"], { stdio: "pipe" })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#child.stderr.on("data", (text: Buffer) => {
      this.#complaint = (this.#complaint + text.toString()).slice(-MAX_COMPLAINT_CHARACTERS)
    })
  }

  /** Runs the script's query into nowhere. */
  async cost(script: string): Promise<FlinkCost> {
    return (await this.#ask("cost", script)) as FlinkCost
  }

  /** Rows of the script's query after all changes, in no order. */
  async rows(script: string): Promise<readonly Row[]> {
    return ((await this.#ask("rows", script)) as { readonly rows: readonly Row[] }).rows
  }

  async #ask(what: "cost" | "rows", script: string): Promise<ReturnType<typeof parseAnswer>> {
    const path = join(this.#scratch, `script-${++this.#scripts}.sql`)
    writeFileSync(path, script)
    this.#child.stdin.write(`${what} ${path}\n`)
    const waiting = new AbortController()
    const tooLong = pause(MAX_JOB_MS, null, { signal: waiting.signal, ref: false }).catch(() => null)
    const line = await Promise.race([this.#lines.next(), tooLong])
    waiting.abort()
    if (line === null) throw new Error(`Flink has not ended in ${MAX_JOB_MS / 60_000} minutes: ${path}`)
    if (line.done === true) throw new Error(`Flink's Java process is gone: ${this.#complaint}`)
    return parseAnswer(line.value)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null) return
    const ended = once(this.#child, "exit")
    this.#child.kill("SIGKILL")
    await ended
  }
}
