/**
 * The lake read by readers that are not ours: icebird walks metadata and manifests, hyparquet takes the
 * Parquet files apart. An offset that is there twice is an error, as is a table that has not what its
 * snapshot says.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { zstdDecompressSync } from "node:zlib"
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet"
import { icebergManifests, icebergMetadata } from "icebird"

/** Records of a partition by offset. */
export type Values = Map<number, Buffer>

export interface Lake {
  /** By topic and partition. */
  readonly topics: ReadonlyMap<string, ReadonlyMap<number, Values>>
  readonly lakeTables: number
  readonly lakeFiles: number
  readonly lakeRecords: number
}

interface StoredRow {
  readonly _topic: string
  readonly _partition: number
  readonly _offset: bigint
  readonly _value: Uint8Array
}

const OFFSETS = "millrace.offsets."
const compressors = {
  ZSTD: (input: Uint8Array, outputLength: number) =>
    zstdDecompressSync(input, { maxOutputLength: outputLength + 1 }),
}

export async function readLake(directory: string): Promise<Lake> {
  const topics = new Map<string, Map<number, Values>>()
  const ends = new Map<string, number>()
  const tables = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  let lakeFiles = 0
  let lakeRecords = 0
  for (const { name } of tables) {
    const { files, offsets } = await walk(directory, name)
    lakeFiles += files.length
    for (const path of files) lakeRecords += await readFile(path, topics)
    for (const [topic, nexts] of offsets)
      nexts.forEach((next, partition) => void ends.set(`${topic}/${partition}`, next))
  }
  for (const [place, end] of ends) {
    const [topic, partition] = place.split("/")
    const found = topics.get(topic!)?.get(Number(partition))?.size ?? 0
    if (found !== end) throw new Error(`the lake says it has ${place} up to ${end}, and has ${found} records`)
  }
  return { topics, lakeTables: tables.length, lakeFiles, lakeRecords }
}

/** The data files of a table's current snapshot, and the next offsets that its summary names. */
async function walk(
  directory: string,
  table: string,
): Promise<{ files: string[]; offsets: [topic: string, nexts: number[]][] }> {
  return await withFetchFromDisk(directory, async () => {
    const metadata = await icebergMetadata({ tableUrl: join(directory, table) })
    const manifests = await icebergManifests(metadata)
    const entries = manifests.flatMap((manifest) => manifest.entries).filter(({ status }) => status !== 2)
    const current = metadata.snapshots!.find(
      (snapshot) => snapshot["snapshot-id"] === metadata["current-snapshot-id"],
    )!
    const offsets = Object.entries(current.summary as Record<string, string>)
      .filter(([key]) => key.startsWith(OFFSETS))
      .map(([key, text]): [string, number[]] => [key.slice(OFFSETS.length), offsetsOf(text)])
    return { files: entries.map(({ data_file }) => data_file.file_path), offsets }
  })
}

function offsetsOf(text: string): number[] {
  return text
    .replace(/[[\]]/g, "")
    .split(",")
    .filter((part) => part !== "")
    .map(Number)
}

async function readFile(path: string, topics: Map<string, Map<number, Values>>): Promise<number> {
  const rows = (await parquetReadObjects({
    file: await asyncBufferFromFile(path),
    columns: ["_topic", "_partition", "_offset", "_value"],
    utf8: false,
    compressors,
  })) as unknown as StoredRow[]
  for (const { _topic, _partition, _offset, _value } of rows) {
    const topic = typeof _topic === "string" ? _topic : Buffer.from(_topic).toString("utf8")
    const values = placeOf(topics, topic, _partition)
    const offset = Number(_offset)
    if (values.has(offset)) throw new Error(`the lake has ${topic}/${_partition}/${offset} twice`)
    values.set(offset, Buffer.from(_value))
  }
  return rows.length
}

function placeOf(topics: Map<string, Map<number, Values>>, topic: string, partition: number): Values {
  const partitions = topics.get(topic) ?? new Map<number, Values>()
  topics.set(topic, partitions)
  const values = partitions.get(partition) ?? new Map<number, Buffer>()
  partitions.set(partition, values)
  return values
}

/** icebird reads over HTTP only; its requests for the lake's own paths are answered from the disk. */
async function withFetchFromDisk<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const realFetch = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    const path = String(input)
    return path.startsWith(directory) ? new Response(readFileSync(path)) : realFetch(input, init)
  }
  try {
    return await work()
  } finally {
    globalThis.fetch = realFetch
  }
}
