import assert from "node:assert/strict"
import { test } from "node:test"
import { Changelog } from "./changelog.ts"

const entry = (epoch: number, rows = 1) => {
  return {
    kind: "changes" as const,
    epoch,
    watermarkUs: null,
    changes: { length: rows, vectors: [], weights: null },
  }
}

test("a reader finds the first change after the epoch that it has", () => {
  const changelog = new Changelog(5)
  for (const epoch of [7, 8, 12]) changelog.publish(entry(epoch))
  const cases: [number, number | undefined][] = [
    [5, 7],
    [6, 7],
    [7, 8],
    [8, 12],
    [11, 12],
    [12, undefined],
  ]
  for (const [epoch, next] of cases) assert.equal(changelog.after(epoch)?.epoch, next, `after ${epoch}`)
})

test("it says how far back it is complete, and forgets the oldest when it is full", () => {
  const changelog = new Changelog(5)
  assert.ok(changelog.reachesBackTo(5))
  assert.ok(!changelog.reachesBackTo(4))
  for (let epoch = 6; epoch < 12; epoch++) changelog.publish(entry(epoch, 60_000))
  assert.ok(!changelog.reachesBackTo(7))
  assert.ok(changelog.reachesBackTo(8))
  assert.equal(changelog.after(8)?.epoch, 9)
})

test("one epoch that is larger than all that is kept is still given to who waits for it", () => {
  const changelog = new Changelog(0)
  changelog.publish(entry(1, 1_000_000))
  assert.equal(changelog.after(0)?.changes.length, 1_000_000)
})

test("readers wait until something is published, or until the end", async () => {
  const changelog = new Changelog(0)
  const changed = changelog.changed()
  changelog.publish(entry(1))
  await changed
  const closed = changelog.changed()
  changelog.close()
  await closed
  assert.ok(changelog.closed)
})

test("what a checkpoint keeps of it continues it", () => {
  const changelog = new Changelog(5)
  for (let epoch = 6; epoch < 30; epoch++) changelog.publish(entry(epoch, 3_000))
  const { completeAfter, entries } = changelog.save()
  assert.equal(completeAfter, 23)
  const restored = new Changelog(completeAfter, entries)
  assert.ok(restored.reachesBackTo(23))
  assert.ok(!restored.reachesBackTo(22))
  assert.equal(restored.after(23)?.epoch, 24)
  assert.deepEqual(new Changelog(5).save(), { completeAfter: 5, entries: [] })
})
