/** `node test/fuzz-decoder.ts --count 1000000 --seed 1`: the decoder against JSON.parse and the schema. */
import { fuzzDecoder } from "./fuzz/fuzz-decoder.ts"
import { runArguments } from "./kit/run-arguments.ts"

const { count, seed } = runArguments("npm run fuzz --", { count: 100_000, seed: 1 })
const started = performance.now()
let shown = 0
const result = fuzzDecoder({
  rows: count,
  seed,
  onProgress: (rows) => {
    if (rows - shown < 50_000) return
    shown = rows
    console.log(`${rows} rows`)
  },
})
const seconds = ((performance.now() - started) / 1000).toFixed(1)
console.log(`${result.rows} rows, ${result.accepted} accepted, ${result.rejected} rejected, ${seconds} s`)
for (const difference of result.differences) console.log(`DIFFERENT ${difference}`)
process.exitCode = result.differences.length === 0 ? 0 : 1
