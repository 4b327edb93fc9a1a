/**
 * Takes checkpoints while epochs go on: the engine freezes its pages in an instant, what changed is found and
 * written in small steps between other work, and what the log must keep for recovery moves forward when it is
 * durable.
 */
import type { Engine } from "../../engine/dataflow.ts"
import type { CheckpointPart, EngineCheckpoint } from "../../engine/engine-checkpoint.ts"
import type { Clock, Scheduler } from "../../std/clock.ts"
import type { CheckpointManifest, CheckpointStore } from "./checkpoint-store.ts"

/** Bounds what a restart has to run again: at most about this much time, or this many rows, of epochs. */
export const DEFAULT_INTERVAL_MS = 10_000
/** Two seconds of a restart. */
const INTERVAL_ROWS = 500_000
/** Rows do not make checkpoints follow each other closer than so many times what the last one took. */
const PAUSE_FACTOR = 10
/** Bytes looked at before other work gets its turn: less than a millisecond. */
const STEP_BYTES = 1024 * 1024
/** A page that is not looked at costs about as much as so many bytes of one that is. */
const HELD_PAGE_BYTES = 1024

export interface CheckpointerParts {
  readonly engine: Engine
  readonly store: CheckpointStore
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly intervalMs: number
  readonly manifest: (journalOffset: number) => CheckpointManifest
  /**
   * Resolves when every output has all epochs up to this one, and every file that the manifest names is
   * durable: the checkpoint does not count before.
   */
  readonly othersDurable: (epoch: number) => Promise<unknown>
  /** What the runner keeps beside the engine's parts, as of now. */
  readonly runnerParts: () => Iterable<CheckpointPart>
  /** Called when the checkpoint is durable, with the oldest manifest that is still kept. */
  readonly onDurable: (oldestKept: CheckpointManifest) => Promise<void>
  readonly onFailed: (error: unknown) => void
}

export class Checkpointer {
  readonly #parts: CheckpointerParts
  #lastMs: number
  #lastTookMs = 0
  #rowsSince = 0
  #lastEpoch: number
  #writing: Promise<void> | null = null
  #previous: CheckpointManifest | null

  /** @param kept stays beside the next checkpoint: the one that was restored, else the newest. */
  constructor(parts: CheckpointerParts, kept: CheckpointManifest | null) {
    this.#parts = parts
    this.#lastMs = parts.clock.monotonicMs()
    this.#lastEpoch = parts.engine.epoch
    this.#previous = kept
  }

  countRows(rows: number): void {
    this.#rowsSince += rows
  }

  /** Begins a checkpoint when one is due and none is being written. The engine is at rest. */
  beginIfDue(journalOffset: number): void {
    const sinceMs = this.#parts.clock.monotonicMs() - this.#lastMs
    const isDueByRows = this.#rowsSince >= INTERVAL_ROWS && sinceMs >= PAUSE_FACTOR * this.#lastTookMs
    const due = sinceMs >= this.#parts.intervalMs || isDueByRows
    if (due && this.#writing === null && this.#parts.engine.epoch > this.#lastEpoch)
      this.#begin(journalOffset)
  }

  /** Begins a checkpoint now, or when the one that is being written is. The engine is at rest. */
  begin(journalOffset: number): void {
    if (this.#writing === null) this.#begin(journalOffset)
    else this.#lastMs = Number.NEGATIVE_INFINITY
  }

  /** One last checkpoint, so that the next start has nothing to run again. */
  async finish(journalOffset: number): Promise<void> {
    await this.#writing
    if (this.#parts.engine.epoch > this.#lastEpoch) this.#begin(journalOffset)
    await this.#writing
  }

  #begin(journalOffset: number): void {
    const { engine, clock, onFailed } = this.#parts
    const manifest = this.#parts.manifest(journalOffset)
    const checkpoint = engine.checkpoint()
    const runnerParts = this.#parts.runnerParts()
    const beganMs = clock.monotonicMs()
    this.#lastMs = beganMs
    this.#rowsSince = 0
    this.#lastEpoch = engine.epoch
    this.#writing = this.#write(checkpoint, runnerParts, manifest)
      .catch(onFailed)
      .finally(() => {
        checkpoint[Symbol.dispose]()
        this.#lastTookMs = clock.monotonicMs() - beganMs
        this.#writing = null
      })
  }

  async #write(
    checkpoint: EngineCheckpoint,
    runnerParts: Iterable<CheckpointPart>,
    manifest: CheckpointManifest,
  ): Promise<void> {
    const writer = this.#parts.store.begin(checkpoint)
    try {
      let stepBytes = 0
      for (const parts of [checkpoint.parts((page) => writer.isHeld(page)), runnerParts]) {
        for (const part of parts) {
          writer.write(part)
          stepBytes += Math.max(part.bytes.length, HELD_PAGE_BYTES)
          if (stepBytes < STEP_BYTES) continue
          stepBytes = 0
          await writer.flush()
          await new Promise<void>((resolve) => this.#parts.scheduler.soon(resolve))
        }
      }
      await this.#parts.othersDurable(manifest.epoch)
      await writer.finish(manifest)
    } catch (error) {
      writer.abandon()
      throw error
    }
    await this.#parts.onDurable(this.#previous ?? manifest)
    this.#previous = manifest
  }
}
