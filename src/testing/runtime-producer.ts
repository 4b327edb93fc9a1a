/**
 * The producers of the simulated runtime: random bodies with good, bad, late, early and repeated rows, and
 * the book of what was answered. The book is kept outside of the machine that crashes.
 */
import { decodeReceipts } from "../runners/embedded/receipt.ts"
import type { IngestAnswer } from "../runners/runtime.ts"
import type { Random } from "../std/random.ts"
import { isReplayed, type LoggedRow, type LoggedRows, timeText } from "./logged-rows.ts"
import { type SimEvent, UNLUCKY_AMOUNT } from "./runtime-project.ts"

export interface Post {
  readonly number: number
  readonly event: SimEvent
  /** Rows name their event themselves. */
  readonly isMixed: boolean
  readonly body: Uint8Array
  readonly lines: readonly string[]
  readonly received: number
  /** Ids of the good rows, in order, and each one's text. */
  readonly good: readonly { readonly id: bigint; readonly text: string }[]
  answer: IngestAnswer | null
}

const MOST_ROWS = 12
const HALF_SECOND_US = 500_000n

export class RuntimeProducer {
  readonly posts: Post[] = []
  /** Rows that were said to be kept as dead letters, by their id. */
  readonly letters = new Map<number, string>()
  readonly #random: Random
  readonly #broken: (law: string) => never
  #nextId = 1

  constructor(random: Random, broken: (law: string) => never) {
    this.#random = random
    this.#broken = broken
  }

  /** A new post, or one that was never answered once more. */
  next(nowMs: number): Post {
    const unanswered = this.posts.slice(-6).filter(({ event, answer }) => event === "sale" && answer === null)
    const again = this.#random.below(4) === 0 ? unanswered[0] : undefined
    return again === undefined ? this.#newPost(nowMs) : this.#enter(again)
  }

  #enter({ event, isMixed, body, lines, received, good }: Omit<Post, "number" | "answer">): Post {
    const post: Post = {
      number: this.posts.length,
      event,
      isMixed,
      body,
      lines,
      received,
      good,
      answer: null,
    }
    this.posts.push(post)
    return post
  }

  #newPost(nowMs: number): Post {
    const event = this.#random.below(2) === 0 ? "sale" : "visit"
    const isMixed = this.#random.below(6) === 0
    const lines: string[] = []
    const good: { id: bigint; text: string }[] = []
    const count = 1 + this.#random.below(MOST_ROWS)
    for (let row = 0; row < count; row++) {
      if (this.#random.below(10) === 0) {
        lines.push(this.#badRow(event))
        continue
      }
      const again = event === "sale" && this.#random.below(6) === 0 ? this.#earlierSale() : null
      const id = again?.id ?? BigInt(this.#nextId++)
      const text = again?.text ?? this.#goodRow(event, id, nowMs)
      good.push({ id, text })
      lines.push(text)
    }
    return this.#enter({ event, isMixed, body: Buffer.from(lines.join("\n")), lines, received: count, good })
  }

  /** A post that was answered is compared at once with what it must be. */
  answered(post: Post, answer: IngestAnswer): void {
    const { received, accepted, duplicates, rejectedCount, receipt } = answer
    const wrong = (why: string) => this.#broken(`post ${post.number} of ${post.received} rows: ${why}`)
    if (received !== post.received) wrong(`${received} were received`)
    const bad = post.received - post.good.length
    const kept = answer.deadLetteredCount
    if (rejectedCount + kept !== bad) wrong(`${rejectedCount} were rejected, ${kept} kept`)
    if (post.event === "sale" && kept > 0) wrong("a sale that does not fit is refused, not kept")
    if (post.event === "visit" && !post.isMixed && rejectedCount > 0) wrong("a visit is kept, not refused")
    for (const { id, index } of answer.deadLettered) this.letters.set(Number(id), post.lines[index]!)
    if (accepted + duplicates !== post.good.length) wrong(`${accepted} accepted, ${duplicates} duplicates`)
    if (post.event === "visit" && duplicates > 0) wrong("a visit has no duplicates")
    if ((receipt === null) !== (post.good.length === 0)) wrong(`its receipt is ${receipt}`)
    post.answer = answer
  }

  /** Every acknowledged row is in the log once, every other one at most once. */
  compareWith(rows: LoggedRows): void {
    for (const event of ["sale", "visit"] as const) {
      const own = rows.all(event).filter((row) => !isReplayed(row))
      this.#compareEvent(event, own)
    }
    for (const post of this.posts) if (post.answer !== null) this.#compareReceipt(post, rows)
  }

  /** The places of a post's rows that its receipt names. */
  placesOf({
    event,
    answer,
  }: Post): readonly { event: SimEvent; partition: number; from: number; to: number }[] {
    if (answer === null || answer.receipt === null) return []
    return decodeReceipts(answer.receipt).flatMap(({ ranges }) =>
      ranges.map(({ partition, first, last }) => ({ event, partition, from: first, to: last + 1 })),
    )
  }

  #compareEvent(event: SimEvent, rows: readonly LoggedRow[]): void {
    const logged = new Map<bigint, LoggedRow[]>()
    for (const row of rows) logged.set(row.id, [...(logged.get(row.id) ?? []), row])
    const sent = new Map<bigint, { text: string; copies: number; isSafe: boolean }>()
    let [safe, unsure] = [0, 0]
    for (const post of this.posts) {
      if (post.event !== event) continue
      if (post.answer === null) unsure += post.good.length
      else safe += post.answer.accepted
      for (const { id, text } of post.good) {
        const known = sent.get(id) ?? { text, copies: 0, isSafe: false }
        sent.set(id, { text, copies: known.copies + 1, isSafe: known.isSafe || post.answer !== null })
      }
    }
    for (const [id, { copies, isSafe }] of sent) {
      const found = logged.get(id)?.length ?? 0
      if (isSafe && found === 0) this.#broken(`${event} ${id} was acknowledged and is not in the log`)
      if (found > copies)
        this.#broken(`${event} ${id} was sent ${copies} times and is ${found} times in the log`)
    }
    for (const { id, text, offset } of rows) {
      if (sent.get(id)?.text !== text) this.#broken(`${event}@${offset} was never sent: ${text}`)
    }
    if (rows.length < safe || rows.length > safe + unsure) {
      this.#broken(`${event} has ${rows.length} rows; ${safe} were accepted, ${unsure} never answered`)
    }
  }

  #compareReceipt(post: Post, rows: LoggedRows): void {
    const places = this.placesOf(post)
    const ids = places.flatMap(({ event, partition, from, to }) =>
      rows.between(event, partition, from, to).map(({ id }) => id),
    )
    const found = new Set(ids)
    const missing = post.good.find(({ id }) => !found.has(id))
    if (missing !== undefined)
      this.#broken(`the receipt of post ${post.number} does not lead to ${missing.id}`)
    const rowsOfPost = new Set(post.good.map(({ id }) => id)).size
    if (ids.length !== rowsOfPost) {
      this.#broken(`the receipt of post ${post.number} names ${ids.length} rows, not ${rowsOfPost}`)
    }
  }

  #earlierSale(): { id: bigint; text: string } | null {
    const sales = this.posts.filter(({ event, good }) => event === "sale" && good.length > 0).slice(-8)
    const post = sales[this.#random.below(Math.max(1, sales.length))]
    return post === undefined ? null : post.good[this.#random.below(post.good.length)]!
  }

  #goodRow(event: SimEvent, id: bigint, nowMs: number): string {
    const at = timeText(this.#eventTime(nowMs))
    if (event === "sale") {
      const amount = this.#random.below(10) === 0 ? UNLUCKY_AMOUNT : this.#random.below(200) - 20
      const shop =
        this.#random.below(20) === 0 ? `shop-${this.#random.below(500)}` : "abcde"[this.#random.below(5)]
      return `{"id": ${id}, "event_type": "sale", "at": "${at}", "shop": "${shop}", "amount": ${amount}}`
    }
    const visitor = `u${this.#random.below(9)}`
    const pages = this.#random.below(10)
    return `{"event_type":"visit","id":"${id}","at":"${at}","visitor":"${visitor}","pages":${pages}}`
  }

  /** Around now, some far behind, some ahead; often right on a window's bound or a microsecond beside it. */
  #eventTime(nowMs: number): bigint {
    const spreadMs = this.#random.below(12) === 0 ? 15_000 : 3_500
    const us = BigInt(nowMs - this.#random.below(spreadMs) + this.#random.below(1_500)) * 1000n
    if (this.#random.below(2) === 0) return us + BigInt(this.#random.below(1000))
    return us - (us % HALF_SECOND_US) + BigInt(this.#random.below(3) - 1)
  }

  #badRow(event: SimEvent): string {
    const other = event === "sale" ? `"shop": "a", "amount": 1` : `"visitor": "u1", "pages": 1`
    const bad = [
      "{",
      "[1]",
      `{"at": "2024-01-01T00:00:00Z", ${other}}`,
      `{"id": 1, "at": "yesterday", ${other}}`,
      `{"id": 1.5, "at": "2024-01-01T00:00:00Z", ${other}}`,
      `{"id": 1, "at": "2024-01-01T00:00:00Z"}`,
    ]
    return bad[this.#random.below(bad.length)]!
  }
}
