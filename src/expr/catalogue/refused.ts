/** What SQL writers know and a view cannot have, each with what to write instead. */

const CLOCK =
  "a view may depend on its events only; use the event's own time, or processed_at, the time it was appended"
const CHANCE = "its value would be another one at every replay; send the value inside the event"

const WINDOW_START = "write FROM tumble(source, time_column, INTERVAL '1 hour') and window_start"
const WINDOW_END = "write FROM tumble(source, time_column, INTERVAL '1 hour') and window_end"
const TO_TEXT = "to_char and its like are not here; write t::text, or extract() and lpad()"
const OF_TEXT = "write x::timestamptz, which reads ISO 8601"
const ELEMENTS = "columns hold no arrays; a list is json, read with ->, ->> and json_array_length"

/**
 * Names of Flink, ksqlDB, RisingWave, Materialize, Spark and ClickHouse for what is written otherwise here.
 */
export const OTHER_SYSTEMS: readonly (readonly [name: string, instead: string])[] = [
  ["if", "write CASE WHEN condition THEN a ELSE b END"],
  ["iif", "write CASE WHEN condition THEN a ELSE b END"],
  ["ifnull", "write coalesce(a, b)"],
  ["nvl", "write coalesce(a, b)"],
  ["isnull", "write x IS NULL"],
  ["len", "write length(x)"],
  ["ucase", "write upper(x)"],
  ["lcase", "write lower(x)"],
  ["instr", "write strpos(text, part)"],
  ["locate", "write strpos(text, part)"],
  ["charindex", "write strpos(text, part)"],
  ["regexp", "write text ~ 'pattern'"],
  ["regexp_extract", "write regexp_replace(text, '^.*(part).*$', '\\1')"],
  ["split_index", "write split_part(text, ',', n), which counts from 1"],
  ["listagg", "write string_agg(x, ',' ORDER BY x)"],
  ["group_concat", "write string_agg(x, ',' ORDER BY x)"],
  ["collect", "write array_agg(x)"],
  ["collect_list", "write array_agg(x)"],
  ["collect_set", "write array_agg(DISTINCT x)"],
  ["list_agg", "write array_agg(x)"],
  ["count_distinct", "write count(DISTINCT x)"],
  ["approx_distinct", "write approx_count_distinct(x)"],
  ...["approx_set", "hll_sketch_agg", "hll_accumulate", "uniqstate"].map((name) => {
    return [name, "write approx_count_distinct_state(x)"] as const
  }),
  ...["hll_union_agg", "hll_combine", "uniqmerge", "hll_estimate", "hll_sketch_estimate"].map((name) => {
    return [name, "write approx_count_distinct_merge(s), or approx_count_distinct_merge_state(s)"] as const
  }),
  ["count_min_sketch", "write approx_frequency_state(x), and approx_frequency_merge(s, 'value')"],
  ["latest_by_offset", "write last(x)"],
  ["earliest_by_offset", "write first(x)"],
  ["topk", "write approx_top_k(x, n), or ORDER BY … LIMIT n"],
  ["topkdistinct", "write SELECT DISTINCT x … ORDER BY x DESC LIMIT n"],
  ["countif", "write count(*) FILTER (WHERE condition)"],
  ["count_if", "write count(*) FILTER (WHERE condition)"],
  ["sumif", "write sum(x) FILTER (WHERE condition)"],
  ...["tumble_start", "hop_start", "session_start", "cumulate_start", "windowstart"].map(
    (name) => [name, WINDOW_START] as const,
  ),
  ...["tumble_end", "hop_end", "session_end", "cumulate_end", "windowend"].map(
    (name) => [name, WINDOW_END] as const,
  ),
  ...["tumble_rowtime", "hop_rowtime", "session_rowtime"].map((name) => [name, WINDOW_END] as const),
  ...["proctime", "tumble_proctime"].map((name) => [name, CLOCK] as const),
  ...["mz_now", "mz_logical_timestamp", "current_row_timestamp", "unix_timestamp"].map(
    (name) => [name, CLOCK] as const,
  ),
  ["current_watermark", 'windows close by themselves; declare emit: "final" to see their rows once'],
  ...["to_char", "date_format", "format_timestamp", "timestamptostring", "format_date"].map(
    (name) => [name, TO_TEXT] as const,
  ),
  ...["to_timestamp_ltz", "stringtotimestamp", "parse_timestamp", "str_to_date"].map(
    (name) => [name, OF_TEXT] as const,
  ),
  ["from_unixtime", "write to_timestamp(seconds)"],
  ["to_date", "write x::date"],
  ["timestampdiff", "write extract(epoch FROM b - a), in seconds"],
  ["datediff", "write b::date - a::date, in days"],
  ["timestampadd", "write t + INTERVAL '1 hour'"],
  ["dateadd", "write t + INTERVAL '1 hour'"],
  ["convert_tz", "write t AT TIME ZONE 'Europe/Berlin'"],
  ["year", "write extract(year FROM t)"],
  ["month", "write extract(month FROM t)"],
  ["dayofmonth", "write extract(day FROM t)"],
  ["dayofweek", "write extract(dow FROM t), where Sunday is 0"],
  ["hour", "write extract(hour FROM t)"],
  ["minute", "write extract(minute FROM t)"],
  ["extractjsonfield", "write column #>> '{a,b}'"],
  ["get_json_object", "write column #>> '{a,b}'"],
  ["json_extract_scalar", "write column ->> 'key'"],
  ...["cardinality", "array_length", "array_contains", "array_to_string", "element_at", "unnest"].map(
    (name) => [name, ELEMENTS] as const,
  ),
]

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
  ...OTHER_SYSTEMS,
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
