/** Writes one checkpoint part by part; nothing of it counts before `finish`. */
import type { CheckpointPart, PageMark } from "../../../engine/engine-checkpoint.ts"
import type { Disk } from "../../../std/disk.ts"
import type { CheckpointManifest } from "../checkpoint-store.ts"
import { type KnownPage, type KnownPages, PageAttempt } from "./known-pages.ts"
import { type PageFile, PageFileWriter } from "./page-file.ts"
import { PageListWriter } from "./page-list.ts"
import { PartFileWriter } from "./part-file.ts"

interface WriterParts {
  /** Of the checkpoint's own file. */
  readonly path: string
  /** A number that no file of pages has, and the path of the file with a number. */
  readonly nextNumber: () => number
  readonly pagesPath: (number: number) => string
  /** A file of pages that is so large is followed by another one. */
  readonly fileBytes: number
  readonly generation: number
  readonly known: KnownPages
  readonly syncNames: () => Promise<void>
  readonly onDurable: (known: KnownPages) => Promise<void>
}

/** The part with what the runner needs, as JSON. It comes last. */
export const MANIFEST = "manifest"
const WRITING = ".writing"

export class CheckpointWriter {
  readonly #disk: Disk
  readonly #parts: WriterParts
  readonly #attempt: PageAttempt
  readonly #own: PartFileWriter
  /** Of pages, the last one still being written. */
  readonly #files: { readonly number: number; readonly writer: PageFileWriter }[] = []
  #nextNumber: number
  readonly #list = new PageListWriter()

  constructor(disk: Disk, parts: WriterParts) {
    this.#disk = disk
    this.#parts = parts
    this.#attempt = new PageAttempt(parts.known)
    this.#nextNumber = parts.nextNumber()
    this.#own = new PartFileWriter(disk, `${parts.path}${WRITING}`)
  }

  /** Whether the page is on disk as it is: then its bytes are not wanted. */
  isHeld(page: PageMark): boolean {
    return this.#attempt.isHeld(page)
  }

  /** Takes the part over; `flush` writes it. */
  write(part: CheckpointPart): void {
    if (part.page === undefined) this.#own.write(part)
    else this.#list.add(part.page.group, this.#place(part.page, part.bytes))
  }

  /** Writes what has been taken over. Nothing may be written until it resolves. */
  async flush(): Promise<void> {
    await this.#own.flush()
    for (const { writer } of this.#files) await writer.flush()
  }

  /** Makes the checkpoint count. Epochs go on while the disk syncs. */
  async finish(manifest: CheckpointManifest): Promise<void> {
    const { path, pagesPath, generation, syncNames, onDurable } = this.#parts
    const written = this.#files.map(({ number, writer }): PageFile => ({ number, ...writer.extent }))
    const known = this.#attempt.finish(generation, written)
    for (const part of this.#list.parts(known.files)) this.#own.write(part)
    this.#own.write({ name: MANIFEST, bytes: Buffer.from(JSON.stringify(manifest)) })
    for (const { writer } of this.#files) await writer.sync()
    await this.#own.end()
    this.#close()
    for (const { number } of written) {
      this.#disk.rename(`${pagesPath(number)}${WRITING}`, pagesPath(number))
    }
    if (written.length > 0) await syncNames()
    this.#disk.rename(`${path}${WRITING}`, path)
    await syncNames()
    await onDurable(known)
  }

  abandon(): void {
    this.#attempt.abandon()
    this.#close()
    const { path, pagesPath } = this.#parts
    for (const each of [path, ...this.#files.map(({ number }) => pagesPath(number))]) {
      this.#disk.remove(`${each}${WRITING}`)
    }
  }

  #place(page: PageMark, bytes: Uint8Array): KnownPage {
    if (this.#attempt.isHeld(page)) return this.#attempt.keep(page)
    const last = this.#files.at(-1)
    const current = last !== undefined && last.writer.extent.sizeBytes < this.#parts.fileBytes ? last : null
    const { known, record } = this.#attempt.place(page, bytes, current?.number ?? this.#nextNumber)
    if (record !== null) (current?.writer ?? this.#openFile()).write(record)
    return known
  }

  #openFile(): PageFileWriter {
    const number = this.#nextNumber
    const writer = new PageFileWriter(this.#disk, `${this.#parts.pagesPath(number)}${WRITING}`)
    this.#files.push({ number, writer })
    this.#nextNumber = this.#parts.nextNumber()
    return writer
  }

  #close(): void {
    this.#own.close()
    for (const { writer } of this.#files) writer.close()
  }
}
