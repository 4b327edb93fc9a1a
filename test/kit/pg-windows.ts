/** The window table functions as PostgreSQL says them: a subquery with window_start and window_end. */

const WINDOW_CALL = /\b(tumble|hop|cumulate|session)\s*\(([^()]*)\)/gi

/** Windows of zones that change their clocks by whole hours, and not at midnight. */
export function writeOutWindows(sql: string): string {
  return sql.replace(WINDOW_CALL, (_, name: string, list: string) => {
    const kind = name.toLowerCase()
    const [source = "", time = "", ...rest] = list.split(/\s*,\s*/).map((part) => part.trim())
    if (kind === "session") return sessions(source, time, rest)
    const lengths = rest.slice(0, kind === "tumble" ? 1 : 2).map(interval)
    const further = rest.slice(lengths.length)
    const zone = further.find((text) => /^'[^']*[/a-z]{3}/i.test(text) && text.includes("/")) ?? null
    const offset = further.find((text) => text !== zone)
    const origin = `(TIMESTAMP '1970-01-01' + ${offset === undefined ? "INTERVAL '0'" : interval(offset)})`
    const [slide = "", size = slide] = lengths
    const windows = kind === "cumulate" ? cumulated : hopped
    return `(SELECT src.*, w.window_start, w.window_end FROM ${source} AS src,
      LATERAL (${windows({ time, slide, size, origin, zone })}) AS w)`
  })
}

interface Call {
  readonly time: string
  readonly slide: string
  readonly size: string
  readonly origin: string
  readonly zone: string | null
}

const interval = (text: string): string => (/^interval/i.test(text) ? text : `INTERVAL ${text}`)

const toLocal = (time: string, zone: string | null): string =>
  zone === null ? time : `((${time})::timestamptz AT TIME ZONE ${zone})`

const toInstant = (local: string, zone: string | null): string =>
  zone === null ? local : `((${local}) AT TIME ZONE ${zone})`

function hopped({ time, slide, size, origin, zone }: Call): string {
  const local = toLocal(time, zone)
  const newest = `date_bin(${slide}, ${local}, ${origin})`
  return `SELECT ${toInstant("w", zone)} AS window_start, ${toInstant(`w + ${size}`, zone)} AS window_end
    FROM generate_series(${newest}, ${local} - ${size} + INTERVAL '1 microsecond', - ${slide}) AS w`
}

function sessions(source: string, time: string, [gap = "", ...keys]: readonly string[]): string {
  const partition = (more: readonly string[]) =>
    keys.length + more.length === 0 ? "" : `PARTITION BY ${[...keys, ...more].join(", ")}`
  const within = `${time} - lag(${time}) OVER (${partition([])} ORDER BY ${time}) <= ${interval(gap)}`
  const begins = `CASE WHEN ${within} THEN 0 ELSE 1 END`
  const number = `sum(session_begins) OVER (${partition([])} ORDER BY ${time} ROWS UNBOUNDED PRECEDING)`
  const session = `OVER (${partition(["session_number"])})`
  const begun = `SELECT src.*, ${begins} AS session_begins FROM ${source} AS src WHERE ${time} IS NOT NULL`
  return `(SELECT b.*, min(${time}) ${session} AS window_start,
      max(${time}) ${session} + ${interval(gap)} AS window_end
    FROM (SELECT a.*, ${number} AS session_number FROM (${begun}) AS a) AS b)`
}

/** Steps of whole days are those of the zone's clock, shorter ones are counted from the start. */
function cumulated({ time, slide, size, origin, zone }: Call): string {
  const local = toLocal(time, zone)
  const first = `date_bin(${size}, ${local}, ${origin})`
  const [start, last] = [toInstant(first, zone), toInstant(`${first} + ${size}`, zone)]
  if (slide.includes("day")) {
    const step = `date_bin(${slide}, ${local}, ${first})`
    return `SELECT ${start} AS window_start, ${toInstant("e", zone)} AS window_end
      FROM generate_series(${step} + ${slide}, ${first} + ${size}, ${slide}) AS e`
  }
  return `SELECT ${start} AS window_start, e AS window_end
    FROM generate_series(date_bin(${slide}, ${time}, ${start}) + ${slide}, ${last}, ${slide}) AS e`
}
