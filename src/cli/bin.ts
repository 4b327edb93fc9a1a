/** The program behind the command `millrace`. */
import { dirname } from "node:path"
import { compileCacheFolder, useCompileCache } from "../std/node/compile-cache.ts"
import { compileWasmQuickly } from "../std/node/wasm-compiler.ts"

compileWasmQuickly()
useCompileCache(compileCacheFolder(dirname(dirname(import.meta.dirname))), process.env)
// Only what is loaded behind these lines is compiled so.
const { main } = await import("./main.ts")
const { processTerminal } = await import("./terminal.ts")
const args = process.argv.slice(2)
const code = await main(args, processTerminal({ color: !args.includes("--no-color") }))
// Whatever is left open now was closed as well as it can be; only our output still has to leave.
process.stdout.write("", () => process.exit(code))
