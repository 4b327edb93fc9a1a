/** What is proven to be missing from a balance by the answers of the last half minute; 0: nothing is. */
import { useEffect, useRef, useState } from "react"
import { type CountRange, REMEMBERED_LOOKS, steadyMissing } from "./balance.ts"

/** `look` is new with every answer of the platform. */
export function useSteadyMissing({ from, to }: CountRange, look: unknown): number {
  const looks = useRef<CountRange[]>([])
  const [steady, setSteady] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same numbers in another answer are news
  useEffect(() => {
    looks.current = [...looks.current, { from, to }].slice(-REMEMBERED_LOOKS)
    setSteady(steadyMissing(looks.current))
  }, [from, to, look])
  return steady
}
