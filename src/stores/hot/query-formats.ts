/** The formats of answers: what the engine calls them, and how it is to write values. */

export type QueryFormat = "json" | "ndjson" | "csv" | "arrow" | "parquet" | "orc" | "avro"

export const QUERY_FORMATS: readonly QueryFormat[] = [
  "json",
  "ndjson",
  "csv",
  "arrow",
  "parquet",
  "orc",
  "avro",
]

/** Avro tells texts from bytes, ClickHouse does not; what the log has of a record is bytes. */
export const AVRO_TEXT_COLUMNS = "^[^_].*|_topic|_contract_version"

const ENGINE_NAMES: Readonly<Record<QueryFormat, string>> = {
  json: "JSON",
  ndjson: "JSONEachRow",
  csv: "CSVWithNames",
  arrow: "ArrowStream",
  parquet: "Parquet",
  orc: "ORC",
  avro: "Avro",
}

export function engineFormat(format: QueryFormat): string {
  return ENGINE_NAMES[format]
}

/**
 * Values are written as the other answers of the platform write them: int64 and decimals as strings in JSON,
 * times in ISO 8601, and what is no number by its name.
 */
export function formatSettings(numbers: "string" | "json"): Readonly<Record<string, string>> {
  const quoted = numbers === "string" ? "1" : "0"
  return {
    date_time_output_format: "iso",
    output_format_json_quote_64bit_integers: quoted,
    output_format_json_quote_decimals: quoted,
    output_format_json_quote_denormals: "1",
    output_format_json_escape_forward_slashes: "0",
    output_format_arrow_string_as_string: "1",
    // Readers of Arrow in JavaScript bring no codecs.
    output_format_arrow_compression_method: "none",
    output_format_parquet_string_as_string: "1",
    output_format_orc_string_as_string: "1",
    output_format_avro_string_column_pattern: AVRO_TEXT_COLUMNS,
  }
}
