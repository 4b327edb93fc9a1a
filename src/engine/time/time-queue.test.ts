import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../std/random.ts"
import { TimeQueue } from "./time-queue.ts"

test("things leave by their time, those of one time in the order they came", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new SeededRandom(seed)
    const queue = new TimeQueue<string>()
    let waiting: { time: bigint; name: string }[] = []
    for (let step = 0; step < 100; step++) {
      const time = BigInt(random.below(20))
      if (random.below(4) > 0) {
        queue.push(time, `${step}`)
        waiting.push({ time, name: `${step}` })
        continue
      }
      const due = waiting.filter((one) => one.time <= time)
      due.sort((a, b) => (a.time === b.time ? Number(a.name) - Number(b.name) : a.time < b.time ? -1 : 1))
      assert.deepEqual(
        [...queue.takeUntil(time)],
        due.map(({ name }) => name),
        `seed ${seed}`,
      )
      waiting = waiting.filter((one) => one.time > time)
    }
  }
})
