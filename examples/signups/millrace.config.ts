/** The project's name; everything else has its default. */
import { defineConfig } from "millrace"

export default defineConfig({ name: "signups" })
