/** What one writes first: node:http, JSON.parse of every line, append to a file, fdatasync, answer. */
import { open } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

export interface NaiveServer {
  readonly url: string
  close(): Promise<void>
}

export async function startNaive(path: string): Promise<NaiveServer> {
  const file = await open(path, "a")
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const body = Buffer.concat(chunks)
      const lines = body.toString("utf8").split("\n")
      let accepted = 0
      for (const line of lines) {
        if (line === "") continue
        const row = JSON.parse(line) as { readonly id?: unknown; readonly date_time?: unknown }
        if (typeof row.id === "string" && !Number.isNaN(Date.parse(String(row.date_time)))) accepted++
      }
      file
        .appendFile(body)
        .then(() => file.datasync())
        .then(() => {
          response.setHeader("content-type", "application/json")
          response.end(JSON.stringify({ accepted }))
        })
        .catch((error: unknown) => response.destroy(error as Error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await file.close()
    },
  }
}
