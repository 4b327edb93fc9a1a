/** The orders of a shop, line by line. */
import { defineConfig } from "millrace"

export default defineConfig({ name: "retail", description: "The orders of a shop in the United Kingdom." })
