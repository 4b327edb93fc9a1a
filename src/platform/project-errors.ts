/** Errors of a user's project folder and of its modules. Documented in docs/errors.md. */
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
      `${directory} has more than ${limit} TypeScript modules; a project's modules are all loaded at its start. ` +
      "Keep the project in a folder of its own.",
    details: { directory, limit },
  })
}
