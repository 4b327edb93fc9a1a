/** How V8 compiles WebAssembly in this process. */
import { setFlagsFromString } from "node:v8"

/**
 * With the quick compiler only. PostgreSQL's parser has functions so large that V8's optimizing compiler
 * takes 500 MB and half a second of a core for them, right after the first statement, and a platform parses
 * only when it starts. Call it before the first module is compiled; a V8 without these flags says so and
 * goes on.
 */
export function compileWasmQuickly(): void {
  setFlagsFromString("--no-wasm-tier-up")
  setFlagsFromString("--no-wasm-dynamic-tiering")
}
