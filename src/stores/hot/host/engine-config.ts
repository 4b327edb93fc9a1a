/**
 * How small ClickHouse keeps itself beside the platform: what it takes is for whole servers with nothing else
 * to do. The caches are bounded, the background threads few, and no logs are kept in tables.
 */

export interface EngineLimits {
  /** All statements, merges and caches together. */
  readonly memoryBytes: number
  /** Who may do what: reader-rights.ts. */
  readonly usersFile: string
}

/** Marks are small and their cache saves reading them for every query; data is in the page cache. */
const MARK_CACHE_BYTES = 32 * 2 ** 20
const INDEX_CACHE_BYTES = 16 * 2 ** 20

/** For every statement, before its own settings. */
export const ENGINE_SETTINGS: Readonly<Record<string, string>> = {
  // An insert answers when its part is written; the engine's default would answer before.
  async_insert: "0",
  // Whole numbers of 64 bits as text, as everywhere outside.
  output_format_json_quote_64bit_integers: "1",
  // A query that has no room spills instead of taking what merges need.
  max_bytes_ratio_before_external_group_by: "0.5",
  max_bytes_ratio_before_external_sort: "0.5",
}

/** The engine's configuration file. */
export function engineConfig({ memoryBytes, usersFile }: EngineLimits): string {
  return `<clickhouse>
  <users_config>${usersFile.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</users_config>
  <max_server_memory_usage>${memoryBytes}</max_server_memory_usage>
  <mark_cache_size>${MARK_CACHE_BYTES}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_mark_cache_size>${INDEX_CACHE_BYTES}</index_mark_cache_size>
  <query_condition_cache_size>${INDEX_CACHE_BYTES}</query_condition_cache_size>
  <mmap_cache_size>64</mmap_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>1</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>2</background_schedule_pool_size>
  <background_common_pool_size>1</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  ${mergeTree()}
</clickhouse>
`
}

/** With two background threads merges and mutations may take the last one. */
function mergeTree(): string {
  const names = ["execute_mutation", "lower_max_size_of_merge", "execute_optimize_entire_partition"]
  const settings = names.map((name) => {
    const tag = `number_of_free_entries_in_pool_to_${name}`
    return `<${tag}>1</${tag}>`
  })
  return `<merge_tree>${settings.join("")}</merge_tree>`
}
