/** Bounds of what the gate reads, with the reason for each. */

/** ClickHouse's parser stops at 256 KiB (max_query_size); this leaves room for four bytes a character. */
export const MAX_SQL_CHARACTERS = 65_536
/** Names offered when one is not known. */
export const MAX_SUGGESTIONS = 3
