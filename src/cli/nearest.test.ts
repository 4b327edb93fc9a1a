import assert from "node:assert/strict"
import { test } from "node:test"
import { nearest } from "./nearest.ts"

test("the nearest name is the one that was probably meant, and there may be none", () => {
  const names = ["start", "check", "send", "tail", "status"]
  const cases: [typed: string, meant: string | null][] = [
    ["chekc", "check"],
    ["stat", "status"],
    ["star", "start"],
    ["statsu", "status"],
    ["snd", "send"],
    ["tial", "tail"],
    ["deploy", null],
    ["x", null],
    ["", null],
  ]
  for (const [typed, meant] of cases) assert.equal(nearest(typed, names), meant, typed)
  assert.equal(nearest("a", []), null)
})
