/**
 * What `id:` of a stream's events holds and Last-Event-ID brings back. Opaque to clients.
 *   changes of a view   c.LOG.FINGERPRINT.EPOCH   an epoch of one plan over one log
 *   records of a topic  t.LOG.PARTITION-OFFSET.…  where to continue in each partition
 * A token of another log or of an earlier plan, or one that cannot be read, means: begin anew.
 */

/** Enough of an id to tell two logs or two plans apart. */
const PREFIX_LENGTH = 12

export interface ChangesOrigin {
  readonly logId: string
  readonly fingerprint: string
}

export function changesToken({ logId, fingerprint }: ChangesOrigin, epoch: number): string {
  return `c.${cut(logId)}.${cut(fingerprint)}.${epoch}`
}

/** The epoch behind which to continue; null to begin with a snapshot. */
export function parseChangesToken(token: string | null, origin: ChangesOrigin): number | null {
  const [kind, logId, fingerprint, epoch = "", more] = token?.split(".") ?? []
  if (kind !== "c" || more !== undefined || logId !== cut(origin.logId)) return null
  if (fingerprint !== cut(origin.fingerprint)) return null
  return wholeNumber(epoch)
}

export function tailToken(logId: string, nextOffsets: ReadonlyMap<number, number>): string {
  const positions = [...nextOffsets].sort(([a], [b]) => a - b)
  return ["t", cut(logId), ...positions.map(([partition, offset]) => `${partition}-${offset}`)].join(".")
}

/** The next offset by partition; null to begin with the newest records. */
export function parseTailToken(
  token: string | null,
  { logId, partitions }: { readonly logId: string; readonly partitions: number },
): ReadonlyMap<number, number> | null {
  const [kind, log, ...positions] = token?.split(".") ?? []
  if (kind !== "t" || log !== cut(logId) || positions.length > partitions) return null
  const offsets = new Map<number, number>()
  for (const position of positions) {
    const [partition, offset] = position.split("-").map(wholeNumber)
    if (partition == null || offset == null || partition >= partitions) return null
    offsets.set(partition, offset)
  }
  return offsets
}

function wholeNumber(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

function cut(id: string): string {
  return id.replace(/[^0-9A-Za-z]/g, "").slice(0, PREFIX_LENGTH)
}
