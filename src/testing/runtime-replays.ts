/**
 * Somebody who mends dead letters of the simulated runtime and has them replayed. Laws: a letter that was
 * sent again is in the log once at most, however often the process died in between; a replay that was
 * answered for comes to its end by itself, and says of each letter what the log says.
 */
import { letterKey, type Mark } from "../quality/replays/replay-marks.ts"
import { isPlatformError } from "../std/errors.ts"
import { FIRST_REPLAYED_ID, isReplayed, type LoggedRow, timeText } from "./logged-rows.ts"
import type { RuntimeProducer } from "./runtime-producer.ts"
import { type RuntimeWorld, textOf } from "./runtime-world.ts"

/** A corrected row's id: the first one, the letter times this, and which correction it is. */
const MOST_CORRECTIONS = 1_000n
const MOST_LETTERS = 6
/** What a request may be answered with: somebody was faster, or the disk has failed. */
const REFUSALS = new Set(["dead-letter-closed", "log-failed", "epoch-failed", "not-ready"])

export class RuntimeReplays {
  readonly #world: RuntimeWorld
  readonly #producer: RuntimeProducer
  /** Text of each correction that anybody asked for, by its id. */
  readonly #corrections = new Map<bigint, string>()
  /** Letters of the replays that were answered for. */
  readonly #begun = new Map<string, readonly string[]>()

  #waiting = 0
  #isStopping = false

  constructor(world: RuntimeWorld, producer: RuntimeProducer) {
    this.#world = world
    this.#producer = producer
  }

  /** Somebody waits for an answer, or some replay is not at its end. */
  get isRunning(): boolean {
    const { quality, process } = this.#world
    if (this.#waiting > 0) return true
    // Where the disk refused even to write down that a replay failed, it goes on at the next start.
    if (process.diskErrors.length > 0) return false
    return (quality?.replays() ?? []).some(({ status }) => status === "running")
  }

  /** A process has started: nobody waits any more. */
  begin(): void {
    this.#waiting = 0
    this.#isStopping = false
  }

  /** The process is told to stop: who waits then may hear that the log is closed. */
  stop(): void {
    this.#isStopping = true
  }

  /** Mends a few letters, known as open or not. */
  ask(): void {
    const world = this.#world
    const { process, quality } = world
    const known = [...this.#producer.letters.keys()].slice(-12)
    if (known.length === 0) return
    const ids = new Set(
      Array.from({ length: 1 + world.below(MOST_LETTERS) }, () => String(world.pick(known))),
    )
    const letters = [...ids].map((id) => ({ id, value: Buffer.from(this.#correct(BigInt(id))) }))
    const heard = (action: () => void) => {
      if (!process.alive || world.process !== process) return
      this.#waiting--
      action()
    }
    this.#waiting++
    quality!
      .replayLetters(letters)
      .then(
        ({ id }) =>
          heard(() => {
            world.note(`replay ${id} of letters ${[...ids].join(", ")}`)
            this.#begun.set(id, [...ids])
          }),
        (error: unknown) =>
          heard(() => {
            const code = isPlatformError(error) && this.#mayRefuse(error.code) ? error.code : null
            if (code === null) world.broken(`a replay was refused: ${textOf(error)}`)
            world.note(`replay: ${code}`)
          }),
      )
      .catch(() => {}) // The world has noted which law was broken.
  }

  #mayRefuse(code: string): boolean {
    return REFUSALS.has(code) || (this.#isStopping && code === "log-closed")
  }

  /** After a start, before anything new is sent. */
  checkRows(): void {
    const counts = new Map<bigint, number>()
    for (const { id, text, offset } of this.#rows()) {
      if (this.#corrections.get(id) !== text)
        this.#world.broken(`visit@${offset} is no correction that was asked for: ${text}`)
      const letter = letterOf(id)
      counts.set(letter, (counts.get(letter) ?? 0) + 1)
    }
    for (const [letter, count] of counts) {
      if (count > 1) this.#world.broken(`the dead letter ${letter} was sent again ${count} times`)
    }
  }

  /** Nothing is under way any more. */
  async checkAtRest(): Promise<void> {
    const world = this.#world
    const quality = world.quality!
    await world.rows.read(world.log!, "end")
    this.checkRows()
    const sent = new Set([...this.#rows()].map(({ id }) => String(letterOf(id))))
    for (const [id, letters] of this.#begun) {
      const gone = () => world.broken(`the replay ${id} was answered for and is gone`)
      const replay = quality.replay(id) ?? gone()
      const { status, total, accepted, duplicates, rejected } = replay
      world.note(`replay ${id}: ${status} ${accepted} + ${duplicates} + ${rejected} of ${total}`)
      if (status === "failed" || (status === "running" && world.process.diskErrors.length > 0)) continue
      if (status !== "done") world.broken(`the replay ${id} is ${status} although nothing is pending`)
      if (total !== letters.length || accepted + duplicates + rejected !== total)
        world.broken(`the replay ${id} of ${letters.length} letters counts ${JSON.stringify(replay)}`)
      // A letter that another replay had on its way is refused here, and open again if that one failed.
      const isOthers = (letter: string) => (quality.mark(letterKey(letter))?.replay ?? id) !== id
      const missing = letters.filter((letter) => !sent.has(letter))
      const own = missing.find((letter) => !isOthers(letter))
      if (own !== undefined) world.broken(`the replay ${id} is done, and letter ${own} was not sent`)
      if (missing.length > rejected)
        world.broken(`the replay ${id} refused ${rejected} letters, and ${missing.length} were not sent`)
    }
    const marks = [...this.#producer.letters.keys()].map((letter) => String(letter))
    for (const letter of marks) this.#checkMark(letter, quality.mark(letterKey(letter)), sent.has(letter))
  }

  #checkMark(letter: string, mark: Mark | null, isSent: boolean): void {
    // What a replay that failed had on its way is settled by the next start.
    if (mark?.state === "sending" || (mark?.state === "replayed") === isSent) return
    this.#world.broken(`letter ${letter} is ${mark?.state ?? "open"}, and in the log: ${isSent}`)
  }

  #rows(): Iterable<LoggedRow> {
    return this.#world.rows.all("visit").filter(isReplayed)
  }

  #correct(letter: bigint): string {
    const first = FIRST_REPLAYED_ID + letter * MOST_CORRECTIONS
    let id = first
    while (this.#corrections.has(id)) id++
    const at = timeText(BigInt(this.#world.wall.nowMs()) * 1000n)
    const visitor = `u${this.#world.below(9)}`
    const text = `{"event_type":"visit","id":"${id}","at":"${at}","visitor":"${visitor}","pages":1}`
    this.#corrections.set(id, text)
    return text
  }
}

function letterOf(id: bigint): bigint {
  return (id - FIRST_REPLAYED_ID) / MOST_CORRECTIONS
}
