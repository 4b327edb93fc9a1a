/** For platform.test.ts: without a store, which no process needs. */
import { defineConfig } from "millrace"

export default defineConfig({ name: "doors", store: false })
