/**
 * Runs a task again and again with a pause after each run, slower while it fails, and not at all while nobody
 * looks at the page.
 */

/** After failures the pause doubles up to this, so that a platform that starts again is found soon. */
const SLOWEST_RETRY_MS = 4_000

/** Returns a function that stops it. `task` gets the number of failures before this run. */
export function poll(task: () => Promise<void>, pauseMs: number): () => void {
  let stopped = false
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const run = async (): Promise<void> => {
    if (stopped) return
    if (!document.hidden) {
      try {
        await task()
        failures = 0
      } catch {
        // The task has shown the failure already; here it only sets the pace.
        failures++
      }
    }
    const pause = failures === 0 ? pauseMs : Math.min(SLOWEST_RETRY_MS, pauseMs * 2 ** failures)
    if (!stopped) timer = setTimeout(run, pause)
  }

  const wake = (): void => {
    if (document.hidden) return
    clearTimeout(timer)
    void run()
  }
  document.addEventListener("visibilitychange", wake)
  void run()
  return () => {
    stopped = true
    clearTimeout(timer)
    document.removeEventListener("visibilitychange", wake)
  }
}
