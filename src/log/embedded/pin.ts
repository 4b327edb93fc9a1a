/**
 * The log's files as of one instant, under second names, so that they can be copied while the log goes on:
 * appends only lengthen what is pinned, and retention and compaction take away the first name only. What is
 * pinned opens as a log, cut where it was acknowledged; its marks say so, so nothing needs to be concluded.
 */
import type { Disk } from "../../std/disk.ts"
import type { PinnedFile } from "../log.ts"
import { MARKS_FILE, marksFile } from "./durable-marks.ts"
import { MANIFEST_FILE, type Manifest, manifestFile } from "./manifest.ts"
import type { Partition } from "./partition.ts"
import { segmentName } from "./segment.ts"

export interface PinRequest {
  readonly disk: Disk
  /** Absolute; empty or not there, on the log's disk. */
  readonly directory: string
  readonly manifest: Manifest
  /** By slot; nothing is under way in any of them. */
  readonly partitions: readonly Partition[]
}

export function pinLog({ disk, directory, manifest, partitions }: PinRequest): PinnedFile[] {
  disk.makeDirectory(directory)
  const own: readonly (readonly [string, Uint8Array])[] = [
    [MANIFEST_FILE, manifestFile(manifest)],
    [MARKS_FILE, marksFile(partitions.map(({ mark }) => mark))],
  ]
  const written = own.map(([path, bytes]) => {
    const file = disk.open(`${directory}/${path}`, { create: true })
    try {
      file.write(bytes, 0)
    } finally {
      file.close()
    }
    return { path, sizeBytes: bytes.length }
  })
  return [...written, ...partitions.flatMap((partition) => pinPartition(disk, directory, partition))]
}

function pinPartition(disk: Disk, directory: string, { place, segments }: Partition): PinnedFile[] {
  const folder = `${place.topic}/${place.partition}`
  disk.makeDirectory(`${directory}/${folder}`)
  return segments.map(({ path, base, sizeBytes }) => {
    const name = `${folder}/${segmentName(base)}.log`
    disk.link(`${path}.log`, `${directory}/${name}`)
    return { path: name, sizeBytes }
  })
}
