/**
 * Some of the queries as a developer would write them for this one purpose: JSON.parse, Maps of objects, an
 * answer passed on as soon as it is known. What a query may leave out because of how the events are made
 * (ids that never come twice, times in order) it leaves out.
 */
import { assert } from "../../src/std/assert.ts"
import type { Kind, Posts } from "./posts.ts"

/** A row of the answer, its columns in the order of the query. Times are ISO texts or milliseconds. */
export type Emit = (row: readonly (string | number)[]) => void

export interface ByHand {
  /** Columns that a later row replaces an earlier one by; null: each row is one more. */
  readonly key: readonly number[] | null
  /** Answers that change are passed on once for each call. */
  take(posts: Posts, emit: Emit): void
  /** No more events come. */
  end?(emit: Emit): void
}

interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly channel: string
  readonly url: string
  readonly date_time: string
  readonly extra: string
}

interface Auction {
  readonly id: number
  readonly item_name: string
  readonly description: string
  readonly initial_bid: number
  readonly reserve: number
  readonly date_time: string
  readonly expires: string
  readonly seller: number
  readonly category: number
  readonly extra: string
}

interface Parsed {
  readonly person: readonly object[]
  readonly auction: readonly Auction[]
  readonly bid: readonly Bid[]
}

export const BY_HAND: Readonly<Record<string, () => ByHand>> = {
  q0: () => ({
    key: null,
    take(posts, emit) {
      for (const b of parse(posts).bid) emit([b.auction, b.bidder, b.price, b.date_time, b.extra])
    },
  }),
  q2: () => ({
    key: null,
    take(posts, emit) {
      for (const { auction, price } of parse(posts).bid) if (auction % 123 === 0) emit([auction, price])
    },
  }),
  q5: hotItems,
  q12: countPerBidder,
  q17: statistics,
  q18: lastBids,
  q20: expandedBids,
}

/** Every line, whether the query reads its kind or not: a door has to look at all that it is sent. */
function parse(posts: Posts): Parsed {
  const rowsOf = (kind: Kind) =>
    posts[kind].flatMap((body) => {
      return decoder
        .decode(body)
        .split("\n")
        .map((line) => JSON.parse(line) as object)
    })
  return {
    person: rowsOf("person"),
    auction: rowsOf("auction") as Auction[],
    bid: rowsOf("bid") as Bid[],
  }
}

const decoder = new TextDecoder()
const WINDOW_MS = 10_000
const SLIDE_MS = 2_000

/** Counts per slide, added up when a window closes. */
function hotItems(): ByHand {
  const slides = new Map<number, Map<number, number>>()
  let closedMs = Number.NaN
  const close = (endMs: number, emit: Emit): void => {
    const counts = new Map<number, number>()
    for (let at = endMs - WINDOW_MS; at < endMs; at += SLIDE_MS) {
      for (const [auction, n] of slides.get(at) ?? []) counts.set(auction, (counts.get(auction) ?? 0) + n)
    }
    slides.delete(endMs - WINDOW_MS)
    let most = 0
    for (const n of counts.values()) if (n > most) most = n
    for (const [auction, n] of counts) if (n === most) emit([auction, n, endMs])
  }
  return {
    key: null,
    take(posts, emit) {
      for (const { auction, date_time } of parse(posts).bid) {
        const slide = Math.floor(Date.parse(date_time) / SLIDE_MS) * SLIDE_MS
        if (Number.isNaN(closedMs)) closedMs = slide
        while (closedMs + SLIDE_MS <= slide) {
          closedMs += SLIDE_MS
          close(closedMs, emit)
        }
        const counts = slides.get(slide) ?? new Map<number, number>()
        slides.set(slide, counts)
        counts.set(auction, (counts.get(auction) ?? 0) + 1)
      }
    },
    end(emit) {
      for (let k = 0; k < WINDOW_MS / SLIDE_MS; k++) {
        closedMs += SLIDE_MS
        close(closedMs, emit)
      }
    },
  }
}

/** A row per bidder and ten seconds. */
function countPerBidder(): ByHand {
  const counts = new Map<string, { readonly bidder: number; bids: number; readonly startMs: number }>()
  return {
    key: [0, 2],
    take(posts, emit) {
      const changed = new Set<{ readonly bidder: number; readonly bids: number; readonly startMs: number }>()
      for (const { bidder, date_time } of parse(posts).bid) {
        const startMs = Math.floor(Date.parse(date_time) / WINDOW_MS) * WINDOW_MS
        const key = `${bidder}/${startMs}`
        const count = counts.get(key) ?? { bidder, bids: 0, startMs }
        counts.set(key, count)
        count.bids++
        changed.add(count)
      }
      for (const { bidder, bids, startMs } of changed) emit([bidder, bids, startMs])
    },
  }
}

interface Statistics {
  readonly auction: number
  readonly day: string
  bids: number
  readonly ranks: [number, number, number]
  least: number
  most: number
  sum: number
}

function statistics(): ByHand {
  const all = new Map<string, Statistics>()
  return {
    key: [0, 1],
    take(posts, emit) {
      const changed = new Set<Statistics>()
      for (const { auction, price, date_time } of parse(posts).bid) {
        const day = date_time.slice(0, 10)
        const key = `${auction}/${day}`
        let found = all.get(key)
        if (found === undefined) {
          found = { auction, day, bids: 0, ranks: [0, 0, 0], least: price, most: price, sum: 0 }
          all.set(key, found)
        }
        found.bids++
        found.ranks[price < 10_000 ? 0 : price < 1_000_000 ? 1 : 2]++
        found.least = Math.min(found.least, price)
        found.most = Math.max(found.most, price)
        found.sum += price
        changed.add(found)
      }
      for (const { auction, day, bids, ranks, least, most, sum } of changed) {
        emit([auction, day, bids, ...ranks, least, most, sum / bids, sum])
      }
    },
  }
}

function lastBids(): ByHand {
  const last = new Map<string, Bid>()
  return {
    key: [0, 1],
    take(posts, emit) {
      const changed = new Map<string, Bid>()
      for (const bid of parse(posts).bid) {
        const key = `${bid.bidder}/${bid.auction}`
        const known = last.get(key)
        if (known !== undefined && known.date_time >= bid.date_time) continue
        last.set(key, bid)
        changed.set(key, bid)
      }
      for (const bid of changed.values()) emit(wholeBid(bid))
    },
  }
}

/** Bids wait for auctions that have not come, and need not be kept once theirs has: it comes once. */
function expandedBids(): ByHand {
  const auctions = new Map<number, Auction | null>()
  const waiting = new Map<number, Bid[]>()
  return {
    key: null,
    take(posts, emit) {
      const { auction: begun, bid: bids } = parse(posts)
      for (const auction of begun) {
        assert(!auctions.has(auction.id), "an auction begins once")
        const wanted = auction.category === 10 ? auction : null
        auctions.set(auction.id, wanted)
        for (const bid of waiting.get(auction.id) ?? []) if (wanted !== null) emit(expanded(bid, wanted))
        waiting.delete(auction.id)
      }
      for (const bid of bids) {
        const auction = auctions.get(bid.auction)
        if (auction === undefined) {
          const others = waiting.get(bid.auction)
          if (others === undefined) waiting.set(bid.auction, [bid])
          else others.push(bid)
        } else if (auction !== null) emit(expanded(bid, auction))
      }
    },
  }
}

const wholeBid = (b: Bid) => [b.auction, b.bidder, b.price, b.channel, b.url, b.date_time, b.extra]

const expanded = (b: Bid, a: Auction) => [
  ...wholeBid(b),
  a.item_name,
  a.description,
  a.initial_bid,
  a.reserve,
  a.date_time,
  a.expires,
  a.seller,
  a.category,
  a.extra,
]
