/** Randomness of the operating system, fit for identifiers that must not collide between machines. */
import { randomFillSync } from "node:crypto"
import type { Random } from "../random.ts"

export class NodeRandom implements Random {
  readonly #word = new Uint32Array(1)

  uint32(): number {
    randomFillSync(this.#word)
    return this.#word[0] as number
  }

  below(bound: number): number {
    return Math.floor(this.float() * bound)
  }

  float(): number {
    return this.uint32() / 4294967296
  }

  fill(target: Uint8Array): void {
    randomFillSync(target)
  }
}
