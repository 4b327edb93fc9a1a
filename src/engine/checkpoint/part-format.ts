/**
 * What a checkpoint is made of. Parts are named `<operator id>/<part>`:
 *   $engine/meta        format, fingerprints of views, epoch, watermarks
 *   <id>/meta           JSON: windows and tables of the operator, in the order of their page images
 *   <id>/pages/<n>      one page as it lies in memory; they come behind all other parts
 *   $part/<k>/...       the same of part k, of an engine that is split
 * A part that is missing or short is noticed: meta says how many pages and entries there are.
 */
import type { CheckpointPart } from "../engine-checkpoint.ts"
import { checkpointDamaged } from "../errors.ts"

/** Goes up when hashing, page format or layouts change; an older checkpoint is then rebuilt by replay. */
export const CHECKPOINT_FORMAT = 7

/** The part with the EngineMeta. */
export const META = "$engine/meta"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export interface TableMeta {
  readonly depth: number
  readonly count: number
  /** Size class of each page, in hash order. */
  readonly pages: readonly number[]
  /** Leading bits of the hash that the entries of each page share. */
  readonly depths: readonly number[]
}

/** Of an ordered table. */
export interface OrderedMeta {
  readonly count: number
  /** Size class of each page, in order. */
  readonly pages: readonly number[]
  /** Of each page, the sum of its entries' weights, and the greatest one, 0 where that is not known. */
  readonly totals: readonly number[]
  readonly mosts: readonly number[]
}

export interface WindowMeta {
  readonly start: string
  readonly end: string
  readonly closed: boolean
  readonly emitting: boolean
  readonly tables: readonly TableMeta[]
  readonly multisets: readonly OrderedMeta[]
}

export interface OperatorMeta {
  readonly nextGroup: number
  readonly expectedGroups: number
  readonly rowCount: number
  readonly windows: readonly WindowMeta[]
  readonly losses: {
    readonly overflowedResults: number
    readonly failedChanges: number
    readonly lateChanges: number
  }
}

export interface EngineMeta {
  readonly format: number
  /** By view. */
  readonly views: Readonly<Record<string, string>>
  /** Of operators, by those views whose rows can be made of what these hold. @default none can */
  readonly operators?: Readonly<Record<string, string>>
  readonly epoch: number
  readonly watermarks: readonly (readonly [source: string, watermarkUs: string])[]
  /** Among how many parts the state is split. @default 1 */
  readonly parts?: number
  /**
   * The highest key that a page of any part has had: files of a checkpoint hold pages that are gone, too, and
   * no other page may come under their keys.
   */
  readonly lastKey: number
}

export function jsonPart(name: string, value: unknown): CheckpointPart {
  return { name, bytes: encoder.encode(JSON.stringify(value)) }
}

export function readJson<T>(parts: Pick<ReadonlyMap<string, Uint8Array>, "get">, name: string): T {
  const bytes = parts.get(name)
  if (bytes === undefined) throw checkpointDamaged(name, "is missing")
  try {
    return JSON.parse(decoder.decode(bytes)) as T
  } catch (cause) {
    throw checkpointDamaged(name, `is not JSON (${String(cause)})`)
  }
}
