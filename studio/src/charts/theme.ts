/** The page's colours for a canvas, which cannot read CSS variables by itself. */
import { useSyncExternalStore } from "react"

export interface Theme {
  readonly quiet: string
  readonly grid: string
  readonly wash: string
  readonly font: string
  readonly series: readonly string[]
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  return {
    quiet: colour("--ink-3"),
    grid: colour("--line"),
    wash: colour("--wash"),
    font: `11px ${colour("--sans")}`,
    series: [1, 2, 3, 4, 5].map((index) => colour(`--series-${index}`)),
  }
}

const dark = matchMedia("(prefers-color-scheme: dark)")

/** Renders again when the reader's scheme changes. */
export function useTheme(): "dark" | "light" {
  return useSyncExternalStore(
    (changed) => {
      dark.addEventListener("change", changed)
      return () => dark.removeEventListener("change", changed)
    },
    () => (dark.matches ? "dark" : "light"),
  )
}
