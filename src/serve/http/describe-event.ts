/** An event as JSON: its contract and its counters. */
import { typeName } from "../../columns/types.ts"
import type { EventStatus } from "../../runners/runtime.ts"
import { instant } from "../instant-text.ts"

export function describeEvent(status: EventStatus) {
  const { contract } = status
  return {
    name: contract.name,
    description: contract.description,
    fields: contract.fields.map(({ name, type, nullable, optional }) => ({
      name,
      type: typeName(type),
      nullable,
      optional,
    })),
    id: contract.id,
    time: contract.time,
    key: contract.key,
    out_of_orderness_ms: contract.outOfOrdernessMs,
    received: status.received,
    accepted: status.accepted,
    duplicates: status.duplicates,
    rejected: status.rejected,
    dead_lettered: status.deadLettered,
    appended: status.appended,
    events_per_second: status.eventsPerSecond,
    watermark: instant(status.watermarkUs),
    watermark_partition: status.watermarkHeldBy?.partition ?? null,
    partitions: status.partitions.map((partition, index) => ({
      partition: index,
      durable_end: partition.durableEnd,
      processed: partition.processed,
      idle: partition.idle,
    })),
  }
}

/** With what a producer or an operator looks up once. */
export function describeEventFully(status: EventStatus) {
  const { contract } = status
  return {
    ...describeEvent(status),
    settings: {
      topic: contract.topic,
      partitions: contract.partitions,
      idle_ms: contract.idleMs,
      idle_advance: contract.idleAdvance,
      dedup_window_ms: contract.dedupWindowMs,
      unknown_fields: contract.unknownFields,
      on_invalid: contract.onInvalid ?? "reject",
      retention_ms: contract.retention.ms ?? null,
      retention_bytes: contract.retention.bytes ?? null,
      compression: contract.compression,
    },
    fingerprint: contract.fingerprint,
    json_schema: contract.jsonSchema,
  }
}
