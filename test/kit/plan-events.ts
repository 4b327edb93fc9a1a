/** Events that tests of this room read: written as data, as `event()` would give them. */
import type { LogicalType } from "../../src/columns/types.ts"
import {
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  FLOAT64,
  INT32,
  INT64,
  JSON_TEXT,
  STRING,
  TIMESTAMP,
} from "../../src/columns/types.ts"
import type { ContractField, EventContract } from "../../src/contracts/contract.ts"

const required = (name: string, type: LogicalType): ContractField => ({
  name,
  type,
  nullable: false,
  optional: false,
})
const nullable = (name: string, type: LogicalType): ContractField => ({
  ...required(name, type),
  nullable: true,
})

function contract(name: string, fields: readonly ContractField[], time: string): EventContract {
  return {
    kind: "event",
    name,
    description: null,
    fields,
    id: fields[0]!.name,
    time,
    key: null,
    topic: name,
    partitions: 1,
    outOfOrdernessMs: 0,
    idleMs: 1_000,
    idleAdvance: false,
    dedupWindowMs: null,
    unknownFields: "keep",
    retention: {},
    compression: "none",
    jsonSchema: {},
    fingerprint: "0123456789abcdef",
  }
}

export const flight: EventContract = contract(
  "flight",
  [
    required("flight_id", INT64),
    required("scheduled_at", TIMESTAMP),
    required("origin", STRING),
    required("destination", STRING),
    required("delay", INT32),
    nullable("distance", INT32),
  ],
  "scheduled_at",
)

/** One column of every type. */
export const sample: EventContract = contract(
  "sample",
  [
    required("id", STRING),
    required("at", TIMESTAMP),
    nullable("flag", BOOLEAN),
    nullable("i4", INT32),
    nullable("i8", INT64),
    nullable("f8", FLOAT64),
    nullable("price", decimal(12, 2)),
    nullable("name", STRING),
    nullable("raw", BYTES),
    nullable("doc", JSON_TEXT),
    nullable("seen_at", TIMESTAMP),
    nullable("day", DATE),
  ],
  "at",
)
