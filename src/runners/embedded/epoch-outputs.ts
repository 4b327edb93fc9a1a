/** Everything that takes each epoch's outcome, as one; and the number of the history that the engine runs. */
import type { EventContract } from "../../contracts/contract.ts"
import type { EpochResult } from "../../engine/dataflow.ts"
import type { EpochOutcome, EpochOutput, HistoryStart } from "../../ports/epoch-output.ts"
import type { CheckpointManifest } from "./checkpoint-store.ts"
import type { RuledSlice } from "./intake.ts"
import { sourceId } from "./lower.ts"

export class EpochOutputs {
  readonly #outputs: readonly EpochOutput[]
  readonly #topics: ReadonlyMap<string, string>
  #history = 0

  constructor(outputs: readonly EpochOutput[], contracts: readonly EventContract[]) {
    this.#outputs = outputs
    this.#topics = new Map(contracts.map(({ name, topic }) => [sourceId(name), topic]))
  }

  /** The epoch that the engine began with when it had run nothing; 0 before it. */
  get history(): number {
    return this.#history
  }

  /** True when no output has lost epochs of the checkpoint's history; an older version wrote none. */
  cover({ history, epoch }: Pick<CheckpointManifest, "history" | "epoch">): boolean {
    return this.#outputs.every((output) => Number.isInteger(history) && output.covers(history, epoch))
  }

  begin(start: HistoryStart): void {
    this.#history = start.history ?? 0
    for (const output of this.#outputs) output.begin(start)
  }

  publish(result: EpochResult, slices: readonly RuledSlice[]): void {
    if (this.#history === 0) this.#history = result.epoch
    if (this.#outputs.length === 0) return
    const outcome: EpochOutcome = {
      epoch: result.epoch,
      duplicates: slices.flatMap(({ skip, topic, partition, baseOffset }) =>
        skip === null ? [] : [{ topic, partition, baseOffset, duplicates: skip }],
      ),
      rulings: result.verdicts.map(({ source, ...ruling }) => {
        return { ...ruling, topic: this.#topics.get(source)! }
      }),
    }
    for (const output of this.#outputs) output.publish(outcome)
  }

  room(): Promise<void> | null {
    const full = this.#outputs.flatMap((output) => output.room() ?? [])
    return full.length === 0 ? null : Promise.all(full).then(() => {})
  }

  async whenDurable(epoch: number): Promise<void> {
    await Promise.all(this.#outputs.map((output) => output.whenDurable(epoch)))
  }
}
