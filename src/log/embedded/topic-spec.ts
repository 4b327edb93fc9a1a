/** What a topic may be, and whether two definitions of one agree. */
import { topicExists, topicInvalid } from "../errors.ts"
import type { TopicInfo, TopicSpec } from "../log.ts"

/** Each partition costs a folder, an open file and a sync per group that touches it. */
const MOST_PARTITIONS = 4096

/** @throws topic-invalid */
export function checkTopicSpec(spec: TopicSpec): void {
  const { name, partitions } = spec
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(name) || name === "." || name === "..") {
    throw topicInvalid(name, 'a name has 1 to 249 of a-z, A-Z, 0-9, ".", "_", "-" and is not "." or ".."')
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MOST_PARTITIONS) {
    throw topicInvalid(name, `it has ${partitions} partitions; 1 to ${MOST_PARTITIONS} are possible`)
  }
  for (const [field, value] of Object.entries({
    retentionMs: spec.retentionMs,
    retentionBytes: spec.retentionBytes,
  })) {
    if (value !== undefined && !(value >= 0)) throw topicInvalid(name, `${field} is ${value}; use 0 or more`)
  }
}

/** @throws topic-exists when `spec` asks for something that an existing topic cannot become. */
export function checkSameTopic(existing: TopicInfo, spec: TopicSpec): void {
  const cleanup = existing.cleanup ?? "delete"
  if (existing.partitions === spec.partitions && cleanup === (spec.cleanup ?? "delete")) return
  throw topicExists(spec.name, `${existing.partitions} partitions and cleanup "${cleanup}"`)
}

/** The spec's own fields, without what else the object may carry. */
export function plainSpec(spec: TopicSpec): TopicSpec {
  return {
    name: spec.name,
    partitions: spec.partitions,
    cleanup: spec.cleanup ?? "delete",
    compression: spec.compression ?? "none",
    ...(spec.retentionMs === undefined ? {} : { retentionMs: spec.retentionMs }),
    ...(spec.retentionBytes === undefined ? {} : { retentionBytes: spec.retentionBytes }),
  }
}
