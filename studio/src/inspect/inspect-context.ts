/**
 * Lets any part of the page ask the sheet something. The function stays the same, so that nothing renders.
 */
import { createContext, useContext } from "react"
import type { Question } from "./question.ts"

export type Inspect = (question: Question) => void

export const InspectContext = createContext<Inspect>(() => {
  throw new Error("a part of the page that asks stands inside the InspectContext")
})

export function useInspect(): Inspect {
  return useContext(InspectContext)
}
