/**
 * The general path: one row in any key order, with any spacing and any escapes. It first scans the whole row,
 * so that a row that is not JSON is reported as that and nothing else, keeping the last value of each key (as
 * JSON.parse does), and then reads the fields in the contract's order.
 */
import type { RowContract } from "../contract.ts"
import { EVENT_TYPE } from "../contract.ts"
import type { RejectedRow } from "../decoder.ts"
import type { RejectCode } from "../rejections.ts"
import { refusalMessage } from "../rejections.ts"
import type { ScannedValue } from "./field-reader.ts"
import { FieldReader } from "./field-reader.ts"
import { joinPath, judge } from "./judge.ts"
import { KeyTable } from "./key-table.ts"
import { MAX_DEPTH, MAX_EXCERPT, MAX_ROW_BYTES } from "./limits.ts"
import type { RowStore } from "./row-store.ts"
import type { JsonScanner } from "./scanner.ts"
import { FLAG_BAD_UTF8, FLAG_ESCAPED, FLAG_TOO_DEEP } from "./scanner.ts"
import { Scratch, sliceText } from "./text.ts"
import { TimeKernel } from "./time-kernel.ts"

const EVENT_TYPE_KEYS = new KeyTable([EVENT_TYPE])

export type RowProblem = Pick<RejectedRow, "field" | "code" | "message"> & { readonly code: RejectCode }

/** Members of the row scanned last, in their order; what key orders are learned from. */
export interface Member {
  /** Position of the field; -1 when the contract does not name it. */
  field: number
  start: number
  end: number
}

/** For rows that are only counted. */
const UNEXPLAINED: RowProblem = { field: null, code: "check-failed", message: "" }

export class RowReader {
  readonly contract: RowContract
  readonly fields: readonly FieldReader[]
  readonly scratch = new Scratch()
  readonly #keys: KeyTable
  /** The last value of each field; kind 0 when the row does not have it. */
  readonly #values: readonly ScannedValue[]
  readonly time = new TimeKernel()
  readonly members: Member[] = []
  memberCount = 0
  /** The row scanned last has a key that the contract does not name; event_type is one. */
  hasUnnamed = false
  /** Where the first key that the contract does not name stands, with its quotes; -1 when there is none. */
  #unknownStart = -1
  #unknownEnd = -1
  #start = 0
  #end = 0

  constructor(contract: RowContract) {
    this.contract = contract
    this.fields = contract.fields.map((field) => new FieldReader(field, this.scratch, this.time))
    this.#keys = new KeyTable(contract.fields.map((field) => field.name))
    this.#values = contract.fields.map(() => ({
      bytes: new Uint8Array(0),
      view: new DataView(new ArrayBuffer(0)),
      start: 0,
      end: 0,
      kind: 0,
      flags: 0,
    }))
  }

  /**
   * Scans the object at `scanner.at`, which is on its "{". False when it is not JSON: see scanner.problem.
   */
  scan(scanner: JsonScanner): boolean {
    for (const value of this.#values) value.kind = 0
    this.memberCount = 0
    this.hasUnnamed = false
    this.#unknownStart = -1
    this.#start = scanner.at
    let flags = 0
    scanner.at++
    if (scanner.skipSpace() === 0x7d) {
      scanner.at++
    } else {
      for (;;) {
        scanner.flags = 0
        if (!this.#scanMember(scanner)) return false
        flags |= scanner.flags
        const byte = scanner.skipSpace()
        if (byte !== 0x2c && byte !== 0x7d) {
          scanner.problem = byte < 0 ? "the text ends inside the object" : 'expected "," or "}"'
          return false
        }
        scanner.at++
        if (byte === 0x7d) break
      }
    }
    scanner.flags = flags
    this.#end = scanner.at
    return true
  }

  #scanMember(scanner: JsonScanner): boolean {
    scanner.skipSpace()
    const keyStart = scanner.at
    if (!scanner.scanKey(scanner.skipSpace())) return false
    const keyFlags = scanner.flags
    const field = this.#findField(scanner, keyStart, keyFlags)
    scanner.flags = 0
    scanner.skipSpace()
    const start = scanner.at
    const kind = scanner.scanValue(1)
    if (kind === 0) return false
    this.#addMember(field, start, scanner.at)
    if (field < 0) this.hasUnnamed = true
    if (field >= 0) {
      const value = this.#values[field]!
      value.bytes = scanner.bytes
      value.view = scanner.view
      value.start = start
      value.end = scanner.at
      value.kind = kind
      value.flags = scanner.flags
    }
    scanner.flags |= keyFlags & FLAG_BAD_UTF8
    return true
  }

  #findField(scanner: JsonScanner, keyStart: number, flags: number): number {
    const { bytes, keyEnd } = scanner
    const isEscaped = (flags & FLAG_ESCAPED) !== 0
    const name = isEscaped ? (JSON.parse(sliceText(bytes, keyStart, keyEnd)) as string) : null
    const field = name === null ? this.#keys.find(bytes, keyStart + 1, keyEnd - 1) : this.#keys.findName(name)
    if (field >= 0 || this.#unknownStart >= 0) return field
    const isEventType =
      name === null ? EVENT_TYPE_KEYS.find(bytes, keyStart + 1, keyEnd - 1) === 0 : name === EVENT_TYPE
    if (!isEventType) {
      this.#unknownStart = keyStart
      this.#unknownEnd = keyEnd
    }
    return field
  }

  #addMember(field: number, start: number, end: number): void {
    const member = this.members[this.memberCount]
    if (member === undefined) {
      if (this.memberCount < 1024) this.members.push({ field, start, end })
    } else {
      member.field = field
      member.start = start
      member.end = end
    }
    this.memberCount++
  }

  /** Writes the row scanned last into `store`; null when it was taken. Words are found only `inWords`. */
  read(scanner: JsonScanner, store: RowStore, row: number, inWords: boolean): RowProblem | null {
    const base = scanner.bytes.length
    const ofRow = this.#checkRow(scanner)
    if (ofRow !== null) return ofRow
    for (let index = 0; index < this.fields.length; index++) {
      const reader = this.fields[index]!
      const value = this.#values[index]!
      const column = store.columns[index]!
      const code =
        value.kind === 0 ? reader.readAbsent(column, row, base) : reader.read(value, column, row, base)
      if (code !== null) return inWords ? this.#explain(reader, value, code) : UNEXPLAINED
    }
    if (this.#unknownStart >= 0 && this.contract.unknownFields === "refuse") {
      const key = JSON.parse(sliceText(scanner.bytes, this.#unknownStart, this.#unknownEnd)) as string
      return unknownField(key, this.contract)
    }
    return this.#checkTogether(scanner)
  }

  #checkRow(scanner: JsonScanner): RowProblem | null {
    const size = this.#end - this.#start
    if (size > MAX_ROW_BYTES) {
      const message = `the row has ${size} bytes, at most ${MAX_ROW_BYTES} are taken; send references instead`
      return { field: null, code: "row-too-large", message }
    }
    if (scanner.flags & FLAG_BAD_UTF8) {
      return { field: null, code: "invalid-utf8", message: "the row is not valid UTF-8; send UTF-8" }
    }
    if (scanner.flags & FLAG_TOO_DEEP) {
      const message = `the row is nested more than ${MAX_DEPTH} levels deep; flatten it`
      return { field: null, code: "too-deep", message }
    }
    return null
  }

  #explain(reader: FieldReader, value: ScannedValue, code: RejectCode): RowProblem {
    const { name } = reader.field
    const { form, schema } = reader.rule
    if (value.kind === 0) {
      if (code === "missing-field")
        return { field: name, code, message: refusalMessage(code, name, "", form) }
      const { message } = judge(schema!, undefined)
      return { field: name, code, message: `${name} is missing: ${message}` }
    }
    const text = sliceText(value.bytes, value.start, value.end)
    const found = text.length > MAX_EXCERPT ? `${text.slice(0, MAX_EXCERPT)}…` : text
    if (schema !== null && (code === "check-failed" || code === "out-of-range")) {
      const verdict = judge(schema, reader.readForSchema(value.bytes, value.start, value.end))
      if (verdict.message !== null) {
        const field = joinPath(name, verdict.path)
        return { field, code, message: `${field} is refused: ${verdict.message}; got ${found}` }
      }
    }
    return { field: name, code, message: refusalMessage(code, name, found, form) }
  }

  /** Checks over several fields: zod's, on the whole row. */
  #checkTogether(scanner: JsonScanner): RowProblem | null {
    const schema = this.contract.rowSchema ?? null
    if (schema === null) return null
    const row: Record<string, unknown> = {}
    this.fields.forEach((reader, index) => {
      const { kind, bytes, start, end } = this.#values[index]!
      if (kind !== 0) row[reader.field.name] = reader.readForSchema(bytes, start, end)
    })
    if (this.contract.unknownFields === "keep" && this.#unknownStart >= 0) {
      const whole = JSON.parse(sliceText(scanner.bytes, this.#start, this.#end)) as Record<string, unknown>
      for (const [key, value] of Object.entries(whole)) {
        if (Object.hasOwn(row, key)) continue
        Object.defineProperty(row, key, { value, enumerable: true, configurable: true, writable: true })
      }
    }
    const { message, path } = judge(schema, row)
    if (message === null) return null
    const [first, ...rest] = path
    const field = first === undefined ? null : joinPath(String(first), rest)
    return { field, code: "check-failed", message: `${field ?? "the row"} is refused: ${message}` }
  }
}

function unknownField(name: string, contract: RowContract): RowProblem {
  const known = contract.fields.map((field) => field.name).join(", ")
  const shown = name.length > MAX_EXCERPT ? `${name.slice(0, MAX_EXCERPT)}…` : name
  return {
    field: shown,
    code: "unknown-field",
    message: `${JSON.stringify(shown)} is no field of ${contract.name}, which refuses others than ${known}`,
  }
}
