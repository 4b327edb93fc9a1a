/**
 * Avro object container files, as Iceberg's manifests are: "Obj" 1, the metadata, a sync marker, then blocks.
 * Records are encoded by avsc; the header is written here, since Iceberg's schemas carry ids that avsc drops.
 */
import avro from "avsc"
import { manifestCorrupt } from "./errors.ts"

const MAGIC = Buffer.from([0x4f, 0x62, 0x6a, 1])
const SYNC_BYTES = 16
const HEADER = avro.Type.forSchema({
  type: "record",
  name: "Header",
  fields: [
    { name: "meta", type: { type: "map", values: "bytes" } },
    { name: "sync", type: { type: "fixed", name: "Sync", size: SYNC_BYTES } },
  ],
})
const LONG = avro.Type.forSchema("long")

/** A type for records of the schema. */
export function avroType(schema: avro.Schema): avro.Type {
  return avro.Type.forSchema(schema, { wrapUnions: false })
}

export function encodeAvroFile(options: {
  readonly type: avro.Type
  /** As it stands in the file, with field ids. */
  readonly schema: unknown
  readonly metadata: Readonly<Record<string, string>>
  readonly records: readonly unknown[]
  /** 16 bytes that do not occur in the data but by a rare chance. */
  readonly sync: Uint8Array
}): Buffer {
  const { type, schema, metadata, records, sync } = options
  const all = { ...metadata, "avro.schema": JSON.stringify(schema), "avro.codec": "null" }
  const meta = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, Buffer.from(value)]))
  const header = HEADER.toBuffer({ meta, sync: Buffer.from(sync) })
  if (records.length === 0) return Buffer.concat([MAGIC, header])
  const body = Buffer.concat(records.map((record) => type.toBuffer(record)))
  return Buffer.concat([MAGIC, header, LONG.toBuffer(records.length), LONG.toBuffer(body.length), body, sync])
}

/** @throws PlatformError lake-manifest-corrupt */
export function decodeAvroFile(type: avro.Type, bytes: Uint8Array, path: string): unknown[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  try {
    if (!buffer.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error("it does not begin as an Avro file")
    const header = HEADER.decode(buffer, MAGIC.length) as { value: unknown; offset: number }
    if (header.offset < 0) throw new Error("its header is cut off")
    const records: unknown[] = []
    for (let at = header.offset; at < buffer.length; at += SYNC_BYTES) {
      const count = LONG.decode(buffer, at) as { value: number; offset: number }
      const size = LONG.decode(buffer, count.offset) as { value: number; offset: number }
      at = size.offset
      for (let record = 0; record < count.value; record++) {
        const decoded = type.decode(buffer, at) as { value: unknown; offset: number }
        if (decoded.offset < 0) throw new Error("a record is cut off")
        records.push(decoded.value)
        at = decoded.offset
      }
      if (at !== size.offset + size.value || at + SYNC_BYTES > buffer.length)
        throw new Error("a block is cut off")
    }
    return records
  } catch (error) {
    throw manifestCorrupt(path, error)
  }
}
