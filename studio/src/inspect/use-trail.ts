/** The questions that led to the one on the sheet, oldest first; empty while the sheet is closed. */
import { useCallback, useState } from "react"
import { type Question, questionName } from "./question.ts"

/** A reader who goes round in circles loses the oldest steps. */
const LONGEST_TRAIL = 50

export interface Trail {
  readonly questions: readonly Question[]
  ask(question: Question): void
  back(): void
  close(): void
}

const NONE: readonly Question[] = []

export function useTrail(): Trail {
  const [questions, setQuestions] = useState(NONE)
  const ask = useCallback((question: Question) => {
    setQuestions((before) => {
      const last = before.at(-1)
      if (last !== undefined && questionName(last) === questionName(question)) return before
      return [...before, question].slice(-LONGEST_TRAIL)
    })
  }, [])
  const back = useCallback(() => setQuestions((before) => before.slice(0, -1)), [])
  const close = useCallback(() => setQuestions(NONE), [])
  return { questions, ask, back, close }
}
