/**
 * What each Nexmark query comes to over all events at once, computed by hand: loops and Maps over plain
 * objects, in the text that rows are compared in. Nothing here knows the engine or SQL.
 */
import type { Auction, Bid, Person } from "./generator.ts"

export interface NexmarkInput {
  readonly people: readonly Person[]
  readonly auctions: readonly Auction[]
  readonly bids: readonly Bid[]
}

/** A cell as test/kit/canonical.ts has it: numbers for averages, text for all else. */
type Cell = string | number | null
type Answer = (input: NexmarkInput) => Cell[][]

/** Rows of the side input of q13. */
export const SIDE_INPUT_KEYS = 10_000

export const ANSWERS: Readonly<Record<string, Answer>> = {
  q0: ({ bids }) => bids.map((b) => [...ints(b.auction, b.bidder, b.price), us(b.timeMs), b.extra]),
  q1: ({ bids }) =>
    bids.map((b) => [...ints(b.auction, b.bidder), thousandths(b.price * 908), us(b.timeMs), b.extra]),
  q2: ({ bids }) => bids.filter((b) => b.auction % 123 === 0).map((b) => ints(b.auction, b.price)),
  q3: ({ people, auctions }) => {
    const local = by(
      people.filter(({ state }) => ["OR", "ID", "CA"].includes(state)),
      ({ id }) => id,
    )
    return auctions
      .filter(({ category }) => category === 10)
      .flatMap((a) => (local.get(a.seller) ?? []).map((p) => [p.name, p.city, p.state, String(a.id)]))
  },
  q4: (input) => {
    const finals = new Map<string, { category: number; price: number }>()
    for (const { auction, bid } of winning(input)) {
      const known = finals.get(String(auction.id))
      if (known === undefined || bid.price > known.price) {
        finals.set(String(auction.id), { category: auction.category, price: bid.price })
      }
    }
    return [...by([...finals.values()], ({ category }) => category)].map(([category, all]) => {
      return [String(category), mean(all.map(({ price }) => price))]
    })
  },
  q5: ({ bids }) => {
    const counts = new Map<number, Map<number, number>>()
    for (const { auction, timeMs } of bids) {
      for (const end of hopEnds(timeMs, 2_000, 10_000)) {
        const window = counts.get(end) ?? new Map<number, number>()
        window.set(auction, (window.get(auction) ?? 0) + 1)
        counts.set(end, window)
      }
    }
    return [...counts].flatMap(([end, window]) => {
      const most = Math.max(...window.values())
      return [...window].filter(([, n]) => n === most).map(([auction, n]) => [...ints(auction, n), us(end)])
    })
  },
  q6: (input) => {
    const rows = best(input).map(({ auction, bid }) => ({ ...auction, price: bid.price, at: bid.timeMs }))
    return [...by(rows, ({ seller }) => seller).values()].flatMap((sold) => {
      const order = sold.toSorted((a, b) => a.at - b.at || a.id - b.id)
      return order.map((row, k) => {
        const last = order.slice(Math.max(0, k - 10), k + 1).map(({ price }) => price)
        return [...ints(row.seller, row.id), mean(last)]
      })
    })
  },
  q7: ({ bids }) => {
    const most = new Map<number, number>()
    for (const { timeMs, price } of bids) {
      const end = tumbleEnd(timeMs)
      most.set(end, Math.max(most.get(end) ?? 0, price))
    }
    // A bid at the very beginning of a window is within reach of the window before, too.
    return bids.flatMap((b) => {
      const ends = [tumbleEnd(b.timeMs), ...(b.timeMs % 10_000 === 0 ? [b.timeMs] : [])]
      return ends
        .filter((end) => most.get(end) === b.price)
        .map(() => [...ints(b.auction, b.price, b.bidder), us(b.timeMs), b.extra])
    })
  },
  q8: ({ people, auctions }) => {
    const sellers = new Set(auctions.map((a) => `${a.seller} ${tumbleEnd(a.timeMs)}`))
    const found = people.filter((p) => sellers.has(`${p.id} ${tumbleEnd(p.timeMs)}`))
    return found.map((p) => [String(p.id), p.name, us(tumbleEnd(p.timeMs) - 10_000)])
  },
  q9: (input) =>
    best(input).map(({ auction: a, bid: b }) => [
      String(a.id),
      a.item_name,
      a.description,
      ...ints(a.initial_bid, a.reserve),
      us(a.timeMs),
      us(a.expiresMs),
      ...ints(a.seller, a.category),
      a.extra,
      ...ints(b.auction, b.bidder, b.price),
      us(b.timeMs),
      b.extra,
    ]),
  q10: ({ bids }) =>
    bids.map((b) => {
      const at = new Date(b.timeMs).toISOString()
      const row = [...ints(b.auction, b.bidder, b.price), us(b.timeMs), b.extra]
      return [...row, at.slice(0, 10), at.slice(11, 16)]
    }),
  q11: ({ bids }) =>
    [...by(bids, ({ bidder }) => bidder)].flatMap(([bidder, all]) => {
      const sessions: { count: number; first: number; last: number }[] = []
      for (const { timeMs } of all.toSorted((a, b) => a.timeMs - b.timeMs)) {
        const open = sessions.at(-1)
        if (open !== undefined && timeMs - open.last <= 10_000) {
          open.count++
          open.last = timeMs
        } else sessions.push({ count: 1, first: timeMs, last: timeMs })
      }
      return sessions.map(({ count, first, last }) => [...ints(bidder, count), us(first), us(last + 10_000)])
    }),
  q12: ({ bids }) =>
    counted(bids, (b) => `${b.bidder} ${tumbleEnd(b.timeMs) - 10_000}`).map(([key, n]) => {
      const [bidder, start] = key.split(" ")
      return [bidder!, String(n), us(Number(start))]
    }),
  q13: ({ bids }) =>
    bids.map((b) => [
      ...ints(b.auction, b.bidder, b.price),
      us(b.timeMs),
      String(b.auction % SIDE_INPUT_KEYS),
    ]),
  q14: ({ bids }) =>
    bids
      .filter((b) => b.price * 908 > 1_000_000_000 && b.price * 908 < 50_000_000_000)
      .map((b) => {
        const hour = new Date(b.timeMs).getUTCHours()
        const kind = hour >= 8 && hour <= 18 ? "dayTime" : hour <= 6 || hour >= 20 ? "nightTime" : "otherTime"
        const letters = b.extra.split("c").length - 1
        const row = [...ints(b.auction, b.bidder), thousandths(b.price * 908), kind, us(b.timeMs)]
        return [...row, b.extra, String(letters)]
      }),
  q15: ({ bids }) =>
    [...by(bids, dayOf)].map(([day, all]) => [
      day,
      ...counts(all),
      ...distinct(all, (b) => b.bidder),
      ...distinct(all, (b) => b.auction),
    ]),
  q16: ({ bids }) =>
    [...by(bids, (b) => `${b.channel} ${dayOf(b)}`)].map(([key, all]) => {
      const [channel, day] = key.split(" ")
      const minutes = all.map((b) => new Date(b.timeMs).toISOString().slice(11, 16))
      const latest = minutes.reduce((a, b) => (a > b ? a : b))
      const people = distinct(all, (b) => b.bidder)
      return [channel!, day!, latest, ...counts(all), ...people, ...distinct(all, (b) => b.auction)]
    }),
  q17: ({ bids }) =>
    [...by(bids, (b) => `${b.auction} ${dayOf(b)}`)].map(([key, all]) => {
      const [auction, day] = key.split(" ")
      const prices = all.map(({ price }) => price)
      const [least, most] = prices.reduce(
        ([a, b], p) => [Math.min(a, p), Math.max(b, p)] as [number, number],
        [Number.POSITIVE_INFINITY, 0] as [number, number],
      )
      const sum = prices.reduce((a, b) => a + b, 0)
      return [auction!, day!, ...counts(all), String(least), String(most), mean(prices), String(sum)]
    }),
  q18: ({ bids }) => {
    const newest = new Map(bids.map((b) => [`${b.bidder} ${b.auction}`, b]))
    return [...newest.values()].map((b) => [...whole(b)])
  },
  q19: ({ bids }) =>
    [...by(bids, ({ auction }) => auction).values()].flatMap((all) =>
      all
        .toSorted((a, b) => b.price - a.price || a.timeMs - b.timeMs)
        .slice(0, 10)
        .map((b, k) => [...whole(b), us(b.timeMs), String(k + 1)]),
    ),
  q20: ({ bids, auctions }) => {
    const wanted = new Map(auctions.filter(({ category }) => category === 10).map((a) => [a.id, a]))
    return bids.flatMap((b) => {
      const a = wanted.get(b.auction)
      if (a === undefined) return []
      const own = [
        a.item_name,
        a.description,
        ...ints(a.initial_bid, a.reserve),
        us(a.timeMs),
        us(a.expiresMs),
      ]
      return [[...whole(b), ...own, ...ints(a.seller, a.category), a.extra]]
    })
  },
  q21: ({ bids }) =>
    bids.flatMap((b) => {
      const known = ["apple", "google", "facebook", "baidu"].indexOf(b.channel.toLowerCase())
      const id = known >= 0 ? String(known) : (/channel_id=([^&]*)/.exec(b.url)?.[1] ?? "")
      return id === "" ? [] : [[...ints(b.auction, b.bidder, b.price), b.channel, id]]
    }),
  q22: ({ bids }) =>
    bids.map((b) => [...ints(b.auction, b.bidder, b.price), b.channel, ...b.url.split("/").slice(3, 6)]),
  q23: ({ bids, people, auctions }) => {
    const persons = by(people, ({ id }) => id)
    const sold = by(auctions, ({ seller }) => seller)
    return bids.flatMap((b) =>
      (persons.get(b.bidder) ?? []).flatMap((p) =>
        (sold.get(b.bidder) ?? []).map((a) => [...ints(b.auction, b.bidder, b.price), p.name, a.item_name]),
      ),
    )
  },
}

function winning({ auctions, bids }: NexmarkInput): { readonly auction: Auction; readonly bid: Bid }[] {
  const open = new Map(auctions.map((auction) => [auction.id, auction]))
  return bids.flatMap((bid) => {
    const auction = open.get(bid.auction)
    const isOpen = auction !== undefined && bid.timeMs >= auction.timeMs && bid.timeMs <= auction.expiresMs
    return isOpen ? [{ auction, bid }] : []
  })
}

/** The highest bid of each auction, the earlier one of two. */
function best(input: NexmarkInput): { readonly auction: Auction; readonly bid: Bid }[] {
  const found = new Map<number, { readonly auction: Auction; readonly bid: Bid }>()
  for (const pair of winning(input)) {
    const known = found.get(pair.auction.id)
    if (known === undefined || pair.bid.price > known.bid.price) found.set(pair.auction.id, pair)
  }
  return [...found.values()]
}

const whole = (b: Bid): Cell[] => [
  ...ints(b.auction, b.bidder, b.price),
  b.channel,
  b.url,
  us(b.timeMs),
  b.extra,
]

/** Four counts: all, and by rank of price. */
function counts(bids: readonly Bid[]): string[] {
  return ranked(bids).map((some) => String(some.length))
}

function distinct(bids: readonly Bid[], value: (bid: Bid) => number): string[] {
  return ranked(bids).map((some) => String(new Set(some.map(value)).size))
}

function ranked(bids: readonly Bid[]): (readonly Bid[])[] {
  const low = bids.filter(({ price }) => price < 10_000)
  const middle = bids.filter(({ price }) => price >= 10_000 && price < 1_000_000)
  return [bids, low, middle, bids.filter(({ price }) => price >= 1_000_000)]
}

const dayOf = ({ timeMs }: Bid): string => new Date(timeMs).toISOString().slice(0, 10)
const tumbleEnd = (timeMs: number): number => Math.floor(timeMs / 10_000) * 10_000 + 10_000
const ints = (...values: readonly number[]): string[] => values.map(String)
const us = (timeMs: number): string => String(timeMs * 1_000)
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

function hopEnds(timeMs: number, slideMs: number, sizeMs: number): number[] {
  const last = Math.floor(timeMs / slideMs) * slideMs
  return Array.from({ length: sizeMs / slideMs }, (_, k) => last - k * slideMs + sizeMs)
}

/** A whole number of thousandths as a decimal, without zeros at its end. */
function thousandths(value: number): string {
  const text = `${Math.floor(value / 1_000)}.${String(value % 1_000).padStart(3, "0")}`
  return text.replace(/\.?0+$/, "")
}

function by<T, K>(rows: readonly T[], key: (row: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const row of rows) {
    const group = groups.get(key(row))
    if (group === undefined) groups.set(key(row), [row])
    else group.push(row)
  }
  return groups
}

function counted<T>(rows: readonly T[], key: (row: T) => string): [string, number][] {
  return [...by(rows, key)].map(([name, all]) => [name, all.length])
}
