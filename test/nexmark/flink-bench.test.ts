/**
 * What bench/flink can be held to without Java: its queries, its scripts, its event files, what Flink
 * answers.
 */
import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { writeEventFiles } from "../../bench/flink/event-files.ts"
import { parseAnswer } from "../../bench/flink/flink-process.ts"
import { FLINK_QUERIES, NOT_IN_FLINK, WITHOUT_ANSWER, WITHOUT_STATE } from "../../bench/flink/queries.ts"
import { scriptOf } from "../../bench/flink/script.ts"
import type { Posts } from "../../bench/nexmark/posts.ts"
import { NEXMARK_QUERIES } from "./queries.ts"

test("every query of Nexmark is either asked of Flink or left out with a reason", () => {
  const names = NEXMARK_QUERIES.map(({ name }) => name)
  assert.deepEqual([...Object.keys(FLINK_QUERIES), ...Object.keys(NOT_IN_FLINK)].sort(), names.toSorted())
  for (const name of [...WITHOUT_ANSWER, ...WITHOUT_STATE]) assert.ok(name in FLINK_QUERIES, name)
})

test("no query has what ends a statement of a script", () => {
  for (const [name, query] of Object.entries(FLINK_QUERIES)) assert.ok(!query.includes(";"), name)
})

test("a script is settings, a table for each event, and the query", () => {
  const run = { tasks: 2, state: "rocksdb", miniBatch: true, checkpointMs: 1_500 } as const
  const statements = scriptOf("SELECT 1", { ...run, events: "/events", scratch: "/scratch" }).split(";\n")
  for (const expected of [
    "SET 'parallelism.default' = '2'",
    "SET 'state.backend.type' = 'rocksdb'",
    "SET 'execution.checkpointing.interval' = '1500 ms'",
    "SET 'execution.checkpointing.dir' = 'file:///scratch/checkpoints'",
    "SET 'table.exec.mini-batch.enabled' = 'true'",
    "SET 'table.exec.mini-batch.size' = '50000'",
  ]) {
    assert.ok(statements.includes(expected), expected)
  }
  const tables = statements.filter((statement) => statement.startsWith("CREATE TEMPORARY TABLE"))
  assert.deepEqual(
    tables.map((table) => /TABLE (\w+)/.exec(table)?.[1]),
    ["person", "auction", "bid"],
  )
  assert.match(tables[2]!, /`date_time` TIMESTAMP_LTZ\(3\),/)
  assert.match(tables[2]!, /WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND/)
  assert.match(tables[2]!, /'path' = 'file:\/\/\/events\/bid'/)
  assert.equal(statements.at(-1), "SELECT 1")
})

test("without mini-batches a script does not set their size", () => {
  const run = { tasks: 1, state: "hashmap", miniBatch: false, checkpointMs: 1_500 } as const
  const script = scriptOf("SELECT 1", { ...run, events: "/events", scratch: "/scratch" })
  assert.match(script, /SET 'table.exec.mini-batch.enabled' = 'false'/)
  assert.doesNotMatch(script, /mini-batch\.size/)
})

test("bodies go to the tasks' files by turns, in their order", () => {
  const folder = mkdtempSync(join(tmpdir(), "flink-events-"))
  try {
    const bodies = (...texts: string[]) => texts.map((text) => Buffer.from(text))
    const epochs: Posts[] = [
      { person: bodies("p1"), auction: [], bid: bodies("b1\nb2", "b3") },
      { person: bodies("p2"), auction: [], bid: bodies("b4") },
    ]
    writeEventFiles(folder, epochs, 2)
    const text = (name: string) => readFileSync(join(folder, name), "utf8")
    assert.deepEqual(
      ["person/0", "person/1", "auction/0", "auction/1", "bid/0", "bid/1"].map((name) =>
        text(`${name}.ndjson`),
      ),
      ["p1\n", "p2\n", "", "", "b1\nb2\nb4\n", "b3\n"],
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test("a line of Flink's is a cost, rows, or an error that is thrown", () => {
  const cost = { cpuMs: 1_200.5, wallMs: 900, checkpoints: 2 }
  assert.deepEqual(parseAnswer(JSON.stringify(cost)), cost)
  assert.deepEqual(parseAnswer('{"rows":[["1",2.5,null]]}'), { rows: [["1", 2.5, null]] })
  assert.throws(() => parseAnswer('{"error":"no such table"}'), /Flink: no such table/)
  assert.throws(() => parseAnswer("a warning"), SyntaxError)
})
