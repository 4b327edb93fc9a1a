/** The project that the bench runs: two events, no views, no store: the door. */
import { defineConfig } from "millrace"

export default defineConfig({ name: "http-ingest", store: false })
