/**
 * What every view, table and verdict of the kill project must be, in plain JavaScript from the records' own
 * bytes: neither decoder nor engine takes part. Which rows are late depends on how far the watermark was, so
 * those are given; that each may be late is checked.
 */
import type { HistoryRecord } from "./history.ts"
import { EVENTS, type EventName, numberOf, type Reading, ROWS_PER_POST, rowText, type Tick } from "./rows.ts"

/** Rows as JSON text by view. */
export type Views = ReadonlyMap<string, ReadonlySet<string>>

/** One partition of an event's table: rows without duplicates. */
export interface PartitionSums {
  readonly partition: number
  rows: number
  /** Of `v` or `n`. */
  total: number
}

export interface Recomputed {
  readonly views: Views
  readonly verdicts: ReadonlyMap<string, Readonly<Record<string, number>>>
  readonly tables: ReadonlyMap<EventName, readonly PartitionSums[]>
  /** Rows of ticks by post. */
  readonly posts: Readonly<Record<EventName, ReadonlyMap<number, number>>>
}

interface Sums {
  n: number
  total: number
  first: number
  last: number
}

const WINDOW_MS = 10_000
const OUT_OF_ORDERNESS_MS = 60_000

export class Recomputation {
  readonly #late: ReadonlySet<string>
  readonly #groups = {
    posts: new Map<number, Sums>(),
    per_key: new Map<number, Sums>(),
    per_second: new Map<string, Sums>(),
    per_device: new Map<string, Sums>(),
    ratios: new Map<string, Sums>(),
    per_window: new Map<string, Sums>(),
  }
  readonly #high = new Set<string>()
  readonly #seen = new Set<number>()
  readonly #newestMs = new Map<number, number>()
  readonly #counts = { tick: 0, reading: 0, duplicate: 0, failed: 0, late: 0, high: 0 }
  readonly #tables = new Map<EventName, Map<number, PartitionSums>>()

  /** `late` has "partition/offset" of each late reading. */
  constructor(late: ReadonlySet<string>) {
    this.#late = late
    for (const event of EVENTS) this.#tables.set(event, new Map())
  }

  take(record: HistoryRecord): void {
    const { topic, partition, offset, value } = record
    if (topic !== "tick" && topic !== "reading") return
    const row = JSON.parse(value.toString("utf8"))
    const number = numberOf(topic, row)
    if (value.toString("utf8") !== rowText(topic, number))
      throw new Error(`${topic}/${partition}/${offset} has bytes that nobody sent: ${value}`)
    this.#counts[topic]++
    if (topic === "reading" && this.#seen.has(number)) {
      this.#counts.duplicate++
      return
    }
    this.#sum(topic, record, topic === "tick" ? row.v : row.n)
    if (topic === "tick") this.#takeTick(row)
    else this.#takeReading(row, number, record)
  }

  #takeTick({ id, at, k, v }: Tick): void {
    add(this.#groups.posts, Math.floor(id / ROWS_PER_POST), v, id)
    add(this.#groups.per_key, k, v, id)
    add(this.#groups.per_second, `${at.slice(0, 19)}Z`, v, id)
  }

  #takeReading(row: Reading, number: number, { partition, offset }: HistoryRecord): void {
    this.#seen.add(number)
    const { id, device, n, d } = row
    add(this.#groups.per_device, device, n)
    if (n >= 990) this.#high.add(JSON.stringify({ id, n: String(n) }))
    if (d === 0) this.#counts.failed++
    else add(this.#groups.ratios, device, Math.trunc(n / d))
    const atMs = Date.parse(row.at)
    const startMs = atMs - (atMs % WINDOW_MS)
    const newestMs = this.#newestMs.get(partition) ?? Number.NEGATIVE_INFINITY
    if (this.#late.has(`${partition}/${offset}`)) {
      this.#counts.late++
      if (startMs + WINDOW_MS > newestMs - OUT_OF_ORDERNESS_MS)
        throw new Error(
          `reading/${partition}/${offset} was called late, and its window can not be closed yet`,
        )
    } else {
      add(this.#groups.per_window, new Date(startMs).toISOString().replace(".000", ""), n)
    }
    this.#newestMs.set(partition, Math.max(newestMs, atMs))
  }

  #sum(event: EventName, { partition }: HistoryRecord, amount: number): void {
    const partitions = this.#tables.get(event)!
    const sums = partitions.get(partition) ?? { partition, rows: 0, total: 0 }
    partitions.set(partition, sums)
    sums.rows++
    sums.total += amount
  }

  result(): Recomputed {
    if (this.#counts.late !== this.#late.size)
      throw new Error(`of ${this.#late.size} late rows ${this.#counts.late} are rows that count`)
    const { posts, per_key, per_second, per_device, ratios, per_window } = this.#groups
    const views = new Map<string, ReadonlySet<string>>([
      ["posts", texts(posts, (post, sums) => ({ post: String(post), ...counted(sums) }))],
      [
        "per_key",
        texts(per_key, (k, sums) => {
          return { k, ...counted(sums), first: String(sums.first), last: String(sums.last) }
        }),
      ],
      ["per_second", texts(per_second, (second, sums) => ({ window_start: second, ...counted(sums) }))],
      ["over_posts", new Set([JSON.stringify(overPosts(posts))])],
      ["per_device", texts(per_device, (device, sums) => ({ device, ...counted(sums) }))],
      ["high", this.#high],
      ["ratios", texts(ratios, (device, sums) => ({ device, ...counted(sums) }))],
      ["per_window", texts(per_window, (start, sums) => ({ window_start: start, ...counted(sums) }))],
    ])
    return {
      views,
      verdicts: this.#verdicts(),
      tables: new Map([...this.#tables].map(([name, sums]) => [name, sortedSums(sums)])),
      posts: { tick: rowsOfPosts(posts), reading: readingPosts(this.#seen) },
    }
  }

  #verdicts(): Map<string, Readonly<Record<string, number>>> {
    const { tick, reading, duplicate, failed, late } = this.#counts
    const verdicts = (rows: number, left: Readonly<Partial<Record<string, number>>>) => {
      const all = { filtered: 0, late: 0, failed: 0, duplicate: 0, ...left }
      return { applied: rows - Object.values(all).reduce((sum, count) => sum + count, 0), ...all }
    }
    return new Map([
      ...["posts", "per_key", "per_second", "over_posts"].map((view) => [view, verdicts(tick, {})] as const),
      ["per_device", verdicts(reading, { duplicate })],
      ["high", verdicts(reading, { duplicate, filtered: reading - duplicate - this.#high.size })],
      ["ratios", verdicts(reading, { duplicate, failed })],
      ["per_window", verdicts(reading, { duplicate, late })],
    ])
  }
}

function overPosts(posts: ReadonlyMap<number, Sums>) {
  const counts = [...posts.values()].map(({ n }) => n)
  return {
    posts: String(counts.length),
    rows: counts.length === 0 ? null : String(counts.reduce((sum, n) => sum + n, 0)),
    largest: String(counts.reduce((largest, n) => Math.max(largest, n), 0)),
  }
}

function rowsOfPosts(posts: ReadonlyMap<number, Sums>): Map<number, number> {
  return new Map([...posts].map(([post, { n }]) => [post, n]))
}

/** Distinct readings by post. */
function readingPosts(seen: ReadonlySet<number>): Map<number, number> {
  const posts = new Map<number, number>()
  for (const number of seen) {
    const post = Math.floor(number / ROWS_PER_POST)
    posts.set(post, (posts.get(post) ?? 0) + 1)
  }
  return posts
}

function sortedSums(sums: ReadonlyMap<number, PartitionSums>): PartitionSums[] {
  return [...sums.values()].sort((a, b) => a.partition - b.partition)
}

function add<Key>(groups: Map<Key, Sums>, key: Key, amount: number, id = 0): void {
  const sums = groups.get(key)
  if (sums === undefined) {
    groups.set(key, { n: 1, total: amount, first: id, last: id })
    return
  }
  sums.n++
  sums.total += amount
  sums.first = Math.min(sums.first, id)
  sums.last = Math.max(sums.last, id)
}

function counted({ n, total }: Sums): { n: string; total: string } {
  return { n: String(n), total: String(total) }
}

function texts<Key>(groups: Map<Key, Sums>, row: (key: Key, sums: Sums) => object): ReadonlySet<string> {
  return new Set([...groups].map(([key, sums]) => JSON.stringify(row(key, sums))))
}
