import assert from "node:assert/strict"
import { test } from "node:test"
import { type DedupDefinition, MIN_DEDUP_BYTES, resolveDedup } from "./dedup.ts"

test("a window is text, or an object that says how much memory the ids may take", () => {
  const cases: [DedupDefinition | null | undefined, object][] = [
    [undefined, { dedupWindowMs: null }],
    [null, { dedupWindowMs: null }],
    ["1 day", { dedupWindowMs: 86_400_000 }],
    [{ window: "10 minutes" }, { dedupWindowMs: 600_000 }],
    [
      { window: "10 minutes", memoryBytes: 2 ** 30 },
      { dedupWindowMs: 600_000, dedupMemoryBytes: 2 ** 30 },
    ],
  ]
  for (const [dedup, resolved] of cases) assert.deepEqual(resolveDedup("sale", dedup), resolved)
})

test("what cannot work is refused, with what to write", () => {
  const cases: [unknown, RegExp][] = [
    [{ window: "1 day", memoryBytes: MIN_DEDUP_BYTES - 1 }, /at least 16777216 \(16 MiB\)/],
    [{ window: "1 day", memoryBytes: "1 GB" }, /is not a whole number/],
    [{ window: "1 day", memory: 2 ** 30 }, /no option memory; write window and memoryBytes/],
    [{ memoryBytes: 2 ** 30 }, /dedup of event "sale"/],
    ["0 s", /longer than nothing/],
  ]
  for (const [dedup, message] of cases) {
    assert.throws(() => resolveDedup("sale", dedup as DedupDefinition), message, JSON.stringify(dedup))
  }
})
