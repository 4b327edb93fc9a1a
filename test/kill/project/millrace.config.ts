import { defineConfig } from "millrace"

// Small segments and frequent checkpoints, so that kills meet them often.
export default defineConfig({
  name: "kill",
  log: { segmentBytes: 2 * 1024 * 1024 },
  checkpoints: { interval: "700 ms" },
})
