/**
 * Checkpoints on disk: each a file of its own beside files of pages that it shares with others. What is not
 * in pages is in the checkpoint's own file, which also says which files of pages it needs.
 *
 *   epoch-0000000000000007.checkpoint   parts, list of pages -> 1.pages
 *   epoch-0000000000000012.checkpoint   parts, list of pages -> 1.pages, 2.pages
 *   1.pages                             all pages, whole
 *   2.pages                             what changed in the epochs 8 to 12
 *
 * A checkpoint is complete or not there: everything is written beside and synced, and gets its name when the
 * names of the pages that it needs are durable. The two newest are kept, so that a damaged one leaves
 * another. Files of pages that neither needs are removed.
 */
import { dirname } from "node:path"
import type { CheckpointPart, PageTargets } from "../../engine/engine-checkpoint.ts"
import type { Disk } from "../../std/disk.ts"
import { isPlatformError } from "../../std/errors.ts"
import { CheckpointWriter, MANIFEST } from "./checkpoints/checkpoint-writer.ts"
import { type KnownPages, NOTHING_KNOWN } from "./checkpoints/known-pages.ts"
import type { PageFile } from "./checkpoints/page-file.ts"
import { isPageListPart, readPageList } from "./checkpoints/page-list.ts"
import { readPages } from "./checkpoints/page-reader.ts"
import { readParts } from "./checkpoints/part-file.ts"
import type { ContractPrints } from "./contract-prints.ts"
import type { LetterCounts } from "./dead-letter-box.ts"
import type { SavedDuplicates } from "./duplicates/duplicates.ts"
import { checkpointCorrupt } from "./errors.ts"
import type { TakenRows } from "./lane-counts.ts"
import type { SourceTimeState } from "./watermarks.ts"

const KEPT_CHECKPOINTS = 2
/** Of files of pages: each is dead as a whole some day, and large ones are so later. */
export const DEFAULT_FILE_BYTES = 64 * 1024 * 1024
const FILE_NAME = /^epoch-(\d{16})\.checkpoint$/
const PAGES_NAME = /^(\d+)\.pages$/

/** What the runner needs besides the engine's parts. */
export interface CheckpointManifest {
  readonly epoch: number
  /** The epoch that the engine's history began with, when it had run nothing. 0: it has run none yet. */
  readonly history: number
  readonly generation: string
  /** Offset in the journal of this epoch's record; recovery reads on from there. */
  readonly journalOffset: number
  readonly logId: string
  /** Next offset per partition, by topic. */
  readonly positions: Readonly<Record<string, readonly number[]>>
  readonly sources: Readonly<Record<string, SourceTimeState>>
  /** What was read, and how. Absent in checkpoints of older versions. */
  readonly contracts?: ContractPrints
  /** Rows per verdict, in the order of VERDICTS, by view. */
  readonly verdicts: Readonly<Record<string, readonly number[]>>
  /** Dead letters that were counted. Absent in checkpoints of older versions. */
  readonly letters?: LetterCounts
  /** By event: rows of this history. Absent in checkpoints of older versions. */
  readonly taken?: Readonly<Record<string, Omit<TakenRows, "logged"> & Partial<TakenRows>>>
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** By view: its changes after this epoch are in the checkpoint. */
  readonly changelogs: Readonly<Record<string, number>>
  /** By event: files of remembered ids. */
  readonly duplicates?: Readonly<Record<string, SavedDuplicates>>
}

/** Which state is written: pages with a stamp above its generation may differ in later ones. */
export interface CheckpointPoint {
  readonly epoch: number
  readonly generation: number
}

export class CheckpointStore {
  readonly #disk: Disk
  readonly #directory: string
  readonly #fileBytes: number
  #known = NOTHING_KNOWN
  /** By path of a checkpoint, the numbers of the files that it needs. */
  readonly #needs = new Map<string, readonly number[]>()
  #lastNumber: number

  constructor(disk: Disk, directory: string, { fileBytes = DEFAULT_FILE_BYTES } = {}) {
    this.#fileBytes = fileBytes
    this.#disk = disk
    this.#directory = directory
    disk.makeDirectory(directory)
    // A checkpoint is as durable as the folder that it is in.
    disk.syncDirectory(dirname(directory))
    for (const name of disk.list(directory)) {
      if (name.endsWith(".writing")) disk.remove(`${directory}/${name}`)
    }
    this.#lastNumber = Math.max(0, ...this.#pageFiles())
    for (const path of this.#needless()) disk.remove(path)
  }

  /** One is written at a time. */
  begin({ epoch, generation }: CheckpointPoint): CheckpointWriter {
    const path = `${this.#directory}/epoch-${String(epoch).padStart(16, "0")}.checkpoint`
    return new CheckpointWriter(this.#disk, {
      path,
      nextNumber: () => ++this.#lastNumber,
      pagesPath: (number) => this.#pagesPath(number),
      fileBytes: this.#fileBytes,
      generation,
      known: this.#known,
      syncNames: () => this.#syncNames(),
      onDurable: async (known) => {
        this.#known = known
        this.#needs.set(path, numbersOf(known))
        await this.#removeOld()
      },
    })
  }

  /** Newest first. Damage is found when the checkpoint is read. */
  list(): readonly { readonly epoch: number; readonly path: string }[] {
    return this.#disk
      .list(this.#directory)
      .flatMap((name) => {
        const match = FILE_NAME.exec(name)
        return match === null ? [] : [{ epoch: Number(match[1]), path: `${this.#directory}/${name}` }]
      })
      .reverse()
  }

  /** @throws PlatformError checkpoint-corrupt */
  manifest(path: string): CheckpointManifest {
    let manifest: CheckpointManifest | null = null
    for (const part of readParts(this.#disk, path)) {
      if (part.name === MANIFEST) manifest = JSON.parse(Buffer.from(part.bytes).toString("utf8"))
    }
    if (manifest === null) throw checkpointCorrupt(path, "it has no manifest")
    return manifest
  }

  /** Everything but pages, read one by one. */
  *parts(path: string): Generator<CheckpointPart> {
    for (const part of readParts(this.#disk, path)) {
      if (part.name !== MANIFEST && !isPageListPart(part.name)) yield part
    }
  }

  /**
   * Fills the pages, and says what is known of them then: for `goOn`, when the engine could be restored.
   * @throws PlatformError checkpoint-corrupt
   */
  readPages(path: string, targets: PageTargets): KnownPages {
    const list = readPageList(readParts(this.#disk, path), path)
    const files = list.files.map((file) => ({ file, path: this.#pagesPath(file.number) }))
    return readPages(this.#disk, { path, files, pages: list.pages, targets })
  }

  /** The next checkpoint is of an engine that was restored with these pages. */
  goOn(known: KnownPages): void {
    this.#known = known
  }

  async #removeOld(): Promise<void> {
    const old = this.list().slice(KEPT_CHECKPOINTS)
    for (const { path } of old) await this.#remove(path)
    const needless = this.#needless()
    // No checkpoint that comes back with the power may lack what it needs.
    if (old.length > 0 && needless.length > 0) await this.#syncNames()
    for (const path of needless) await this.#remove(path)
  }

  async #syncNames(): Promise<void> {
    if (this.#disk.syncDirectoryAside === undefined) this.#disk.syncDirectory(this.#directory)
    else await this.#disk.syncDirectoryAside(this.#directory)
  }

  async #remove(path: string): Promise<void> {
    if (this.#disk.removeAside === undefined) this.#disk.remove(path)
    else await this.#disk.removeAside(path)
  }

  /** Files of pages that no checkpoint needs. */
  #needless(): string[] {
    const paths = this.list().map(({ path }) => path)
    for (const path of this.#needs.keys()) if (!paths.includes(path)) this.#needs.delete(path)
    const needed = new Set(paths.flatMap((path) => this.#neededBy(path)))
    return this.#pageFiles().flatMap((number) => (needed.has(number) ? [] : [this.#pagesPath(number)]))
  }

  #neededBy(path: string): readonly number[] {
    let needs = this.#needs.get(path)
    if (needs !== undefined) return needs
    try {
      needs = numbersOf(readPageList(readParts(this.#disk, path), path))
    } catch (error) {
      if (!isPlatformError(error, "checkpoint-corrupt")) throw error
      // One that cannot be read is never restored.
      needs = []
    }
    this.#needs.set(path, needs)
    return needs
  }

  #pageFiles(): number[] {
    return this.#disk.list(this.#directory).flatMap((name) => {
      const match = PAGES_NAME.exec(name)
      return match === null ? [] : [Number(match[1])]
    })
  }

  #pagesPath(number: number): string {
    return `${this.#directory}/${number}.pages`
  }
}

function numbersOf({ files }: { readonly files: readonly PageFile[] }): readonly number[] {
  return files.map(({ number }) => number)
}
