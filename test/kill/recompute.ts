/**
 * The kill project's views in plain JavaScript, from the log's own bytes: neither decoder nor engine takes
 * part.
 */
import { openInlineLog } from "../../src/log/embedded/inline-log.ts"
import { readRecords } from "../../src/runners/embedded/history.ts"
import { NodeClock } from "../../src/std/node/clock.ts"
import { NodeDisk } from "../../src/std/node/disk.ts"
import { NodeRandom } from "../../src/std/node/random.ts"
import { NodeScheduler } from "../../src/std/node/scheduler.ts"

/** Rows per view as the API writes them, each as JSON text. */
export interface Recomputed {
  readonly posts: ReadonlySet<string>
  readonly perKey: ReadonlySet<string>
  readonly perSecond: ReadonlySet<string>
  readonly overPosts: ReadonlySet<string>
}

interface Sums {
  n: number
  total: bigint
  first: number
  last: number
}

export async function recompute(directory: string, rowsPerPost: number): Promise<Recomputed> {
  const posts = new Map<number, Sums>()
  const perKey = new Map<number, Sums>()
  const perSecond = new Map<string, Sums>()
  for await (const { id, at, k, v } of ticks(directory)) {
    add(posts, Math.floor(id / rowsPerPost), id, v)
    add(perKey, k, id, v)
    add(perSecond, `${at.slice(0, 19)}Z`, id, v)
  }
  const rows = [...posts.values()]
  const most = rows.reduce((largest, { n }) => Math.max(largest, n), 0)
  const all = rows.reduce((total, { n }) => total + n, 0)
  const overPosts = {
    posts: String(rows.length),
    rows: rows.length === 0 ? null : String(all),
    largest: String(most),
  }
  return {
    posts: texts(posts, (post, { n, total }) => ({ post: String(post), n: String(n), total: String(total) })),
    perKey: texts(perKey, (k, { n, total, first, last }) => {
      return { k, n: String(n), total: String(total), first: String(first), last: String(last) }
    }),
    perSecond: texts(perSecond, (second, { n, total }) => {
      return { window_start: second, n: String(n), total: String(total) }
    }),
    overPosts: new Set([JSON.stringify(overPosts)]),
  }
}

async function* ticks(directory: string): AsyncGenerator<{ id: number; at: string; k: number; v: number }> {
  await using log = openInlineLog({
    directory,
    disk: new NodeDisk(),
    clock: new NodeClock(),
    scheduler: new NodeScheduler(),
    random: new NodeRandom(),
  })
  const { begin, durableEnd } = await log.range("tick", 0)
  let offset = begin
  while (offset < durableEnd) {
    const read = await log.read({ topic: "tick", partition: 0, offset, maxBytes: 8 * 1024 * 1024 })
    for (const { value } of readRecords(read.batches)) {
      if (value !== null) yield JSON.parse(Buffer.from(value).toString("utf8"))
    }
    offset = read.nextOffset
  }
}

function add<Key>(groups: Map<Key, Sums>, key: Key, id: number, v: number): void {
  const sums = groups.get(key)
  if (sums === undefined) {
    groups.set(key, { n: 1, total: BigInt(v), first: id, last: id })
    return
  }
  sums.n++
  sums.total += BigInt(v)
  sums.first = Math.min(sums.first, id)
  sums.last = Math.max(sums.last, id)
}

function texts<Key>(groups: Map<Key, Sums>, row: (key: Key, sums: Sums) => object): ReadonlySet<string> {
  return new Set([...groups].map(([key, sums]) => JSON.stringify(row(key, sums))))
}
