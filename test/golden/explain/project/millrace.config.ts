import { defineConfig } from "millrace"

export default defineConfig({ name: "explained", store: false, lake: false })
