/**
 * NDJSON bodies of bids. Each row is 212 bytes with its line break and has an id of its own at a known place.
 */

export const ROW_BYTES = 212
export const ID_DIGITS = 12
const ID_START = '{"id":"'.length

/** `rows` bids; `seed` tells bodies apart. */
export function bidBody(rows: number, seed: number): Buffer {
  const lines = Array.from({ length: rows }, (_, row) => bidLine(seed * rows + row))
  return Buffer.from(lines.join(""))
}

function bidLine(n: number): string {
  const bid = {
    id: String(n).padStart(ID_DIGITS, "0"),
    auction: 1_000 + ((n * 7_919) % 90_000),
    bidder: 1_000 + ((n * 104_729) % 90_000),
    price: 100 + ((n * 1_299_709) % 9_000_000),
    channel: ["Google", "Facebook", "Baidu", "Apple"][n % 4],
    url: `https://www.nexmark.com/qyl/item.htm?query=1&channel_id=${n % 10_000}`,
    date_time: new Date(1_700_000_000_000 + n).toISOString(),
  }
  const text = JSON.stringify({ ...bid, extra: "" })
  // Throws when a row has grown too long for its place, which would make ids miss theirs.
  return `${JSON.stringify({ ...bid, extra: "x".repeat(ROW_BYTES - 1 - text.length) })}\n`
}

/** Writes new ids, counted up from `first`, over the ones in the body. */
export function renumber(body: Buffer, first: number): void {
  let id = first
  for (let start = 0; start < body.length; start += ROW_BYTES) {
    let rest = id++
    for (let digit = ID_DIGITS - 1; digit >= 0; digit--) {
      body[start + ID_START + digit] = 0x30 + (rest % 10)
      rest = Math.floor(rest / 10)
    }
  }
}
