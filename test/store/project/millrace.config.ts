import { defineConfig } from "millrace"

export default defineConfig({ name: "readings", checkpoints: { interval: "1 s" } })
