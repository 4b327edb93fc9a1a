/** The lake's columns as Parquet's schema, with Iceberg's field ids. Source: apache/parquet-format. */
import { fixedBytes, type Physical, physicalOf } from "./column-writer.ts"
import { decimalOf, type IcebergPrimitive, type IcebergSchema } from "./iceberg-schema.ts"
import { bool, i32, struct, type Thrift, text } from "./thrift-compact.ts"

/** A leaf of the schema: what a column chunk holds. */
export interface Leaf {
  readonly id: number
  readonly path: readonly string[]
  readonly type: IcebergPrimitive
  readonly physical: Physical
}

export const PARQUET_TYPE: Readonly<Record<Physical, number>> = {
  boolean: 0,
  int32: 1,
  int64: 2,
  double: 5,
  bytes: 6,
  fixed: 7,
}
const REQUIRED = 0
const OPTIONAL = 1
const REPEATED = 2
const CONVERTED = { utf8: 0, map: 1, decimal: 5, date: 6, timestampMicros: 10 } as const
const LOGICAL = { string: 1, map: 2, decimal: 5, date: 6, timestamp: 8 } as const
const MAP_ENTRY = "key_value"

/** The elements of the schema, depth first. */
export function schemaElements({ fields }: IcebergSchema): Thrift[] {
  const root = struct([
    [4, text("table")],
    [5, i32(fields.length)],
  ])
  return [
    root,
    ...fields.flatMap((field) => {
      const repetition = field.required ? REQUIRED : OPTIONAL
      const { id, name, type } = field
      if (typeof type === "string") return [leafElement({ id, name, type, repetition })]
      const keys = { id: type["key-id"], name: "key", type: type.key, repetition: REQUIRED }
      const values = { id: type["value-id"], name: "value", type: type.value, repetition: REQUIRED }
      return [
        group({ name, children: 1, repetition, id, isMap: true }),
        group({ name: MAP_ENTRY, children: 2, repetition: REPEATED, id: null, isMap: false }),
        leafElement(keys),
        leafElement(values),
      ]
    }),
  ]
}

export function leavesOf({ fields }: IcebergSchema): Leaf[] {
  return fields.flatMap(({ id, name, type }) => {
    const leaf = (leafId: number, path: string[], of: IcebergPrimitive): Leaf => {
      return { id: leafId, path, type: of, physical: physicalOf(of) }
    }
    if (typeof type === "string") return [leaf(id, [name], type)]
    return [
      leaf(type["key-id"], [name, MAP_ENTRY, "key"], type.key),
      leaf(type["value-id"], [name, MAP_ENTRY, "value"], type.value),
    ]
  })
}

function group(of: {
  readonly name: string
  readonly children: number
  readonly repetition: number
  readonly id: number | null
  readonly isMap: boolean
}): Thrift {
  return struct([
    [3, i32(of.repetition)],
    [4, text(of.name)],
    [5, i32(of.children)],
    [6, of.isMap ? i32(CONVERTED.map) : undefined],
    [9, of.id === null ? undefined : i32(of.id)],
    [10, of.isMap ? struct([[LOGICAL.map, struct()]]) : undefined],
  ])
}

function leafElement(of: {
  readonly id: number
  readonly name: string
  readonly type: IcebergPrimitive
  readonly repetition: number
}): Thrift {
  const physical = physicalOf(of.type)
  const decimal = decimalOf(of.type)
  const { converted, logical } = meaningOf(of.type)
  return struct([
    [1, i32(PARQUET_TYPE[physical])],
    [2, physical === "fixed" ? i32(fixedBytes(decimal!.precision)) : undefined],
    [3, i32(of.repetition)],
    [4, text(of.name)],
    [6, converted === null ? undefined : i32(converted)],
    [7, decimal === null ? undefined : i32(decimal.scale)],
    [8, decimal === null ? undefined : i32(decimal.precision)],
    [9, i32(of.id)],
    [10, logical ?? undefined],
  ])
}

function meaningOf(type: IcebergPrimitive): { converted: number | null; logical: Thrift | null } {
  const decimal = decimalOf(type)
  if (decimal !== null) {
    const parts = struct([
      [1, i32(decimal.scale)],
      [2, i32(decimal.precision)],
    ])
    return { converted: CONVERTED.decimal, logical: struct([[LOGICAL.decimal, parts]]) }
  }
  if (type === "string") return { converted: CONVERTED.utf8, logical: struct([[LOGICAL.string, struct()]]) }
  if (type === "date") return { converted: CONVERTED.date, logical: struct([[LOGICAL.date, struct()]]) }
  if (type === "timestamptz") {
    const MICROS = 2
    const parts = struct([
      [1, bool(true)],
      [2, struct([[MICROS, struct()]])],
    ])
    return { converted: CONVERTED.timestampMicros, logical: struct([[LOGICAL.timestamp, parts]]) }
  }
  return { converted: null, logical: null }
}

/** One page of version 1 in front of its compressed bytes. */
export function pageHeader(sizes: { valueCount: number; plainBytes: number; packedBytes: number }): Thrift {
  const PLAIN = 0
  const RLE = 3
  return struct([
    [1, i32(0)],
    [2, i32(sizes.plainBytes)],
    [3, i32(sizes.packedBytes)],
    [
      5,
      struct([
        [1, i32(sizes.valueCount)],
        [2, i32(PLAIN)],
        [3, i32(RLE)],
        [4, i32(RLE)],
      ]),
    ],
  ])
}
