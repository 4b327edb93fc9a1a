/**
 * What a checkpoint of an engine is to those who keep it: named parts, some of them pages of state that need
 * not be written again as long as they do not change.
 */

export interface CheckpointPart {
  /** `<operator id>/<part>`; the same name is never put out twice in one checkpoint. */
  readonly name: string
  readonly bytes: Uint8Array
  /** Of a part that is a page of state: what tells whether it has to be written. */
  readonly page?: PageMark
}

export interface PageMark {
  /** With `index` the page's place in the state; the part's name says the same. */
  readonly group: string
  readonly index: number
  /** Stays with a page from checkpoint to checkpoint, also through a restore; no other page ever has it. */
  readonly key: number
  /**
   * The page is as it was in an earlier checkpoint of this engine when this is not above its `generation`.
   */
  readonly stamp: number
}

/** The pages of an engine that is being restored. */
export interface PageTargets {
  /** False when the checkpoint has pages of views that are not restored. */
  readonly isWhole: boolean
  /** Where the page's image goes, until the restore ends; null when the state has no such page. */
  of(page: Omit<PageMark, "stamp">): PageTarget | null
}

/** A page that is being restored; it may be out of memory but while it is read or changed. */
export interface PageTarget {
  readonly sizeBytes: number
  /** Good until any target is asked for its image or changed; before the first change, anything. */
  image(): Uint8Array
  change(write: (image: Uint8Array) => void): void
}

export interface EngineCheckpoint extends Disposable {
  readonly epoch: number
  /** Stamps of pages that are written to later are above it. Those of a restored engine begin above 0. */
  readonly generation: number
  /**
   * Pages last. With `isHeld` the pages for which it says so come without bytes, and the bytes of the others
   * are good until the next part is asked for.
   */
  parts(isHeld?: (page: PageMark) => boolean): Iterable<CheckpointPart>
}

/** Views of an engine that go on with saved state; all others begin anew. */
export interface GoingOn {
  /** As they were. */
  readonly kept: ReadonlySet<string>
  /** With the operators that they had; a step behind changed, and their rows were made of what these hold. */
  readonly derived: ReadonlySet<string>
}

export interface RestoreOptions {
  /** Fills pages that are not among the parts. @default all are */
  readonly readPages?: (targets: PageTargets) => void
  /** Views that begin anew though they are made as they were. @default none */
  readonly anew?: ReadonlySet<string>
}
