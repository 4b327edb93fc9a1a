/** The words that a project is written in: `import { event, view, defineConfig } from "millrace"`. */
export type { EventContract } from "./contracts/contract.ts"
export { event } from "./contracts/event.ts"
export {
  bytes,
  date,
  decimal,
  float64,
  int32,
  int64,
  json,
  timestamp,
} from "./contracts/field-types.ts"
export { view } from "./plan/view.ts"
export type { ProjectConfig, ProjectOptions } from "./platform/config.ts"
export { defineConfig } from "./platform/config.ts"
export { isPlatformError, PlatformError } from "./std/errors.ts"
