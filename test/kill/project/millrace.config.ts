import { defineConfig } from "millrace"

// Small segments, frequent checkpoints and a lake in a hurry, so that kills meet them often.
export default defineConfig({
  name: "kill",
  log: { segmentBytes: 1024 * 1024 },
  checkpoints: { interval: "700 ms" },
  lake: { interval: "1 s" },
})
