/** What the threaded log and its thread say to each other beside appends. */
import type { ErrorData } from "../../std/error-data.ts"
import type { TopicInfo, TopicSpec } from "../log.ts"
import type { LogProblem } from "../problems.ts"
import type { LogLimits } from "./limits.ts"
import type { Verify } from "./recovery.ts"

/** Kinds of frames in the ring. */
export const FRAME_KIND = { append: 1, call: 2 } as const

/** Handed to the thread when it starts. */
export interface ThreadStart {
  readonly directory: string
  readonly limits: LogLimits
  readonly verify: Verify
  readonly ring: SharedArrayBuffer
}

/** A request that is answered by one message; JSON in a frame of kind `call`. */
export type Call =
  | { readonly method: "createTopic"; readonly spec: TopicSpec }
  | { readonly method: "openWriter"; readonly topic: string }
  | {
      readonly method: "read"
      readonly topic: string
      readonly partition: number
      readonly offset: number
      readonly maxBytes: number
    }
  | { readonly method: "range"; readonly topic: string; readonly partition: number }
  | {
      readonly method: "offsetAtTime"
      readonly topic: string
      readonly partition: number
      readonly timeMs: number
    }
  | {
      readonly method: "hold"
      readonly holder: string
      readonly topic: string
      readonly partition: number
      readonly offset: number
    }
  | { readonly method: "pin"; readonly directory: string }
  | { readonly method: "close" }

export interface FramedCall {
  readonly ticket: number
  readonly call: Call
}

export type ThreadMessage =
  | { readonly kind: "ready"; readonly logId: string; readonly topics: readonly TopicInfo[] }
  | { readonly kind: "failed"; readonly error: ErrorData }
  /** Three numbers for each append of a group: ticket, base offset, append time. */
  | { readonly kind: "appended"; readonly results: Float64Array }
  | { readonly kind: "answer"; readonly ticket: number; readonly value: unknown }
  | { readonly kind: "refused"; readonly ticket: number; readonly error: ErrorData }
  | { readonly kind: "problem"; readonly action: LogProblem["action"]; readonly error: ErrorData }
