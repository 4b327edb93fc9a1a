/**
 * A disk in memory that fails in every way that the seed asks for. Contents and names are kept apart:
 * contents become durable by `sync` of the file, names (new files and folders, renames, removals) by
 * `syncDirectory`. `crash` keeps any subset of what was not synced; `kill` is the death of the process only,
 * which loses nothing.
 */

import type { Disk, DiskFile } from "../std/disk.ts"
import { diskFailed, diskFull, fileMissing } from "../std/disk-errors.ts"
import type { Random } from "../std/random.ts"
import type { SimClock } from "./sim-clock.ts"
import { SimInode } from "./sim-inode.ts"

/** Thrown in the middle of an operation when the simulated machine stops there. Nobody may catch it. */
export class SimCrash extends Error {
  override readonly name = "SimCrash"
}

export interface SimDiskOptions {
  readonly random: Random
  /** Operations take time of this clock when `slowMs` is set. */
  readonly clock?: SimClock
}

/** A change of a name that is not durable yet. */
interface NameChange {
  readonly directory: string
  readonly apply: (names: Map<string, SimInode>, directories: Set<string>) => void
}

const parentOf = (path: string) => path.slice(0, path.lastIndexOf("/")) || "/"

export class SimDisk implements Disk {
  readonly #random: Random
  readonly #clock: SimClock | undefined
  #names = new Map<string, SimInode>()
  #durableNames = new Map<string, SimInode>()
  #directories = new Set<string>(["/"])
  #durableDirectories = new Set<string>(["/"])
  #changes: NameChange[] = []
  /** Handles of an earlier process are dead. */
  #process = 0
  #stepsToCrash = Infinity
  #writesToFull = Infinity
  #writesToFailure = Infinity
  #failingSyncs = 0
  #syncsToFailure = 0
  /** The longest that an operation takes. */
  slowMs = 0

  constructor(options: SimDiskOptions) {
    this.#random = options.random
    this.#clock = options.clock
  }

  /** The machine stops in the middle of the `steps`-th changing operation from now. */
  crashAfter(steps: number): void {
    this.#stepsToCrash = steps
  }

  /** The disk is full from the `writes`-th write that needs space from now on. */
  fillAfter(writes: number): void {
    this.#writesToFull = writes
  }

  /** The `writes`-th write from now fails and changes nothing; later ones succeed. */
  failWrite(writes: number): void {
    this.#writesToFailure = writes
  }

  /**
   * `count` syncs fail, each losing some of what it was to write, after the next `later` ones that do not.
   */
  failSyncs(count: number, later = 0): void {
    this.#failingSyncs = count
    this.#syncsToFailure = later
  }

  /** Takes all planned faults back. */
  heal(): void {
    this.#stepsToCrash = Infinity
    this.#writesToFull = Infinity
    this.#writesToFailure = Infinity
    this.#failingSyncs = 0
  }

  /** Power loss: keeps any subset of the sectors and names that were not synced. */
  crash(): void {
    this.kill()
    for (const { apply } of this.#changes) {
      if (this.#random.below(2) === 0) apply(this.#durableNames, this.#durableDirectories)
    }
    this.#changes = []
    for (const path of this.#durableNames.keys())
      if (!this.#isReachable(path)) this.#durableNames.delete(path)
    for (const path of this.#durableDirectories)
      if (!this.#isReachable(path)) this.#durableDirectories.delete(path)
    this.#names = new Map(this.#durableNames)
    this.#directories = new Set(this.#durableDirectories)
    for (const inode of new Set(this.#names.values())) inode.crash(this.#random)
  }

  /** The process dies, the machine lives: nothing is lost. */
  kill(): void {
    this.#process++
    this.heal()
  }

  #isReachable(path: string): boolean {
    for (let at = parentOf(path); at !== "/"; at = parentOf(at))
      if (!this.#durableDirectories.has(at)) return false
    return true
  }

  /** Flips the bits of one byte of a file, now and on the medium. */
  flip(path: string, position: number, bits: number): void {
    this.#inode(path).flip(position, bits)
  }

  /** What programs read of a file. */
  contents(path: string): Uint8Array {
    return this.#inode(path).current.slice()
  }

  /** Paths of all files. */
  files(): string[] {
    return [...this.#names.keys()].sort()
  }

  #inode(path: string): SimInode {
    const inode = this.#names.get(path)
    if (inode === undefined) throw fileMissing(path)
    return inode
  }

  /** Every changing operation passes here; a crash comes after its effect, so that it may be torn. */
  #change<T>(effect: () => T): T {
    if (this.slowMs > 0) this.#clock?.skip(this.#random.below(this.slowMs + 1))
    const result = effect()
    if (--this.#stepsToCrash <= 0) throw new SimCrash("the simulated machine stopped")
    return result
  }

  #rename(change: NameChange): void {
    change.apply(this.#names, this.#directories)
    this.#changes.push(change)
  }

  open(path: string, options: { readonly create?: boolean; readonly readOnly?: boolean } = {}): DiskFile {
    if (!this.#names.has(path)) {
      if (options.create !== true || !this.#directories.has(parentOf(path))) throw fileMissing(path)
      const inode = new SimInode()
      const apply = (names: Map<string, SimInode>) => void names.set(path, inode)
      this.#change(() => this.#rename({ directory: parentOf(path), apply }))
    }
    return this.#handle(path, this.#inode(path))
  }

  #handle(path: string, inode: SimInode): DiskFile {
    const process = this.#process
    const check = () => {
      if (process !== this.#process) throw new SimCrash(`${path} was opened by a process that is gone`)
    }
    const grow = (needsSpace: boolean, effect: () => void) => {
      check()
      if (--this.#writesToFailure === 0) throw diskFailed("write", path)
      if (needsSpace && --this.#writesToFull <= 0) throw diskFull(path)
      this.#change(effect)
    }
    return {
      path,
      read: (target, position) => {
        check()
        const found = inode.current.subarray(position, position + target.length)
        target.set(found)
        return found.length
      },
      write: (source, position) =>
        grow(inode.needsSpace(position, source.length), () => inode.write(source, position)),
      truncate: (sizeBytes) => {
        if (sizeBytes > inode.current.length) return grow(true, () => inode.truncate(sizeBytes))
        check()
        this.#change(() => inode.truncate(sizeBytes))
      },
      sync: () => {
        check()
        if (this.#failsSync()) {
          inode.failSync(this.#random)
          throw diskFailed("sync", path)
        }
        this.#change(() => inode.sync())
      },
      sizeBytes: () => inode.current.length,
      // A dead handle is closed by the system.
      close: () => {},
    }
  }

  #failsSync(): boolean {
    if (this.#failingSyncs <= 0 || this.#syncsToFailure-- > 0) return false
    this.#failingSyncs--
    return true
  }

  exists(path: string): boolean {
    return this.#names.has(path) || this.#directories.has(path)
  }

  list(directory: string): string[] {
    const inside = [...this.#names.keys(), ...this.#directories].filter(
      (path) => parentOf(path) === directory,
    )
    return inside
      .filter((path) => path !== "/")
      .map((path) => path.slice(path.lastIndexOf("/") + 1))
      .sort()
  }

  isDirectory(path: string): boolean {
    return this.#directories.has(path)
  }

  makeDirectory(path: string): void {
    if (path === "/" || this.#directories.has(path)) return
    this.makeDirectory(parentOf(path))
    const apply = (_: unknown, directories: Set<string>) => void directories.add(path)
    this.#change(() => this.#rename({ directory: parentOf(path), apply }))
  }

  rename(from: string, to: string): void {
    if (this.#directories.has(from)) {
      this.#renameDirectory(from, to)
      return
    }
    const inode = this.#inode(from)
    const apply = (names: Map<string, SimInode>) => {
      if (names.get(from) === inode) names.delete(from)
      names.set(to, inode)
    }
    this.#change(() => this.#rename({ directory: parentOf(to), apply }))
  }

  #renameDirectory(from: string, to: string): void {
    const renamed = (path: string) =>
      path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : path
    const apply = (names: Map<string, SimInode>, directories: Set<string>) => {
      for (const [path, inode] of [...names]) {
        names.delete(path)
        names.set(renamed(path), inode)
      }
      for (const path of [...directories]) {
        directories.delete(path)
        directories.add(renamed(path))
      }
    }
    this.#change(() => this.#rename({ directory: parentOf(to), apply }))
  }

  link(from: string, to: string): void {
    const inode = this.#inode(from)
    if (this.#names.has(to)) throw diskFailed("link", to)
    const apply = (names: Map<string, SimInode>) => void names.set(to, inode)
    this.#change(() => this.#rename({ directory: parentOf(to), apply }))
  }

  remove(path: string): void {
    const inode = this.#names.get(path)
    if (inode === undefined) return
    const apply = (names: Map<string, SimInode>) => {
      if (names.get(path) === inode) names.delete(path)
    }
    this.#change(() => this.#rename({ directory: parentOf(path), apply }))
  }

  removeTree(path: string): void {
    const inside = (name: string) => name === path || name.startsWith(`${path}/`)
    for (const name of [...this.#names.keys()].filter(inside)) this.remove(name)
    for (const directory of [...this.#directories].filter(inside).sort().reverse()) {
      const apply = (_: unknown, directories: Set<string>) => void directories.delete(directory)
      this.#change(() => this.#rename({ directory: parentOf(directory), apply }))
    }
  }

  syncDirectory(path: string): void {
    if (this.#failsSync()) throw diskFailed("sync the folder", path)
    this.#change(() => {
      for (const change of this.#changes) {
        if (change.directory === path) change.apply(this.#durableNames, this.#durableDirectories)
      }
      this.#changes = this.#changes.filter((change) => change.directory !== path)
    })
  }
}
