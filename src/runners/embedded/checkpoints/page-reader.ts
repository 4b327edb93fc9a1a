/** Reads the pages of a checkpoint: file by file, from begin to end, into the memory that they stay in. */
import type { PageTarget, PageTargets } from "../../../engine/engine-checkpoint.ts"
import type { Disk } from "../../../std/disk.ts"
import { checkpointCorrupt } from "../errors.ts"
import { type KnownPage, type KnownPages, KnownPagesBuilder, readPage } from "./known-pages.ts"
import { blankHashes, blockCount, pageHash, updateHashes } from "./page-blocks.ts"
import { type PageFile, type ReadRecord, readPageFile } from "./page-file.ts"
import type { ListedPage } from "./page-list.ts"

interface PageSource {
  /** Of the checkpoint, for those who read what went wrong. */
  readonly path: string
  readonly files: readonly { readonly file: PageFile; readonly path: string }[]
  readonly pages: readonly ListedPage[]
  readonly targets: PageTargets
}

type Found = Pick<KnownPage, "whole" | "patches">

/** @throws PlatformError checkpoint-corrupt when a page is not the one that was captured */
export function readPages(disk: Disk, { path, files, pages, targets }: PageSource): KnownPages {
  const images = new Map<number, PageTarget>()
  for (const { group, index, key } of pages) {
    const target = targets.of({ group, index, key })
    if (target === null && !targets.isWhole) continue
    if (target === null) throw checkpointCorrupt(path, `page ${index} of ${group} has no place in the state`)
    images.set(key, target)
  }
  const found = new Map<number, Found>()
  for (const { file, path: from } of files) {
    readPageFile(disk, { path: from, file }, (record) => {
      const target = images.get(record.key)
      // Of a page that is gone, or of blocks of one that is written whole in a later file.
      if (target === undefined || (!record.isWhole && !found.has(record.key))) return
      if (target.sizeBytes !== record.sizeBytes) throw checkpointCorrupt(from, "a page has another size")
      target.change((image) => record.apply(image))
      found.set(record.key, withRecord(found.get(record.key), file.number, record))
    })
  }
  const known = new KnownPagesBuilder()
  for (const page of pages) {
    const target = images.get(page.key)
    if (target !== undefined) known.add(checkedPage(path, page, { target, found }))
  }
  const all = files.map(({ file }) => file)
  // A restored engine stamps what it writes to with more than 0.
  return known.build(all, 0)
}

function withRecord(before: Found | undefined, file: number, { isWhole, recordBytes }: ReadRecord): Found {
  const place = { file, bytes: recordBytes }
  if (isWhole || before === undefined) return { whole: place, patches: [] }
  return { whole: before.whole, patches: [...before.patches, place] }
}

function checkedPage(
  path: string,
  { group, index, key, hash }: ListedPage,
  { target, found }: { readonly target: PageTarget; readonly found: ReadonlyMap<number, Found> },
): KnownPage {
  const place = found.get(key)
  if (place === undefined) throw checkpointCorrupt(path, `page ${index} of ${group} is missing`)
  const image = target.image()
  const hashes = blankHashes(image.length)
  updateHashes(image, hashes, new Uint8Array(blockCount(image.length)))
  const { low, high } = pageHash(hashes)
  if (low !== hash.low || high !== hash.high) {
    throw checkpointCorrupt(path, `page ${index} of ${group} is not as it was written`)
  }
  return readPage({ key, sizeBytes: image.length, hash, hashes, ...place })
}
