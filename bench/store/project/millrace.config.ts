/** With the store or without, as the bench asks. */
import { defineConfig } from "millrace"

export default defineConfig({
  name: "store",
  // The lake has a bench of its own.
  lake: false,
  ...(process.env["MILLRACE_BENCH_STORE"] === "off" ? { store: false } : {}),
})
