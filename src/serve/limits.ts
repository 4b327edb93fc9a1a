/** Every bound of the HTTP door, with the reason for its value. */

const KIB = 1024
const MIB = 1024 * KIB

/** A post of 1,000 rows of 212 bytes is 0.2 MiB; 16 MiB leaves room for the largest sensible batch, and one
 *  that is larger would hold the event loop for longer than a frame. Counted before and after decompression.
 *  */
export const MAX_BODY_BYTES = 16 * MIB
/** All bodies that are being received or ingested at one time: sixteen of the largest. */
export const MAX_BUFFERED_BODY_BYTES = 256 * MIB
/** The first allocation for a body whose declared length nobody has proven yet. */
export const FIRST_BODY_BYTES = 1 * MIB
/** Node's own default; a browser with cookies of other local servers needs a few KiB. */
export const MAX_HEADER_BYTES = 16 * KIB
/** A client that needs longer for its headers is broken or means harm (slowloris). */
export const HEADERS_TIMEOUT_MS = 10_000
/** 16 MiB in a minute is 0.28 MB/s: slower than any link to loopback. */
export const REQUEST_TIMEOUT_MS = 60_000
/** How often the two time-outs above are looked at. */
export const TIMEOUT_CHECK_MS = 5_000
/** Longer than the pause between two batches of a producer, so that it keeps its connection. */
export const KEEP_ALIVE_MS = 65_000
/** File descriptors: the usual soft limit is 1,024 to 65,536, and the log needs some. */
export const MAX_CONNECTIONS = 4_096
/** Open event streams. Each costs a socket, a cursor and the formatting of its updates. */
export const MAX_STREAMS = 256
/** Proxies and browsers drop a silent connection after 30 to 60 seconds. */
export const HEARTBEAT_MS = 15_000
/** A reader that takes nothing for so long is gone; its socket buffer is the only thing it may hold. */
export const STALLED_STREAM_MS = 60_000
/** What a browser waits before it connects again. */
export const RECONNECT_MS = 1_000
/** A snapshot goes out in pieces, so that neither side holds a whole view as text. */
export const SNAPSHOT_ROWS_PER_EVENT = 1_000
/** Rows of one page. */
export const DEFAULT_ROWS = 100
/** A larger page would hold the event loop for more than about 10 ms. */
export const MAX_ROWS = 10_000
/** What `after=` waits. */
export const DEFAULT_WAIT_MS = 5_000
export const MAX_WAIT_MS = 30_000
/** Conditions and other parameters in one query string. */
export const MAX_PARAMETERS = 64
/** Ports tried behind the first one when it is taken. */
export const PORT_ATTEMPTS = 100
/** What requests in flight get when the server closes. */
export const CLOSE_GRACE_MS = 5_000
/** Files of the page, all kept in memory. */
export const MAX_PAGE_BYTES = 64 * MIB
/** Names offered when one is not known. */
export const MAX_SUGGESTIONS = 3
