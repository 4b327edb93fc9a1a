/**
 * A view's updates as events of a stream.
 *   snapshot  {epoch, watermark, rows: [...], last}             in pieces; only the last one has an id
 *   changes   {epoch, watermark, changes: [{weight, row}, ...]}  one event for an epoch, whole
 * A reader keeps the pieces of a snapshot aside until the last one has come. Many readers of one view share
 * the text when the runtime hands all of them the same update.
 */

import type { Batch } from "../../columns/batch.ts"
import { jsonRowWriter, writeRowsAsJson } from "../../columns/json-out.ts"
import type { Column } from "../../columns/types.ts"
import type { Subscription, ViewUpdate } from "../../runners/runtime.ts"
import { instantText } from "../instant-text.ts"
import { SNAPSHOT_ROWS_PER_EVENT } from "../limits.ts"
import type { EventStream, StreamEvent } from "./event-stream.ts"

export interface UpdateFormat {
  readonly columns: readonly Column[]
  readonly numbers: "json" | "string"
  /** The id of a stream that has seen this epoch whole. */
  readonly token: (epoch: number) => string
}

/** Sends until the reader has gone or the platform stops. */
export async function pumpUpdates(
  stream: EventStream,
  subscription: Subscription,
  format: UpdateFormat,
): Promise<void> {
  stream.onClose(() => subscription[Symbol.dispose]())
  while (!stream.closed) {
    const update = await subscription.next()
    if (update === null) break
    for (const event of updateEvents(update, format)) {
      if (!(await stream.send(event))) return
    }
  }
  stream.close()
}

export function* updateEvents(update: ViewUpdate, format: UpdateFormat): Generator<StreamEvent> {
  if (update.kind === "changes") {
    const id = format.token(update.epoch)
    yield { name: "changes", id, data: changesText(update, format) }
    return
  }
  const { rows, epoch } = update
  const head = `{"epoch":${epoch},"watermark":${instantText(update.watermarkUs)},"rows":`
  for (let from = 0; from === 0 || from < rows.length; from += SNAPSHOT_ROWS_PER_EVENT) {
    const to = Math.min(rows.length, from + SNAPSHOT_ROWS_PER_EVENT)
    const last = update.last && to === rows.length
    const data = `${head}${rowsText(rows, from, to, format)},"last":${last}}`
    yield { name: "snapshot", id: last ? format.token(epoch) : null, data }
  }
}

type Changes = Extract<ViewUpdate, { kind: "changes" }>

const texts: Readonly<Record<UpdateFormat["numbers"], WeakMap<Changes, string>>> = {
  json: new WeakMap(),
  string: new WeakMap(),
}

function changesText(update: Changes, format: UpdateFormat): string {
  const known = texts[format.numbers].get(update)
  if (known !== undefined) return known
  const { changes, epoch, watermarkUs } = update
  const items: string[] = []
  const write = jsonRowWriter(format.columns, changes, format.numbers)
  for (let row = 0; row < changes.length; row++) {
    items.push(`{"weight":${changes.weights?.[row] ?? 1},"row":${write(row)}}`)
  }
  const data = `{"epoch":${epoch},"watermark":${instantText(watermarkUs)},"changes":[${items.join(",")}]}`
  texts[format.numbers].set(update, data)
  return data
}

function rowsText(batch: Batch, from: number, to: number, { columns, numbers }: UpdateFormat): string {
  return writeRowsAsJson(columns, batch, { from, to, numbers })
}
