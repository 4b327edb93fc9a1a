/**
 * Text of the loops' inner steps: find the slot of a key or insert it, compare and store fields. Generated
 * code keeps the store's views in locals (i32, i64, f64, u8) and takes them again after every call that may
 * allocate.
 */
import type { SlotField, SlotLayout } from "../state/slot-layout.ts"
import type { CodeScope } from "./code-scope.ts"
import type { LoadedField } from "./field-loader.ts"
import { equalBytes, finishHash, HASH_SEED, mixBytes, mixWord } from "./hashing.ts"

export const DECLARE_VIEWS = "let i32 = S.i32, i64 = S.i64, f64 = S.f64, u8 = S.u8;"
/** After a call that may have grown the store. */
export const RETAKE_VIEWS = "i32 = S.i32; i64 = S.i64; f64 = S.f64; u8 = S.u8;"

/**
 * Locals that mirror a KeyTable: `${name}_dir`, `_shift`, `_gen`, reloaded whenever the table may have
 * changed.
 */
export const declareTable = (name: string) => `let ${name}_dir, ${name}_shift = 0, ${name}_gen = 0;`
export const loadTable = (name: string, table: string) =>
  `${name}_dir = ${table}.directory; ${name}_shift = ${table}.shift; ${name}_gen = ${table}.generation;`

export interface KeyedField {
  readonly field: SlotField
  readonly loaded: LoadedField
}

/** Names of a table, of its mirrored locals, and of the locals that hold a slot's page and address. */
export interface SlotPlace {
  readonly table: string
  readonly mirror: string
  readonly page: string
  readonly address: string
}

export interface Lookup extends SlotPlace {
  readonly keys: readonly KeyedField[]
  readonly layout: SlotLayout
  /** Local that holds the key's hash; the lookup declares it, the page and the address. */
  readonly hash: string
  /** Statements for a slot that was just inserted. */
  readonly onInsert: string
  /** Statements behind the hash, before the table is looked at. @default none */
  readonly onHash?: string
}

/** The loop over `i` ends behind this row when there are too many pages in memory, so that some can leave. */
export const STOP_WHEN_CROWDED = "if (S.isCrowded) count = i + 1;"

/** Declares page, address and hash, and leaves them at the key's slot, inserted when it was missing. */
export function findOrInsert(scope: CodeScope, lookup: Lookup): string {
  const { table, mirror, page, address, hash, keys, onHash = "" } = lookup
  const lines = [hashKeys(scope, hash, keys), onHash]
  lines.push(`let ${page} = ${mirror}_dir[${hash} >>> ${mirror}_shift], ${address} = 0;`)
  lines.push(`if (f64[${page}] !== ${mirror}_gen) {
    ${page} = ${table}.own(${hash}); ${RETAKE_VIEWS} ${STOP_WHEN_CROWDED} }`)
  lines.push(probe(scope, lookup, insertion(lookup)))
  return lines.join("\n")
}

/** As findOrInsert, but leaves address 0 when the key is missing. The table is not written to. */
export function findOnly(scope: CodeScope, lookup: Omit<Lookup, "onInsert" | "mirror">): string {
  const { table, page, address, hash, keys } = lookup
  const lines = [hashKeys(scope, hash, keys)]
  lines.push(`const ${page} = ${table}.bring(${hash}); ${RETAKE_VIEWS} let ${address} = 0;`)
  lines.push(probe(scope, lookup, "break;"))
  return lines.join("\n")
}

function probe(scope: CodeScope, lookup: Omit<Lookup, "onInsert" | "mirror">, missing: string): string {
  const { page, address, hash, keys, layout } = lookup
  const stride = layout.shape.strideWords
  const [index, mask, place, tag, entry] = ["x", "m", "at", "tag", "en"].map((hint) => scope.local(hint))
  return `{
    const ${index} = (${page} << 1) + 16, ${mask} = i32[${index} - 14], ${tag} = (${hash} >>> 8) & 65535;
    for (let ${place} = ${hash} & ${mask}; ; ${place} = (${place} + 1) & ${mask}) {
      const ${entry} = i32[${index} + ${place}];
      if (${entry} === 0) { ${missing} }
      if ((${entry} >>> 16) !== ${tag}) continue;
      ${address} = ${page} + i32[${index} - 13] + ((${entry} & 65535) - 1) * ${stride};
      if (${equalFields(scope, page, address, keys)}) break;
      ${address} = 0;
    }
  }`
}

function insertion(lookup: Lookup): string {
  const { table, mirror, page, address, hash, keys } = lookup
  const lengths = keys.flatMap(({ loaded }) =>
    loaded.bytes ? [`${loaded.bytes.end} - ${loaded.bytes.start}`] : [],
  )
  const bytes = lengths.length === 0 ? "0" : lengths.join(" + ")
  return `
      ${address} = ${table}.insert(${hash}, ${bytes}); ${page} = ${table}.page;
      ${RETAKE_VIEWS} ${loadTable(mirror, table)} ${STOP_WHEN_CROWDED}
      ${storeFields(lookup, keys)}
      ${lookup.onInsert}
      break;`
}

/** Declares the hash of the fields. */
export function hashKeys(
  scope: CodeScope,
  hash: string,
  keys: readonly KeyedField[],
  seed = HASH_SEED,
): string {
  const lines = [`let ${hash} = ${seed};`]
  for (const mask of nullMasks(keys)) {
    lines.push(
      `{ const nulls = ${mask.value}; if (nulls !== 0) { ${mixWord(hash, "nulls", `${mask.half}`)} } }`,
    )
  }
  for (const { loaded } of keys) {
    if (loaded.bytes !== null) {
      const { data, start, end } = loaded.bytes
      lines.push(`${hash} = ${scope.bind(mixBytes, "mix")}(${hash}, ${data}, ${start}, ${end});`)
    }
    for (let k = 0; k < loaded.halves.length; k += 2) {
      lines.push(mixWord(hash, loaded.halves[k]!, loaded.halves[k + 1]!))
    }
  }
  lines.push(finishHash(hash))
  return lines.join("\n")
}

/** A condition: the slot's fields equal the loaded ones; a NULL equals a NULL. */
export function equalFields(
  scope: CodeScope,
  page: string,
  address: string,
  fields: readonly KeyedField[],
): string {
  const tests: string[] = []
  for (const mask of nullMasks(fields)) {
    tests.push(`(i32[(${address} << 1) + ${2 + mask.half}] & ${mask.bits}) === (${mask.value})`)
  }
  for (const { field, loaded } of fields) {
    loaded.halves.forEach((half, k) => {
      if (isConstantZero(field, k)) return
      tests.push(`i32[(${address} << 1) + ${field.offset * 2 + k}] === ${half}`)
    })
    if (loaded.bytes === null) continue
    const { data, start, end } = loaded.bytes
    const at = `(${address} << 1) + ${field.offset * 2}`
    tests.push(`i32[${at} + 1] === ${end} - ${start}`)
    tests.push(
      `${scope.bind(equalBytes, "same")}(u8, ${page} * 8 + i32[${at}], ${data}, ${start}, ${end} - ${start})`,
    )
  }
  return tests.length === 0 ? "true" : tests.join(" && ")
}

/** Statements that write the fields; bytes may move the slot, then page and address follow. */
export function storeFields(place: SlotPlace, fields: readonly KeyedField[]): string {
  const lines = [storeWords(place.address, fields)]
  for (const { field, loaded } of fields) {
    if (loaded.bytes === null) continue
    const { data, start, end } = loaded.bytes
    lines.push(storeBytes(place, field.offset, data, start, end))
  }
  return lines.join("\n")
}

/** Statements that write all of the fields but bytes. */
export function storeWords(address: string, fields: readonly KeyedField[]): string {
  const lines: string[] = []
  for (const mask of nullMasks(fields)) {
    const at = `i32[(${address} << 1) + ${2 + mask.half}]`
    lines.push(`${at} = (${at} & ${~mask.bits}) | (${mask.value});`)
  }
  for (const { field, loaded } of fields) {
    loaded.halves.forEach((half, k) => {
      lines.push(`i32[(${address} << 1) + ${field.offset * 2 + k}] = ${half};`)
    })
  }
  return lines.join("\n")
}

export function storeBytes(
  place: SlotPlace,
  offset: number,
  data: string,
  start: string,
  end: string,
): string {
  const { table, mirror, page, address } = place
  return (
    `${address} = ${table}.storeBytes(${page}, ${address}, ${offset}, ${data}, ${start}, ${end});` +
    ` ${page} = ${table}.page; ${RETAKE_VIEWS} ${loadTable(mirror, table)}`
  )
}

interface NullMask {
  /** Which int32 of the slot's null bits. */
  readonly half: number
  readonly bits: number
  /** An int32 expression: the bits of this row. */
  readonly value: string
}

function nullMasks(fields: readonly KeyedField[]): NullMask[] {
  const masks = new Map<number, { bits: number; terms: string[] }>()
  for (const { field, loaded } of fields) {
    if (field.nullBit === null) continue
    const half = field.nullBit >> 5
    const bit = 1 << (field.nullBit & 31)
    const mask = masks.get(half) ?? { bits: 0, terms: [] }
    mask.bits |= bit
    if (loaded.isNull !== null) mask.terms.push(`(${loaded.isNull} ? ${bit} : 0)`)
    masks.set(half, mask)
  }
  return [...masks].map(([half, { bits, terms }]) => ({
    half,
    bits,
    value: terms.length === 0 ? "0" : terms.join(" | "),
  }))
}

/** High halves of narrow types are always zero. */
function isConstantZero(field: SlotField, half: number): boolean {
  return (
    half === 1 && (field.type.kind === "int32" || field.type.kind === "date" || field.type.kind === "boolean")
  )
}
