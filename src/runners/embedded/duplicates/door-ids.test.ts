import assert from "node:assert/strict"
import { test } from "node:test"
import { idsOf } from "../../../../test/kit/ids-of.ts"
import { SeededRandom } from "../../../std/random.ts"
import { ComingIds } from "./coming-ids.ts"
import { KnownIds } from "./known-ids.ts"

test("ids that come and go are those of a map", () => {
  const random = new SeededRandom(3)
  const coming = new ComingIds()
  const map = new Map<number, { append: number; rank: number }>()
  const ids = idsOf(...Array.from({ length: 600 }, (_, i) => `id-${i}`))
  for (let step = 0; step < 20_000; step++) {
    const row = random.below(600)
    const kind = random.below(step % 4_000 < 2_000 ? 3 : 6)
    if (kind < 2) {
      const [append, rank] = [1 + random.below(40), random.below(1_000)]
      coming.put(ids.hashes, row, append, rank)
      map.set(row, { append, rank })
    } else if (kind < 5) {
      coming.remove(ids.hashes, row)
      map.delete(row)
    } else {
      const append = 1 + random.below(40)
      coming.removeAppend(append)
      for (const [other, entry] of map) if (entry.append === append) map.delete(other)
    }
    const probe = random.below(600)
    assert.equal(coming.appendOf(ids.hashes, probe), map.get(probe)?.append ?? 0, `step ${step}`)
    if (map.has(probe)) assert.equal(coming.rankOf(ids.hashes, probe), map.get(probe)!.rank)
    assert.equal(coming.size, map.size)
  }
})

test("the newest ids are known, with the place of the first copy and the time of the last", () => {
  const random = new SeededRandom(4)
  const known = new KnownIds(512)
  const map = new Map<number, { partition: number; offset: number; appendTimeMs: number }>()
  const ids = idsOf(...Array.from({ length: 2_000 }, (_, i) => `id-${i}`))
  for (let offset = 0; offset < 20_000; offset++) {
    const row = random.below(2_000)
    const place = { partition: offset % 3, offset, appendTimeMs: offset }
    const earlier = map.get(row)
    const isFresh = earlier === undefined || random.below(2) === 0
    known.put(ids.hashes, row, isFresh, place)
    if (!isFresh) map.set(row, { ...earlier, appendTimeMs: offset })
    else map.set(row, place)
    const oldest = map.keys().next().value!
    if (map.size > 512) map.delete(oldest)
    const probe = random.below(2_000)
    assert.deepEqual(known.find(ids.hashes, probe, -1), map.get(probe), `offset ${offset}`)
  }
  assert.equal(map.size, 512)
})
