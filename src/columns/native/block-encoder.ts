/**
 * Makes Native blocks of packed rows: small ones at once, large ones in a thread of its own, which is started
 * with the first of them. A large block takes a tenth of a second, in which nobody else would be answered.
 */
import { assert } from "../../std/assert.ts"
import { siblingModule, startThread, type Thread } from "../../std/node/thread.ts"
import type { Column } from "../types.ts"
import { nativeBlock } from "./native-block.ts"
import type { PackedRows } from "./row-packer.ts"

export interface EncodedBlock {
  /** A buffer of its own. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Of the packed rows: nobody reads them any more. */
  readonly chunks: readonly ArrayBuffer[]
}

/** To the thread, which answers each with `EncodedBlock`, or with what went wrong, in order. */
export interface EncodeRequest {
  readonly columns: readonly Column[]
  readonly packed: PackedRows
}

export type EncodeAnswer = EncodedBlock | { readonly failure: string }

/** Takes less time than it would take to hand it over. */
const SMALL_BLOCK_ROWS = 1_000

interface Waiting {
  resolve(block: EncodedBlock): void
  reject(error: Error): void
}

export class BlockEncoder implements AsyncDisposable {
  #thread: Thread | null = null
  #waiting: Waiting[] = []
  #isClosed = false

  /** The packed rows' chunks are the encoder's until it gives them back. */
  async encode(columns: readonly Column[], packed: PackedRows): Promise<EncodedBlock> {
    assert(!this.#isClosed, "blocks are made while the encoder is open")
    if (packed.rows <= SMALL_BLOCK_ROWS) return { bytes: nativeBlock(columns, packed), chunks: packed.chunks }
    this.#thread ??= this.#start()
    const answer = new Promise<EncodedBlock>((resolve, reject) => this.#waiting.push({ resolve, reject }))
    const request: EncodeRequest = { columns, packed }
    this.#thread.post(request, packed.chunks)
    return answer
  }

  /** What is under way fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#thread?.post(null)
    await this.#thread?.done
  }

  #start(): Thread {
    const thread = startThread(siblingModule("encode-thread", import.meta.url), null, {
      message: (message) => {
        const answer = message as EncodeAnswer
        const { resolve, reject } = this.#waiting.shift()!
        if ("failure" in answer) reject(new Error(answer.failure))
        else resolve(answer)
      },
      ended: (error) => {
        this.#thread = null
        const reason = new Error("the thread that encodes blocks ended", { cause: error })
        for (const { reject } of this.#waiting.splice(0)) reject(reason)
      },
    })
    thread.keepAlive(false)
    return thread
  }
}
