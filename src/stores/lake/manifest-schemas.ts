/** The Avro schemas of manifests and manifest lists, version 2, with Iceberg's field ids. */

type Field = Readonly<Record<string, unknown>>

const optional = (type: unknown) => ["null", type]
const field = (id: number, name: string, type: unknown): Field => ({ name, type, "field-id": id })
const nullable = (id: number, name: string, type: unknown): Field => ({
  ...field(id, name, optional(type)),
  default: null,
})

/** A map with integer keys, which Avro has as an array of pairs. */
function intMap(keyId: number, valueId: number, values: string): unknown {
  return {
    type: "array",
    logicalType: "map",
    items: {
      type: "record",
      name: `k${keyId}_v${valueId}`,
      fields: [field(keyId, "key", "int"), field(valueId, "value", values)],
    },
  }
}

const DATA_FILE = {
  type: "record",
  name: "r2",
  fields: [
    field(134, "content", "int"),
    field(100, "file_path", "string"),
    field(101, "file_format", "string"),
    field(102, "partition", {
      type: "record",
      name: "r102",
      fields: [nullable(1000, "processed_at_day", { type: "int", logicalType: "date" })],
    }),
    field(103, "record_count", "long"),
    field(104, "file_size_in_bytes", "long"),
    nullable(108, "column_sizes", intMap(117, 118, "long")),
    nullable(109, "value_counts", intMap(119, 120, "long")),
    nullable(110, "null_value_counts", intMap(121, 122, "long")),
    nullable(137, "nan_value_counts", intMap(138, 139, "long")),
    nullable(125, "lower_bounds", intMap(126, 127, "bytes")),
    nullable(128, "upper_bounds", intMap(129, 130, "bytes")),
    nullable(131, "key_metadata", "bytes"),
    nullable(132, "split_offsets", { type: "array", items: "long", "element-id": 133 }),
    nullable(135, "equality_ids", { type: "array", items: "int", "element-id": 136 }),
    nullable(140, "sort_order_id", "int"),
  ],
}

export const MANIFEST_ENTRY_SCHEMA = {
  type: "record",
  name: "manifest_entry",
  fields: [
    field(0, "status", "int"),
    nullable(1, "snapshot_id", "long"),
    nullable(3, "sequence_number", "long"),
    nullable(4, "file_sequence_number", "long"),
    field(2, "data_file", DATA_FILE),
  ],
} as const

export const MANIFEST_FILE_SCHEMA = {
  type: "record",
  name: "manifest_file",
  fields: [
    field(500, "manifest_path", "string"),
    field(501, "manifest_length", "long"),
    field(502, "partition_spec_id", "int"),
    field(517, "content", "int"),
    field(515, "sequence_number", "long"),
    field(516, "min_sequence_number", "long"),
    field(503, "added_snapshot_id", "long"),
    field(504, "added_files_count", "int"),
    field(505, "existing_files_count", "int"),
    field(506, "deleted_files_count", "int"),
    field(512, "added_rows_count", "long"),
    field(513, "existing_rows_count", "long"),
    field(514, "deleted_rows_count", "long"),
    nullable(507, "partitions", {
      type: "array",
      "element-id": 508,
      items: {
        type: "record",
        name: "r508",
        fields: [
          field(509, "contains_null", "boolean"),
          nullable(518, "contains_nan", "boolean"),
          nullable(510, "lower_bound", "bytes"),
          nullable(511, "upper_bound", "bytes"),
        ],
      },
    }),
    nullable(519, "key_metadata", "bytes"),
  ],
} as const
