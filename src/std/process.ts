/**
 * Processes as an argument: a module of ours that runs in a process of its own. Its standard input is the
 * line to its parent: it ends when the parent lets go of it or dies, and a module that was started this way
 * ends itself then.
 */

export interface ProcessStart {
  /** The module that is its entry. */
  readonly module: URL
  readonly args: readonly string[]
  /** Beside what the parent's environment has. */
  readonly environment: Readonly<Record<string, string>>
  /** Each line of its standard output. */
  readonly line: (line: string) => void
}

export interface ProcessEnd {
  readonly code: number | null
  /** The signal that ended it. */
  readonly signal: string | null
  /** The end of what it wrote to standard error. */
  readonly errors: string
}

export interface ChildProcess {
  readonly pid: number
  /** Resolves when it has ended; never rejects. One that could not start has code and signal null. */
  readonly done: Promise<ProcessEnd>
  /** Lets go of it: its standard input ends. */
  release(): void
  /** Ends it at once. */
  kill(): void
}

export interface Processes {
  start(start: ProcessStart): ChildProcess
}
