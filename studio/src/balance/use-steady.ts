/** What has been missing from a balance for some answers in a row: 0 while it adds up or has just moved. */
import { useEffect, useRef, useState } from "react"
import { STEADY_LOOKS, steadyMissing } from "./balance.ts"

/** `look` is new with every answer of the platform. */
export function useSteadyMissing(missing: number, look: unknown): number {
  const recent = useRef<number[]>([])
  const [steady, setSteady] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same number in another answer is news
  useEffect(() => {
    recent.current = [...recent.current, missing].slice(-STEADY_LOOKS)
    setSteady(steadyMissing(recent.current))
  }, [missing, look])
  return steady
}
