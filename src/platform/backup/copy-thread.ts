/** The thread that copies a backup: hashing and syncing gigabytes must not keep anybody waiting. */
import { isPlatformError } from "../../std/errors.ts"
import { NodeDisk } from "../../std/node/disk.ts"
import { threadParent } from "../../std/node/thread.ts"
import { type CopyRequest, type CopyResult, copyBackup } from "./copy-backup.ts"

export type CopyMessage =
  | { readonly kind: "done"; readonly result: CopyResult }
  | {
      readonly kind: "refused"
      readonly error: {
        readonly code: string
        readonly message: string
        readonly domain: "user" | "external"
      }
    }

const parent = threadParent()

try {
  const result = copyBackup(new NodeDisk(), parent.data as CopyRequest)
  parent.post({ kind: "done", result } satisfies CopyMessage)
} catch (error) {
  if (!isPlatformError(error) || error.domain === "internal") throw error
  const { code, message, domain } = error
  parent.post({ kind: "refused", error: { code, message, domain } } satisfies CopyMessage)
}
