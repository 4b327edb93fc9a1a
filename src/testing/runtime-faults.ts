/** What goes wrong in a simulated life: chosen by the seed, told to the disk and the clock of the world. */
import { CHECKPOINTS, type RuntimeWorld } from "./runtime-world.ts"

export class RuntimeFaults {
  readonly #world: RuntimeWorld

  constructor(world: RuntimeWorld) {
    this.#world = world
  }

  planAtStart(): void {
    const { disk } = this.#world
    const fault = this.#world.below(8)
    if (fault === 0 || fault === 1) disk.crashAfter(1 + this.#world.below(25))
    else if (fault === 2) disk.fillAfter(1 + this.#world.below(6))
    else if (fault === 3) disk.failSyncs(1)
  }

  turnClockBack(): void {
    this.#world.wallOffsetMs -= this.#world.below(3_000)
    this.#world.countFault("clock set back")
  }

  plan(): void {
    const world = this.#world
    const fault = world.below(5)
    if (fault === 0) world.disk.crashAfter(1 + world.below(30))
    else if (fault === 1) world.disk.failSyncs(1 + world.below(2))
    else if (fault === 2) world.disk.fillAfter(1 + world.below(8))
    else if (fault === 3) world.crashInCheckpoint = 1 + world.below(12)
    else world.disk.heal()
    world.note(`plan ${["crash", "failed syncs", "full disk", "crash in a checkpoint", "healing"][fault]}`)
  }

  damageCheckpoint(): void {
    const { disk } = this.#world
    const paths = disk.files().filter((path) => path.startsWith(CHECKPOINTS) && path.endsWith(".checkpoint"))
    const hit = this.#world.below(5) === 0 ? paths : paths.slice(-1)
    for (const path of hit) {
      this.#world.hasDamagedCheckpoints = true
      this.#flip(path, "damaged checkpoint")
    }
  }

  /** Which may be a file that both kept checkpoints need, or none of them any more. */
  damagePages(): void {
    const world = this.#world
    const paths = world.disk.files().filter((path) => path.startsWith(CHECKPOINTS) && path.endsWith(".pages"))
    if (paths.length === 0) return
    const path = world.pick(paths)
    world.hasDamagedCheckpoints = true
    if (world.below(3) > 0) {
      this.#flip(path, "damaged pages")
    } else {
      world.disk.remove(path)
      world.disk.syncDirectory(CHECKPOINTS)
      world.countFault("missing pages")
    }
  }

  #flip(path: string, kind: string): void {
    const { disk } = this.#world
    const { length } = disk.contents(path)
    if (length > 0) disk.flip(path, this.#world.below(length), 1 << this.#world.below(8))
    this.#world.countFault(kind)
  }
}
