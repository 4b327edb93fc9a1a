/** Errors of a user's project folder and of its modules. Documented in docs/errors.md. */
import type { Problem } from "../plan/plan.ts"
import { PlatformError } from "../std/errors.ts"

export function invalidConfig(reason: string): PlatformError {
  return new PlatformError({
    code: "invalid-config",
    domain: "user",
    message: `defineConfig: ${reason}`,
  })
}

export function projectNotFound(directory: string, reason: string): PlatformError {
  return new PlatformError({
    code: "project-not-found",
    domain: "user",
    message: `${directory} is not a Millrace project: ${reason}`,
    details: { directory },
  })
}

export function projectTooLarge(directory: string, limit: number): PlatformError {
  return new PlatformError({
    code: "project-too-large",
    domain: "user",
    message:
      `${directory} has more than ${limit} TypeScript modules; all of them are loaded at its start. ` +
      "Keep the project in a folder of its own.",
    details: { directory, limit },
  })
}

export function projectHasProblems(directory: string, problems: readonly Problem[]): PlatformError {
  const lines = problems.map(({ where, message, suggestion }) => {
    return `  ${where}: ${message}${suggestion === null ? "" : `; ${suggestion}`}`
  })
  return new PlatformError({
    code: "project-has-problems",
    domain: "user",
    message: [`The project in ${directory} cannot start:`, ...lines, "millrace check shows the places."].join(
      "\n",
    ),
    details: { problems },
  })
}

export function dataDirectoryUnusable(directory: string, cause: unknown): PlatformError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new PlatformError({
    code: "data-directory-unusable",
    domain: "external",
    message:
      `The folder of all data, ${directory}, cannot be made or written (${why}); ` +
      "give this user the right to, or choose another with --data.",
    details: { directory },
    cause,
  })
}

export function exportFailed(path: string, why: string, cause?: unknown): PlatformError {
  return new PlatformError({
    code: "export-failed",
    domain: "external",
    message: `${path} could not be written: ${why}`,
    details: { path },
    cause,
  })
}
