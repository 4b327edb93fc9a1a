/**
 * Something that takes what each epoch brought and makes it durable at its own pace. It knows how far it has
 * come, so that epochs that run again after a crash are not written twice; a checkpoint counts only when
 * every output is durable up to its epoch.
 */

/** A view's rulings on the rows of one slice of a partition. */
export interface ViewRuling {
  readonly view: string
  readonly topic: string
  readonly partition: number
  readonly baseOffset: number
  /** Index into VERDICTS per row. */
  readonly verdicts: Uint8Array
  /** Index into expr's FAILURES per row; null when none failed. */
  readonly failures: Uint8Array | null
  /** Of rows applied in part, the end in microseconds up to which their windows were gone; null: none. */
  readonly partly: ReadonlyMap<number, bigint> | null
}

/** Rows of one slice whose id came before: 1 = duplicate. */
export interface DuplicateRuling {
  readonly topic: string
  readonly partition: number
  readonly baseOffset: number
  readonly duplicates: Uint8Array
}

export interface EpochOutcome {
  readonly epoch: number
  readonly duplicates: readonly DuplicateRuling[]
  readonly rulings: readonly ViewRuling[]
}

/** What a history takes over from the one before, up to an epoch: views that ruled there as they do here. */
export interface Inheritance {
  readonly history: number
  readonly epoch: number
  readonly views: readonly string[]
}

/** Where the engine begins: at nothing, or restored at `epoch` of the history that began with `history`. */
export interface HistoryStart {
  readonly generation: string
  /** The epoch that the history began with. Null: it begins with the next epoch that is published. */
  readonly history: number | null
  /** The epoch that was restored; 0 for none. */
  readonly epoch: number
  /** Of a history that begins: what it goes on with. Null: nothing, all rows are judged again. */
  readonly inherits: Inheritance | null
}

export interface EpochOutput {
  /**
   * True when all epochs of this history up to `epoch` are durable here; else its checkpoint is of no use.
   */
  covers(history: number, epoch: number): boolean
  /** Called once, before the first epoch is published. */
  begin(start: HistoryStart): void
  /** Takes an epoch; epochs that are durable already are skipped. */
  publish(outcome: EpochOutcome): void
  /** Null while there is room for another epoch; else resolves when there is. Rejects when it has failed. */
  room(): Promise<void> | null
  /** Resolves when all epochs up to `epoch` are durable. Rejects when it has failed. */
  whenDurable(epoch: number): Promise<void>
}
