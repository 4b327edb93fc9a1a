/** The project that the bench runs: two events, no views. */
import { defineConfig } from "millrace"

export default defineConfig({ name: "http-ingest" })
