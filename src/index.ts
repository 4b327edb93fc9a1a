/** The words that a project is written in: `import { event, view, defineConfig } from "millrace"`. */
export { view } from "./plan/view.ts"
export type { ProjectConfig, ProjectOptions } from "./platform/config.ts"
export { defineConfig } from "./platform/config.ts"
export { isPlatformError, PlatformError } from "./std/errors.ts"
