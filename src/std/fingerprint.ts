/** Short names for definitions: equal text, equal fingerprint. */
import { createHash } from "node:crypto"

/** 16 hex digits of SHA-256. */
export function fingerprint(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16)
}
