/**
 * The load generator, a process of its own: connections that each keep one post under way, written and read
 * by hand so that it takes little of the machine. Prints one line of JSON for each window.
 * Arguments: URL PATH CONNECTIONS ROWS_PER_POST UNIQUE(0|1) WARM_UP_MS WINDOW_MS WINDOWS FIRST_ID
 * POSTS_PER_SECOND. With a rate of posts (0: as fast as answers come), the time to an answer counts from when
 * the post was due.
 */
import { connect, type Socket } from "node:net"
import { bidBody, renumber } from "./bid-lines.ts"

export interface Window {
  readonly rows: number
  readonly seconds: number
  readonly generatorCpuSeconds: number
  /** Milliseconds from a post's first byte to its answer. */
  readonly p50: number
  readonly p99: number
  /** Where unique ids go on. */
  readonly nextId: number
}

const [url = "", path = "", ...numbers] = process.argv.slice(2)
const [connections = 8, rowsPerPost = 1_000, unique = 0, warmUpMs = 1_000, windowMs = 1_000] =
  numbers.map(Number)
const [windows = 3, firstId = 0, postsPerSecond = 0] = numbers.slice(5).map(Number)

let rows = 0
let latencies: number[] = []
let nextId = firstId
let open = true

const { hostname, port } = new URL(url)
for (let n = 0; n < connections; n++) run(connect({ host: hostname, port: Number(port), noDelay: true }), n)
await pause(warmUpMs)
for (let n = 0; n < windows; n++) process.stdout.write(`${JSON.stringify(await measure())}\n`)
open = false

async function measure(): Promise<Window> {
  rows = 0
  latencies = []
  const start = performance.now()
  const cpu = process.cpuUsage()
  await pause(windowMs)
  const { user, system } = process.cpuUsage(cpu)
  const sorted = latencies.sort((a, b) => a - b)
  return {
    rows,
    seconds: (performance.now() - start) / 1_000,
    generatorCpuSeconds: (user + system) / 1e6,
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    nextId,
  }
}

function run(socket: Socket, n: number): void {
  const body = bidBody(rowsPerPost, n)
  const head = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/x-ndjson\r\n` +
      `Content-Length: ${body.length}\r\n\r\n`,
  )
  let sentAt = 0
  const everyMs = postsPerSecond === 0 ? 0 : (1_000 * connections) / postsPerSecond
  let dueAt = performance.now() + (everyMs * n) / connections
  const next = () => {
    const early = dueAt - performance.now()
    if (everyMs > 0 && open && early > 0) setTimeout(post, early)
    else post()
  }
  const post = () => {
    if (!open) {
      socket.end()
      return
    }
    if (unique === 1) {
      renumber(body, nextId)
      nextId += rowsPerPost
    }
    sentAt = everyMs > 0 ? dueAt : performance.now()
    dueAt += everyMs
    socket.cork()
    socket.write(head)
    socket.write(body)
    socket.uncork()
  }
  let answer = ""
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1")
    const end = answer.indexOf("\r\n\r\n")
    if (end < 0) return
    const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0)
    if (answer.length < end + 4 + length) return
    if (!answer.startsWith("HTTP/1.1 200")) throw new Error(`the server answered ${answer}`)
    const accepted = Number(/"accepted":(\d+)/.exec(answer)?.[1])
    if (accepted !== rowsPerPost) throw new Error(`not all rows were taken: ${answer.slice(end)}`)
    answer = ""
    rows += accepted
    latencies.push(performance.now() - sentAt)
    next()
  })
  socket.on("connect", next)
  socket.on("error", (error) => {
    if (open) throw error
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
