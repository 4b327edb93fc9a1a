/**
 * The thread that makes large blocks for the store (block-encoder.ts), below the threads that answer and run
 * the engine.
 */
import { lowerThreadPriority, threadParent } from "../../std/node/thread.ts"
import type { EncodeAnswer, EncodeRequest } from "./block-encoder.ts"
import { nativeBlock } from "./native-block.ts"

/** As the store's process. */
const NICE = 10

const parent = threadParent()
lowerThreadPriority(NICE)
parent.listen((message) => {
  // The parent needs none any more.
  if (message === null) return parent.close()
  const { columns, packed } = message as EncodeRequest
  let answer: EncodeAnswer
  try {
    answer = { bytes: nativeBlock(columns, packed), chunks: packed.chunks }
  } catch (error) {
    return parent.post({ failure: error instanceof Error ? error.message : String(error) })
  }
  parent.post(answer, [answer.bytes.buffer, ...packed.chunks])
})
