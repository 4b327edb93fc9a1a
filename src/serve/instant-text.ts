/** Instants for JSON outside of rows: watermarks and times of records. */
import { formatScalar } from "../columns/json-out.ts"
import { TIMESTAMP } from "../columns/types.ts"

/** A JSON string, or null when there is no watermark yet. */
export function instantText(us: bigint | null): string {
  return JSON.stringify(instant(us))
}

export function instant(us: bigint | null): string | null {
  return us === null ? null : formatScalar(TIMESTAMP, us)
}

export function instantOfMs(ms: number): string {
  return formatScalar(TIMESTAMP, BigInt(Math.trunc(ms)) * 1_000n)
}
