/** What the threaded workshop and its thread say to each other. */
import type { AcceptedRows } from "../../contracts/accepted-rows.ts"
import type { ErrorData } from "../../std/error-data.ts"
import type { WorkshopCalls } from "./workshop.ts"

/** Handed to the thread when it starts. */
export interface WorkshopStart {
  readonly contracts: readonly AcceptedRows[]
}

export type WorkshopRequest =
  | {
      readonly kind: "call"
      readonly ticket: number
      readonly name: keyof WorkshopCalls
      readonly parameters: readonly unknown[]
    }
  | { readonly kind: "close" }

export type WorkshopAnswer =
  | { readonly kind: "answer"; readonly ticket: number; readonly value: unknown }
  | { readonly kind: "refused"; readonly ticket: number; readonly error: ErrorData }
