/** The load of the freshness bench, a process of its own: URL EVENTS_PER_SECOND. Runs until it is killed. */
import { Agent, request } from "node:http"

const POSTS_PER_SECOND = 500
const PAGES = 1_000

const [url = "", rate = "50000"] = process.argv.slice(2)
const rowsPerPost = Math.round(Number(rate) / POSTS_PER_SECOND)
const agent = new Agent({ keepAlive: true, maxSockets: 16 })
const startedMs = performance.now()
let posts = 0
let row = 0

setInterval(() => {
  const due = ((performance.now() - startedMs) / 1_000) * POSTS_PER_SECOND
  while (posts < due) {
    posts++
    post()
  }
}, 1)

function post(): void {
  const at = new Date().toISOString()
  const lines = Array.from({ length: rowsPerPost }, () => {
    row++
    return `{"id":"load-${row}","at":"${at}","page":"/p/${(row * 7_919) % PAGES}","ms":${row % 500}}`
  })
  const sent = request(`${url}/v1/events/click`, {
    method: "POST",
    agent,
    headers: { "content-type": "application/x-ndjson" },
  })
  sent.on("response", (response) => response.resume())
  // The server going away is how the bench ends.
  sent.on("error", () => process.exit(0))
  sent.end(lines.join("\n"))
}
