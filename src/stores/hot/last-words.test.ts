import assert from "node:assert/strict"
import { test } from "node:test"
import { lastWords } from "./embedded-clickhouse.ts"

test("of what a process wrote before its end, the line that says why is told", () => {
  const cases: [errors: string, words: string | null][] = [
    ["", null],
    ["\n \n", null],
    ["Segmentation fault\n", "Segmentation fault"],
    [
      `file:///x/host-process.js:110
    throw new Error("no")
          ^

Error: the store in /d is open in process 7; stop that process
    at lockDirectory (file:///x/host-process.js:110:41)
    at async file:///x/host-process.js:39:1

Node.js v24.21.0
`,
      "Error: the store in /d is open in process 7; stop that process",
    ],
    [
      `Code: 246. DB::Exception: Bad checksum. (CORRUPTED_DATA), Stack trace:

0. DB::Exception::Exception() @ 0x1
1. ./build/x.cpp:12: DB::f() @ 0x2
`,
      "Code: 246. DB::Exception: Bad checksum. (CORRUPTED_DATA), Stack trace:",
    ],
  ]
  for (const [errors, words] of cases) assert.equal(lastWords(errors), words)
})
