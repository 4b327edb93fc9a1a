/**
 * UUIDs of version 7 (RFC 9562, 5.7 with method 1 of 6.2): milliseconds, then a 12-bit counter that begins at
 * random in each millisecond, then 62 random bits. Later ones of one maker sort behind earlier ones, also
 * when the clock stands still or goes back.
 *
 *   tttttttt-tttt-7ccc-rrrr-rrrrrrrrrrrr
 */
import type { Clock } from "../std/clock.ts"
import type { Surroundings } from "./surroundings.ts"

const COUNTER_LIMIT = 0x1000
/** The counter begins in the lower half, so that 2,048 ids of one millisecond have room above it. */
const COUNTER_SEED_LIMIT = 0x800

export function uuid7Maker(given: Clock & Pick<Surroundings, "fillRandom">): () => string {
  const random = new Uint8Array(10)
  let lastMs = -1
  let counter = 0
  return () => {
    given.fillRandom(random)
    const nowMs = given.nowMs()
    if (nowMs > lastMs) {
      lastMs = nowMs
      counter = ((random[0]! << 8) | random[1]!) % COUNTER_SEED_LIMIT
    } else if (++counter === COUNTER_LIMIT) {
      lastMs++
      counter = 0
    }
    const time = hex(lastMs, 12)
    const variant = (random[2]! & 0x3f) | 0x80
    let tail = hex(variant, 2)
    for (let i = 3; i < 10; i++) tail += hex(random[i]!, 2)
    return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(counter, 3)}-${tail.slice(0, 4)}-${tail.slice(4)}`
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0")
}
