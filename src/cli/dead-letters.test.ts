import assert from "node:assert/strict"
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { twinTerminal } from "../../test/kit/twin-terminal.ts"
import { type Platform, startPlatform } from "../platform/start-platform.ts"
import { main } from "./main.ts"

const EVENTS = `import { event, int32, timestamp, view } from "millrace"
import { z } from "zod"
export const order = event("order", {
  schema: z.object({ id: z.string(), at: timestamp(), quantity: int32() }),
  id: "id",
  time: "at",
  onInvalid: "dead-letter",
  dedup: "1 hour",
})
export const ratios = view("ratios", {
  sql: 'SELECT id, 100 / quantity AS ratio FROM "order"',
  state: "unbounded",
})
`

function folder(t: TestContext): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "millrace-letters-")))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(
    join(directory, "millrace.config.ts"),
    'import { defineConfig } from "millrace"\nexport default defineConfig({ name: "shop" })\n',
  )
  writeFileSync(join(directory, "events.ts"), EVENTS)
  return directory
}

async function millrace(platform: Platform, ...args: string[]) {
  const terminal = twinTerminal({ url: platform.url })
  const code = await main(["dead-letters", ...args], terminal)
  return { code, printed: terminal.printed.join("\n"), noted: terminal.noted.join("\n") }
}

async function post(platform: Platform, ...rows: string[]): Promise<Record<string, unknown>> {
  const response = await fetch(`${platform.url}/v1/events/order`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: rows.join("\n"),
  })
  return { status: response.status, ...((await response.json()) as Record<string, unknown>) }
}

interface Answers {
  readonly bytes: string
  readonly counts: object
  readonly dead_letters: readonly { readonly id: string; readonly state: string }[]
  readonly events: readonly Readonly<Record<string, unknown>>[]
  readonly receipt: object
  readonly rows: readonly LeftOut[]
  readonly status: string
  readonly accepted: number
}

interface LeftOut {
  readonly event: string
  readonly partition: number
  readonly offset: number
  readonly reason: string
  readonly value: { readonly id: string }
  readonly replay: { readonly state: string; readonly id: string } | null
}

async function read(platform: Platform, path: string): Promise<Answers> {
  return (await (await fetch(`${platform.url}${path}`)).json()) as Answers
}

const row = (id: string, quantity: unknown) =>
  `{"id":"${id}","at":"2026-01-01T00:00:00Z","quantity":${quantity}}`

test("a row that does not fit is kept, shown, corrected and sent again", async (t) => {
  const directory = folder(t)
  let platform = await startPlatform({ projectDirectory: directory, port: 0 })
  const answer = await post(platform, row("a", 1), row("b", '"many"'), "no json at all", row("c", 2))
  assert.deepEqual(
    [
      answer["status"],
      answer["received"],
      answer["accepted"],
      answer["dead_lettered"],
      answer["rejected_count"],
    ],
    [200, 4, 2, 2, 0],
  )
  const only = await post(platform, row("d", '"few"'))
  assert.deepEqual(
    [only["status"], only["accepted"], only["dead_lettered"], only["receipt"]],
    [200, 0, 1, null],
  )

  const list = await millrace(platform, "list")
  assert.equal(list.code, 0)
  assert.match(list.printed, /2\s+order.*quantity\s+wrong-type/)
  assert.match(list.noted, /3 open, 0 replayed, 0 discarded/)
  assert.match((await millrace(platform, "show", "0")).printed, /"many"/)
  const bytes = (await read(platform, "/v1/dead-letters/1")).bytes
  assert.equal(Buffer.from(bytes, "base64").toString(), "no json at all")

  const wrong = await millrace(platform, "replay", "0")
  assert.equal(wrong.code, 1)
  assert.match(wrong.noted, /letter\/0: quantity is "many".*wrong-type/)
  const edited = await millrace(platform, "edit", "0", "--value", row("b", 4))
  assert.equal(edited.code, 0, edited.noted)
  assert.match(edited.printed, /1 taken, 0 duplicates, 0 rejected/)
  const again = await millrace(platform, "replay", "0")
  assert.equal(again.code, 2)
  assert.match(again.noted, /Dead letter 0 is replayed by replay r2/)
  const duplicate = await millrace(platform, "edit", "2", "--value", row("a", 1))
  assert.equal(duplicate.code, 1)
  assert.match(duplicate.noted, /letter\/2: .*id.*dedup window.*duplicate/)
  assert.equal((await millrace(platform, "discard", "1")).code, 0)
  assert.equal((await millrace(platform, "discard", "1")).code, 2)

  await platform.close()
  platform = await startPlatform({ projectDirectory: directory, port: 0 })
  t.after(() => platform.close())
  const { counts, dead_letters: letters } = await read(platform, "/v1/dead-letters")
  assert.deepEqual(counts, { open: 1, replayed: 1, discarded: 1 })
  assert.deepEqual(
    letters.map(({ id, state }) => [id, state]),
    [
      ["2", "open"],
      ["1", "discarded"],
      ["0", "replayed"],
    ],
  )
  const [event] = (await read(platform, "/v1/events")).events
  assert.deepEqual([event!["accepted"], event!["dead_lettered"]], [3, 3])
})

test("a failed row is shown with its reason, and its corrected copy is another event", async (t) => {
  await using platform = await startPlatform({ projectDirectory: folder(t), port: 0 })
  const { receipt } = await post(platform, row("a", 0), row("b", 5))
  const rows = await read(platform, `/v1/views/ratios/rows?after=${receipt}`)
  assert.deepEqual(rows.receipt, {
    processed: true,
    verdicts: { applied: 1, failed: 1 },
    failures: { "division-by-zero": 1 },
    forgotten: 0,
  })
  const failed = async () => (await read(platform, "/v1/views/ratios/failed")).rows
  const before = (await failed())[0]!
  assert.deepEqual(
    [before.event, before.partition, before.offset, before.reason, before.value.id, before.replay],
    ["order", 0, 0, "division-by-zero", "a", null],
  )
  const value = { id: "a2", at: "2026-01-01T00:00:00Z", quantity: 4 }
  const request = {
    view: "ratios",
    verdict: "failed",
    rows: [{ event: "order", partition: 0, offset: 0, value }],
  }
  const send = () =>
    fetch(`${platform.url}/v1/replays`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    })
  const begun = await send()
  assert.equal(begun.status, 202)
  const { id } = (await begun.json()) as { id: string }
  let replay = await read(platform, `/v1/replays/${id}`)
  while (replay.status === "running") replay = await read(platform, `/v1/replays/${id}`)
  assert.deepEqual([replay.status, replay.accepted], ["done", 1])
  const after = (await failed())[0]!
  assert.deepEqual([after.replay?.state, after.replay?.id], ["replayed", id])
  assert.equal((await send()).status, 409)
  const late = await read(platform, "/v1/views/ratios/late")
  assert.deepEqual(late, { rows: [], cursor: null })
})

test("what cannot be done is said, with what can", async (t) => {
  await using platform = await startPlatform({ projectDirectory: folder(t), port: 0 })
  const cases: [args: string[], text: RegExp][] = [
    [["lst"], /cannot lst; did you mean list\?/],
    [["show"], /show needs the ID/],
    [["show", "7"], /no dead letter 7; .*unknown-dead-letter/],
    [["show", "seven"], /no dead letter seven/],
    [["replay", "--all"], /needs --event/],
    [["replay", "1", "--all", "--event", "order"], /not both/],
    [["replay", "--all", "--event", "ordr"], /did you mean "order"/],
    [["replay", "--all", "--event", "order"], /nothing to replay/],
    [["replay", "1", "--event", "order"], /--event belongs to replay --all/],
    [["list", "--value", "{}"], /--value does not belong to millrace dead-letters list/],
    [["list", "--state", "gone"], /--state takes open, replayed, discarded/],
    [["edit", "1", "--value", "{"], /the corrected row cannot be read: it is not JSON/],
    [["edit", "1", "--file", "/nowhere"], /\/nowhere cannot be read/],
    [["edit", "0"], /no dead letter 0/],
  ]
  for (const [args, text] of cases) {
    const { code, noted } = await millrace(platform, ...args)
    assert.equal(code, 2, args.join(" "))
    assert.match(noted, text, args.join(" "))
  }
})

test("a receipt from before a restart still says which rows failed or came before", async (t) => {
  const directory = folder(t)
  let platform = await startPlatform({ projectDirectory: directory, port: 0 })
  const { receipt } = await post(platform, row("a", 0), row("b", 5), row("c", 2), row("d", 0))
  const ask = async () => (await read(platform, `/v1/views/ratios/rows?after=${receipt}`)).receipt
  const failures = { "division-by-zero": 2 }
  assert.deepEqual(await ask(), {
    processed: true,
    verdicts: { failed: 2, applied: 2 },
    failures,
    forgotten: 0,
  })
  await platform.close()
  platform = await startPlatform({ projectDirectory: directory, port: 0 })
  t.after(() => platform.close())
  assert.deepEqual(await ask(), { processed: true, verdicts: { failed: 2 }, failures, forgotten: 2 })
})
