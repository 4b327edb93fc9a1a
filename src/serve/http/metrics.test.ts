import assert from "node:assert/strict"
import { test } from "node:test"
import { signup } from "../../../test/kit/signups.ts"
import { call, post, startTwinServer } from "../../../test/kit/twin-server.ts"
import { metricsText } from "./metrics-text.ts"

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*"
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"'
const SAMPLE = new RegExp(`^(${NAME})(\\{${LABEL}(,${LABEL})*\\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$`)

test("the text has one HELP and TYPE for each name, before its samples, and escapes what it must", () => {
  const text = metricsText([
    { name: "a_total", type: "counter", help: "One\nline \\ here.", labels: { x: 'q"\\\n' }, value: 1 },
    { name: "b", type: "gauge", help: "B.", labels: {}, value: Number.POSITIVE_INFINITY },
    { name: "a_total", type: "counter", help: "One.", labels: { x: "z", y: "2" }, value: 2.5 },
  ])
  assert.equal(
    text,
    [
      "# HELP a_total One\\nline \\\\ here.",
      "# TYPE a_total counter",
      'a_total{x="q\\"\\\\\\n"} 1',
      'a_total{x="z",y="2"} 2.5',
      "# HELP b B.",
      "# TYPE b gauge",
      "b +Inf",
      "",
    ].join("\n"),
  )
})

test("/metrics is valid and counts what was asked", async () => {
  await using kit = await startTwinServer()
  await post(kit.url, "/v1/events/user_signup", signup("a"))
  await call(kit.url, "/v1/events/user_signup")
  await call(kit.url, "/v1/views/none/rows")
  await call(kit.url, "/made/up/1", { method: "POST" })
  const answer = await call(kit.url, "/metrics")
  assert.equal(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
  const typed = new Set<string>()
  for (const line of answer.text.trimEnd().split("\n")) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line)?.[1]
    if (type !== undefined) {
      assert.ok(!typed.has(type), `${type} is declared once`)
      typed.add(type)
    } else if (!line.startsWith("# HELP ")) {
      const name = SAMPLE.exec(line)?.[1]
      assert.ok(name !== undefined, line)
      assert.ok(typed.has(name) || typed.has(name.replace(/_(bucket|sum|count)$/, "")), line)
    }
  }
  const has = (line: string) => assert.ok(answer.text.includes(`${line}\n`), line)
  has('millrace_events_accepted_total{event="user_signup"} 1')
  has('millrace_http_requests_total{method="POST",route="/v1/events/:event",status="200"} 1')
  has('millrace_http_requests_total{method="GET",route="/v1/views/:view/rows",status="404"} 1')
  has('millrace_http_requests_total{method="POST",route="unmatched",status="404"} 1')
  has('millrace_http_request_duration_seconds_count{route="/v1/events/:event"} 2')
  has('millrace_http_request_duration_seconds_bucket{route="/v1/events/:event",le="+Inf"} 2')
  has("millrace_http_buffered_body_bytes 0")
})
