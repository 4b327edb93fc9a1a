/**
 * The page is built to static files with relative paths, so that the platform can serve it anywhere. Nothing
 * is inlined into the document: the platform's Content-Security-Policy allows scripts from itself only. In
 * development, `vite` passes the API on to a platform at port 4600.
 */
import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"

const PLATFORM = "http://127.0.0.1:4600"

export default defineConfig({
  base: "./",
  plugins: [react()],
  build: {
    target: "es2022",
    outDir: "dist",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: {
    proxy: Object.fromEntries(
      ["/v1", "/healthz", "/readyz", "/metrics", "/openapi.json"].map((path) => [
        path,
        { target: PLATFORM, changeOrigin: true },
      ]),
    ),
  },
})
