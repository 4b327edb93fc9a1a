/** GET /metrics: the platform's and the door's samples for Prometheus. */
import { METRICS_TYPE, metricsText } from "../metrics-text.ts"
import type { Route } from "../route.ts"

export const getMetrics: Route = {
  method: "GET",
  path: "/metrics",
  operation: {
    id: "metrics",
    summary: "Metrics in the Prometheus text format.",
    responses: { 200: { description: "The samples.", schema: null, type: "text/plain" } },
  },
  handle: ({ runtime, store, lake, checks, metrics, streams, bodies }, _request, reply) => {
    const gauges = { openStreams: streams.size, bufferedBytes: bodies.usedBytes }
    const ofRooms = [
      ...(store?.metrics() ?? []),
      ...(lake?.metrics() ?? []),
      ...(checks?.verifier.metrics() ?? []),
    ]
    const text = metricsText([...runtime.metrics(), ...ofRooms, ...metrics.samples(gauges)])
    return reply.code(200).header("content-type", METRICS_TYPE).send(text)
  },
}
