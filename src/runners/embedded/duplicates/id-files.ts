/**
 * Names of an event's files of ids, and their end: a file that no longer counts stays until no kept
 * checkpoint names it.
 */
import type { Disk } from "../../../std/disk.ts"

export class IdFiles {
  readonly directory: string
  readonly #disk: Disk
  readonly #event: string
  #next = 0
  /** Files to remove, with the number of the last checkpoint that may name them. */
  #dropped: { readonly name: string; readonly lastSave: number }[] = []
  /** Number of the newest checkpoint that was begun. */
  lastSave = 0

  constructor(disk: Disk, directory: string, event: string) {
    this.directory = directory
    this.#disk = disk
    this.#event = event
    for (const name of this.#own()) this.#next = Math.max(this.#next, numberOf(name) + 1)
  }

  /** A name that no file has or had since the start. */
  newName(kind: "run" | "filter" | "trail"): string {
    return `${this.#event}-${this.#next++}.${kind}`
  }

  path(name: string): string {
    return `${this.directory}/${name}`
  }

  drop(name: string): void {
    this.#dropped.push({ name, lastSave: this.lastSave })
  }

  /** Checkpoints before this one are gone. */
  release(oldestSave: number): void {
    for (const { name } of this.#dropped.filter(({ lastSave }) => lastSave < oldestSave)) {
      this.#disk.remove(this.path(name))
    }
    this.#dropped = this.#dropped.filter(({ lastSave }) => lastSave >= oldestSave)
  }

  removeOthers(names: ReadonlySet<string>): void {
    for (const name of this.#own()) if (!names.has(name)) this.#disk.remove(this.path(name))
  }

  #own(): string[] {
    // An event's name has no "-".
    return this.#disk.list(this.directory).filter((name) => name.startsWith(`${this.#event}-`))
  }
}

function numberOf(name: string): number {
  return Number(/-(\d+)\./.exec(name)?.[1] ?? 0)
}
