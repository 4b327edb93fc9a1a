/** What the door counts about itself: requests by route and status, their time, bytes of bodies. */
import type { TextSample } from "./metrics-text.ts"

/** Seconds; from a cached answer to a post that waited for a slow sync. */
const BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

interface RouteTimes {
  readonly buckets: number[]
  sumSeconds: number
  count: number
}

export class HttpMetrics {
  readonly #requests = new Map<string, { readonly labels: Record<string, string>; count: number }>()
  readonly #times = new Map<string, RouteTimes>()
  #bodyBytes = 0

  /** `route` is the pattern, so that the number of series does not grow with what clients ask for. */
  countRequest(method: string, route: string, status: number, seconds: number | null): void {
    const key = `${method} ${route} ${status}`
    let entry = this.#requests.get(key)
    if (entry === undefined) {
      entry = { labels: { method, route, status: String(status) }, count: 0 }
      this.#requests.set(key, entry)
    }
    entry.count++
    if (seconds !== null) this.#countTime(route, seconds)
  }

  countBody(bytes: number): void {
    this.#bodyBytes += bytes
  }

  #countTime(route: string, seconds: number): void {
    let times = this.#times.get(route)
    if (times === undefined) {
      times = { buckets: BUCKETS.map(() => 0), sumSeconds: 0, count: 0 }
      this.#times.set(route, times)
    }
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound)
    if (bucket >= 0) times.buckets[bucket]!++
    times.sumSeconds += seconds
    times.count++
  }

  samples(gauges: { readonly openStreams: number; readonly bufferedBytes: number }): TextSample[] {
    return [
      ...this.#requestSamples(),
      ...this.#timeSamples(),
      {
        name: "millrace_http_body_bytes_total",
        type: "counter",
        help: "Bytes of request bodies after decompression.",
        labels: {},
        value: this.#bodyBytes,
      },
      {
        name: "millrace_http_buffered_body_bytes",
        type: "gauge",
        help: "Bytes of request bodies that are being received or ingested.",
        labels: {},
        value: gauges.bufferedBytes,
      },
      {
        name: "millrace_http_open_streams",
        type: "gauge",
        help: "Event streams that are open.",
        labels: {},
        value: gauges.openStreams,
      },
    ]
  }

  #requestSamples(): TextSample[] {
    return [...this.#requests.values()].map(({ labels, count }) => ({
      name: "millrace_http_requests_total",
      type: "counter",
      help: "Requests answered, by route and status.",
      labels,
      value: count,
    }))
  }

  #timeSamples(): TextSample[] {
    const samples: TextSample[] = []
    for (const [route, times] of this.#times) {
      const family = {
        name: "millrace_http_request_duration_seconds",
        type: "histogram",
        help: "Time from a request's headers to the end of its answer; event streams are left out.",
      } as const
      let below = 0
      BUCKETS.forEach((bound, i) => {
        below += times.buckets[i]!
        samples.push({ ...family, suffix: "_bucket", labels: { route, le: String(bound) }, value: below })
      })
      samples.push({ ...family, suffix: "_bucket", labels: { route, le: "+Inf" }, value: times.count })
      samples.push({ ...family, suffix: "_sum", labels: { route }, value: times.sumSeconds })
      samples.push({ ...family, suffix: "_count", labels: { route }, value: times.count })
    }
    return samples
  }
}
