/** Randomness as an argument: the same seed gives the same run. */

export interface Random {
  /** Uniform in [0, 2^32). */
  uint32(): number
  /** Uniform integer in [0, bound); bound from 1 to 2^32. */
  below(bound: number): number
  /** Uniform in [0, 1). */
  float(): number
  /** Fills `target` with uniform bytes. */
  fill(target: Uint8Array): void
}

/** xoshiro128** by Blackman and Vigna, seeded through splitmix32. Not for secrets. */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    let state = seed >>> 0
    const next = () => {
      state = (state + 0x9e3779b9) >>> 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
      return (z ^ (z >>> 16)) >>> 0
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next()
  }

  uint32(): number {
    const scrambled = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0
    const t = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= t
    this.#d = rotateLeft(this.#d, 11)
    return scrambled
  }

  below(bound: number): number {
    return Math.floor(this.float() * bound)
  }

  float(): number {
    return this.uint32() / 4294967296
  }

  fill(target: Uint8Array): void {
    for (let i = 0; i < target.length; i++) target[i] = this.uint32() & 0xff
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
