/** The program behind the command `millrace`. */
import { compileWasmQuickly } from "../std/node/wasm-compiler.ts"
import { main } from "./main.ts"
import { processTerminal } from "./terminal.ts"

compileWasmQuickly()
const args = process.argv.slice(2)
const code = await main(args, processTerminal({ color: !args.includes("--no-color") }))
// Whatever is left open now was closed as well as it can be; only our output still has to leave.
process.stdout.write("", () => process.exit(code))
