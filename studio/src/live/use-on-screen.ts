/**
 * Whether an element is in or near the viewport of a page that is looked at: work for it can wait otherwise.
 */
import { type RefObject, useEffect, useState } from "react"

/** Starts a little before it is scrolled into sight. */
const MARGIN = "240px"

export function useOnScreen(element: RefObject<Element | null>): boolean {
  const [near, setNear] = useState(false)
  const [looked, setLooked] = useState(!document.hidden)
  useEffect(() => {
    const target = element.current
    if (target === null) return
    const observer = new IntersectionObserver((entries) => setNear(entries.at(-1)?.isIntersecting ?? false), {
      rootMargin: MARGIN,
    })
    observer.observe(target)
    const look = (): void => setLooked(!document.hidden)
    document.addEventListener("visibilitychange", look)
    return () => {
      observer.disconnect()
      document.removeEventListener("visibilitychange", look)
    }
  }, [element])
  return near && looked
}
