/** What SQL writers know and a view cannot have, each with what to write instead. */

const CLOCK =
  "a view may depend on its events only; use the event's own time, or processed_at, the time it was appended"
const CHANCE = "its value would be another one at every replay; send the value inside the event"

/** Refused whatever the arguments. */
export const REFUSED_NAMES: ReadonlyMap<string, string> = new Map([
  ...[
    "now",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtime",
    "localtimestamp",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "timeofday",
  ].map((name) => [name, CLOCK] as const),
  ...[
    "random",
    "random_normal",
    "setseed",
    "uuid",
    "gen_random_uuid",
    "uuidv4",
    "uuidv7",
    "uuid_generate_v4",
    "nextval",
    "txid_current",
  ].map((name) => [name, CHANCE] as const),
  ["jsonb_extract_path_text", "json columns keep the producer's text; use json_extract_path_text"],
  ["jsonb_array_length", "json columns keep the producer's text; use json_array_length"],
  ["jsonb_typeof", "json columns keep the producer's text; use json_typeof"],
])

/**
 * Refused for these arguments, because the overload that PostgreSQL would take is not here: word and kinds.
 */
export const REFUSED_OVERLOADS: ReadonlyMap<string, string> = new Map([
  ...["power", "pow", "log", "^"].map(
    (name) => [`${name}(decimal,decimal)`, `cast to double precision: ${name} is inexact`] as const,
  ),
  ...["exp", "ln", "log", "log10"].map(
    (name) => [`${name}(decimal)`, `cast to double precision: ${name} is inexact`] as const,
  ),
  ["round(float64,int32)", "only numeric is rounded to places; cast to numeric(p,s) first"],
  ["trunc(float64,int32)", "only numeric is cut to places; cast to numeric(p,s) first"],
  ["age(timestamp)", "age(t) counts from today; subtract from a time of the event instead"],
  ["substring(string,string)", "use regexp_replace or split_part"],
])
