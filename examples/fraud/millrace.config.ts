/** Cards that are being misused. */
import { defineConfig } from "millrace"

export default defineConfig({ name: "fraud", description: "Payments by card, and what is odd about them." })
