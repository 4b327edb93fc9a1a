/** What can go wrong with expressions beyond a row's own failures. */
import { PlatformError } from "../std/errors.ts"

export function noClickHouseSpelling(name: string, reason: string): PlatformError {
  return new PlatformError({
    code: "no-clickhouse-spelling",
    domain: "user",
    message:
      `${name} cannot be computed by ClickHouse the way PostgreSQL does: ${reason}; a view that uses it ` +
      'cannot be verified or asked why (see "Verification" in docs/sql.md)',
    details: { function: name, reason },
  })
}
