/**
 * The topics of a log as its manifest has them: definitions, fences and holds. A change is durable before it
 * counts; the partitions themselves belong to the core.
 */
import type { Disk } from "../../std/disk.ts"
import type { Random } from "../../std/random.ts"
import { logCorrupt, topicInvalid, unknownTopic } from "../errors.ts"
import type { TopicInfo, TopicSpec } from "../log.ts"
import {
  type Hold,
  type Manifest,
  type ManifestTopic,
  newManifest,
  randomId,
  readManifest,
  writeManifest,
} from "./manifest.ts"
import { checkSameTopic, checkTopicSpec, plainSpec } from "./topic-spec.ts"

export class Catalog {
  readonly #disk: Disk
  readonly #directory: string
  readonly #random: Random
  #manifest: Manifest
  #byName: ReadonlyMap<string, ManifestTopic>

  private constructor(disk: Disk, directory: string, random: Random, manifest: Manifest) {
    this.#disk = disk
    this.#directory = directory
    this.#random = random
    this.#manifest = manifest
    this.#byName = new Map(manifest.topics.map((topic) => [topic.name, topic]))
  }

  /** Reads the manifest or makes the first one. @throws log-corrupt */
  static open(options: {
    readonly disk: Disk
    readonly directory: string
    readonly random: Random
  }): Catalog {
    const { disk, directory, random } = options
    let manifest = readManifest(disk, directory)
    if (manifest === null) {
      refuseStrayTopics(disk, directory)
      makeDurableDirectory(disk, directory)
      manifest = newManifest(random)
      writeManifest(disk, directory, manifest)
    }
    return new Catalog(disk, directory, random, manifest)
  }

  get manifest(): Manifest {
    return this.#manifest
  }

  get logId(): string {
    return this.#manifest.logId
  }

  get stampKey(): number {
    return this.#manifest.stampKey
  }

  get topics(): readonly ManifestTopic[] {
    return this.#manifest.topics
  }

  /** Partitions of all topics. */
  get slots(): number {
    return this.topics.reduce((sum, topic) => sum + topic.partitions, 0)
  }

  find(name: string): ManifestTopic | undefined {
    return this.#byName.get(name)
  }

  /** @throws unknown-topic */
  get(name: string): ManifestTopic {
    const topic = this.#byName.get(name)
    if (topic === undefined) throw unknownTopic(name)
    return topic
  }

  /** A definition for a new topic, which `add` makes durable. @throws topic-invalid */
  define(spec: TopicSpec): ManifestTopic {
    checkTopicSpec(spec)
    const twin = this.topics.find(({ name }) => name.toLowerCase() === spec.name.toLowerCase())
    if (twin !== undefined)
      throw topicInvalid(spec.name, `it differs from the topic ${twin.name} in case only`)
    return { ...plainSpec(spec), topicId: randomId(this.#random), firstSlot: this.slots, fence: 0 }
  }

  add(topic: ManifestTopic): void {
    this.#save({ ...this.#manifest, topics: [...this.topics, topic] })
  }

  /** Gives a topic the retention and compression of `spec`. @throws topic-exists when more differs */
  change(existing: ManifestTopic, spec: TopicSpec): ManifestTopic {
    checkTopicSpec(spec)
    checkSameTopic(existing, spec)
    const { topicId, firstSlot, fence } = existing
    return this.#replace({ ...plainSpec(spec), topicId, firstSlot, fence })
  }

  /** The next writer's fence, durable when it returns. */
  raiseFence(name: string): number {
    const topic = this.get(name)
    return this.#replace({ ...topic, fence: topic.fence + 1 }).fence
  }

  #replace(topic: ManifestTopic): ManifestTopic {
    if (JSON.stringify(this.get(topic.name)) !== JSON.stringify(topic)) {
      const topics = this.topics.map((other) => (other.name === topic.name ? topic : other))
      this.#save({ ...this.#manifest, topics })
    }
    return topic
  }

  /** Durable at once when it is new or moves back; one that moves on needs no sync to stay safe. */
  hold(hold: Hold): void {
    const isSame = (other: Hold) =>
      other.holder === hold.holder && other.topic === hold.topic && other.partition === hold.partition
    const before = this.#manifest.holds.find(isSame)
    const others = this.#manifest.holds.filter((other) => !isSame(other))
    const isRelease = hold.offset >= Number.MAX_SAFE_INTEGER
    const manifest = { ...this.#manifest, holds: isRelease ? others : [...others, hold] }
    const isSafeInMemory = before === undefined ? isRelease : !isRelease && hold.offset >= before.offset
    if (isSafeInMemory) this.#manifest = manifest
    else this.#save(manifest)
  }

  /** The lowest offset that anyone holds in the partition; MAX_SAFE_INTEGER when nobody does. */
  heldFrom(topic: string, partition: number): number {
    let lowest = Number.MAX_SAFE_INTEGER
    for (const hold of this.#manifest.holds) {
      if (hold.topic === topic && hold.partition === partition) lowest = Math.min(lowest, hold.offset)
    }
    return lowest
  }

  #save(manifest: Manifest): void {
    writeManifest(this.#disk, this.#directory, manifest)
    this.#manifest = manifest
    this.#byName = new Map(manifest.topics.map((topic) => [topic.name, topic]))
  }
}

/** What users of the log see of a topic. */
export function topicInfo(topic: ManifestTopic): TopicInfo {
  return { ...plainSpec(topic), topicId: topic.topicId }
}

/** A lost list of topics beside folders of topics is damage, not a new log. */
function refuseStrayTopics(disk: Disk, directory: string): void {
  const stray = disk.list(directory).find((name) => disk.list(`${directory}/${name}/0`).length > 0)
  if (stray === undefined) return
  const place = { file: `${directory}/+topics`, position: 0, offset: 0 }
  throw logCorrupt(place, `the list of topics is missing, though the topic ${stray} has data`)
}

/**
 * Makes the folder and those above it. Every one of them is synced, since an earlier start that was
 * interrupted may have made it; once there is a manifest all of them are known to be durable.
 */
function makeDurableDirectory(disk: Disk, directory: string): void {
  disk.makeDirectory(directory)
  for (let path = directory; path !== "/" && path !== ""; ) {
    path = path.slice(0, path.lastIndexOf("/")) || "/"
    disk.syncDirectory(path)
  }
}
