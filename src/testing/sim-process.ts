/**
 * One life of a program on a simulated machine: its disk and its scheduler work until it dies. What still
 * runs of a dead process (promises that were under way) meets SimCrash at its next step to the disk and is
 * never called again.
 */
import type { Scheduler, Timer } from "../std/clock.ts"
import type { Disk, DiskFile } from "../std/disk.ts"
import { isPlatformError } from "../std/errors.ts"
import type { SimClock } from "./sim-clock.ts"
import { SimCrash } from "./sim-disk.ts"

export class SimProcess {
  alive = true
  /** Failures of the disk that it met, by code. */
  readonly diskErrors: string[] = []
  readonly disk: Disk
  readonly scheduler: Scheduler

  /** @param onOpen told of each file before it is opened, to plan a fault for it. */
  constructor(disk: Disk, clock: SimClock, onOpen: (path: string) => void = () => {}) {
    const guarded = this.#guarded(disk)
    const open: Disk["open"] = (path, options) => {
      onOpen(path)
      return this.#guarded<DiskFile>(guarded.open(path, options))
    }
    this.disk = new Proxy(guarded, {
      get: (target, name) => (name === "open" ? open : Reflect.get(target, name)),
    })
    this.scheduler = {
      after: (delayMs, task): Timer => clock.after(delayMs, () => this.#run(task)),
      soon: (task) => clock.soon(() => this.#run(task)),
    }
  }

  #run(task: () => void): void {
    if (this.alive) this.#watch(task)
  }

  #guarded<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (own, name) => {
        const value: unknown = Reflect.get(own, name)
        if (typeof value !== "function") return value
        return (...args: unknown[]) => {
          if (!this.alive) throw new SimCrash("the process is gone")
          return this.#watch(() => Reflect.apply(value, own, args))
        }
      },
    })
  }

  #watch<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      if (error instanceof SimCrash) this.alive = false
      else if (isPlatformError(error)) this.#noteFailure(error.code)
      throw error
    }
  }

  #noteFailure(code: string): void {
    if (code.startsWith("disk-")) this.diskErrors.push(code)
  }
}
