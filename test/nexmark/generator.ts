/**
 * The events of Nexmark by their numbers, by the rules of the public generator (nexmark/nexmark, after
 * Tucker, Tufte, Papadimos and Maier 2008), with two changes: randomness is seeded by the event's number, so
 * that any slice of the stream can be made again, and the first person's id is added once: bidders are
 * persons.
 *
 *   number % 50      0 person · 1..3 auction · 4..49 bid
 */
import { SeededRandom } from "../../src/std/random.ts"

export interface NexmarkOptions {
  /** Events per second of event time. */
  readonly tps: number
  /** Event time of event 0, in milliseconds. */
  readonly baseMs: number
}

export interface Person {
  readonly id: number
  readonly name: string
  readonly email_address: string
  readonly credit_card: string
  readonly city: string
  readonly state: string
  readonly timeMs: number
  readonly extra: string
}

export interface Auction {
  readonly id: number
  readonly item_name: string
  readonly description: string
  readonly initial_bid: number
  readonly reserve: number
  readonly timeMs: number
  readonly expiresMs: number
  readonly seller: number
  readonly category: number
  readonly extra: string
}

export interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly channel: string
  readonly url: string
  readonly timeMs: number
  readonly extra: string
}

export type NexmarkEvent =
  | { readonly kind: "person"; readonly row: Person }
  | { readonly kind: "auction"; readonly row: Auction }
  | { readonly kind: "bid"; readonly row: Bid }

const EPOCH_EVENTS = 50
const EPOCH_AUCTIONS = 3
const FIRST_ID = 1_000
const FIRST_CATEGORY = 10
const CATEGORIES = 5
/** The hundredth of each hundred is hot. */
const HOT_EVERY = 100
const ACTIVE_PEOPLE = 1_000
const AUCTIONS_IN_FLIGHT = 100
/** Ids that come before what they name. */
const LEAD = 10
const CHANNELS = 10_000

const FIRST_NAMES = [
  "Peter",
  "Paul",
  "Luke",
  "John",
  "Saul",
  "Vicky",
  "Kate",
  "Julie",
  "Sarah",
  "Deiter",
  "Walter",
]
const LAST_NAMES = ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"]
const CITIES = [
  "Phoenix",
  "Los Angeles",
  "San Francisco",
  "Boise",
  "Portland",
  "Bend",
  "Redmond",
  "Seattle",
  "Kent",
  "Cheyenne",
]
const STATES = ["AZ", "CA", "ID", "OR", "WA", "WY"]
const HOT_CHANNELS = ["Google", "Facebook", "Baidu", "Apple"]

/** Events [from, to). */
export function nexmarkEvents(from: number, to: number, options: NexmarkOptions): NexmarkEvent[] {
  return Array.from({ length: to - from }, (_, k) => nexmarkEvent(from + k, options))
}

export function nexmarkEvent(number: number, options: NexmarkOptions): NexmarkEvent {
  const place = number % EPOCH_EVENTS
  const random = new SeededRandom(number ^ 0x5eed)
  const timeMs = timeOf(number, options)
  if (place === 0) return { kind: "person", row: person(number, timeMs, random) }
  if (place <= EPOCH_AUCTIONS) return { kind: "auction", row: auction(number, timeMs, random, options) }
  return { kind: "bid", row: bid(number, timeMs, random) }
}

function timeOf(number: number, { tps, baseMs }: NexmarkOptions): number {
  return baseMs + Math.floor((number * 1_000) / tps)
}

function person(number: number, timeMs: number, random: SeededRandom): Person {
  const name = `${pick(random, FIRST_NAMES)} ${pick(random, LAST_NAMES)}`
  const email = `${word(random, 7)}@${word(random, 5)}.com`
  const card = Array.from({ length: 4 }, () => String(random.below(10_000)).padStart(4, "0")).join(" ")
  const city = pick(random, CITIES)
  const state = pick(random, STATES)
  const used = 8 + name.length + email.length + card.length + city.length + state.length
  return {
    id: FIRST_ID + lastPerson(number),
    name,
    email_address: email,
    credit_card: card,
    city,
    state,
    timeMs,
    extra: filler(random, 200 - used),
  }
}

function auction(number: number, timeMs: number, random: SeededRandom, options: NexmarkOptions): Auction {
  const people = lastPerson(number)
  const seller = random.below(4) > 0 ? hot(people) : somePerson(random, people)
  const initial = price(random)
  const itemName = word(random, 20)
  const description = word(random, 100)
  const flightEvents = Math.floor((AUCTIONS_IN_FLIGHT * EPOCH_EVENTS) / EPOCH_AUCTIONS)
  const horizonMs = timeOf(number + flightEvents, options) - timeMs
  return {
    id: FIRST_ID + lastAuction(number),
    item_name: itemName,
    description,
    initial_bid: initial,
    reserve: initial + price(random),
    timeMs,
    expiresMs: timeMs + 1 + random.below(Math.max(1, horizonMs * 2)),
    seller: FIRST_ID + seller,
    category: FIRST_CATEGORY + random.below(CATEGORIES),
    extra: filler(random, 500 - (8 + itemName.length + description.length + 40)),
  }
}

function bid(number: number, timeMs: number, random: SeededRandom): Bid {
  const [auctions, people] = [lastAuction(number), lastPerson(number)]
  const wanted = random.below(2) > 0 ? hot(auctions) : someAuction(random, auctions)
  const bidder = random.below(4) > 0 ? hot(people) + 1 : somePerson(random, people)
  const amount = price(random)
  const isHot = random.below(2) > 0
  const { channel, url } = channelOf(isHot ? CHANNELS + random.below(4) : random.below(CHANNELS))
  return {
    auction: FIRST_ID + wanted,
    bidder: FIRST_ID + bidder,
    price: amount,
    channel,
    url,
    timeMs,
    extra: filler(random, 68),
  }
}

/** The number of the newest person when this event happens. */
function lastPerson(number: number): number {
  return Math.floor(number / EPOCH_EVENTS)
}

function lastAuction(number: number): number {
  const epoch = Math.floor(number / EPOCH_EVENTS)
  const place = number % EPOCH_EVENTS
  if (place === 0) return epoch * EPOCH_AUCTIONS - 1
  return epoch * EPOCH_AUCTIONS + Math.min(place, EPOCH_AUCTIONS) - 1
}

const hot = (last: number): number => Math.floor(last / HOT_EVERY) * HOT_EVERY

function somePerson(random: SeededRandom, last: number): number {
  const active = Math.min(last + 1, ACTIVE_PEOPLE)
  return last + 1 - active + random.below(active + LEAD)
}

function someAuction(random: SeededRandom, last: number): number {
  const first = Math.max(0, last - AUCTIONS_IN_FLIGHT)
  return first + random.below(last - first + 1 + LEAD)
}

/** From 100 to 100,000,000, uniform in its logarithm. */
const price = (random: SeededRandom): number => Math.round(10 ** (6 * random.float()) * 100)

interface Channel {
  readonly channel: string
  readonly url: string
}

/** By number, the hot ones last; each made when it is first met. */
const channels: Channel[] = new Array(CHANNELS + HOT_CHANNELS.length)

function channelOf(k: number): Channel {
  channels[k] ??= k < CHANNELS ? coldChannel(k) : hotChannel(k)
  return channels[k]
}

const hotChannel = (k: number): Channel => ({
  channel: HOT_CHANNELS[k - CHANNELS]!,
  url: baseUrl(new SeededRandom(k)),
})

function coldChannel(k: number): Channel {
  const random = new SeededRandom(k)
  const url = baseUrl(random)
  const isNamed = random.below(10) > 0
  return { channel: `channel-${k}`, url: isNamed ? `${url}&channel_id=${Math.abs(reversed(k))}` : url }
}

function baseUrl(random: SeededRandom): string {
  const part = () => Array.from({ length: 3 + random.below(2) }, () => letter(random, "_")).join("")
  return `https://www.nexmark.com/${part()}/${part()}/${part()}/item.htm?query=1`
}

function reversed(value: number): number {
  let result = 0
  for (let bit = 0; bit < 32; bit++) result = (result << 1) | ((value >>> bit) & 1)
  return result
}

/** Between 3 and `limit` - 1 characters, blanks at the ends left out. */
function word(random: SeededRandom, limit: number): string {
  const length = 3 + random.below(limit - 3)
  let text = ""
  for (let k = 0; k < length; k++) text += letter(random, " ")
  return text.trim()
}

const letter = (random: SeededRandom, blank: string): string =>
  random.below(13) === 0 ? blank : String.fromCharCode(97 + random.below(26))

/** Letters whose number is within a fifth of `wanted`; cut from one long text, as making them costs more. */
function filler(random: SeededRandom, wanted: number): string {
  if (wanted <= 0) return ""
  const spread = Math.round(wanted * 0.2)
  const length = wanted - spread + random.below(2 * spread + 1)
  const start = random.below(LETTERS.length - length)
  return LETTERS.slice(start, start + length)
}

const LETTERS = (() => {
  const random = new SeededRandom(26)
  return Array.from({ length: 65_536 }, () => String.fromCharCode(97 + random.below(26))).join("")
})()

function pick<T>(random: SeededRandom, choices: readonly T[]): T {
  return choices[random.below(choices.length)]!
}
