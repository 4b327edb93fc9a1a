import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { after, before, test } from "node:test"
import { Ajv2020 } from "ajv/dist/2020.js"
import { signup } from "../../../test/kit/signups.ts"
import {
  type Answer,
  call,
  json,
  post,
  startTwinServer,
  type TwinServer,
} from "../../../test/kit/twin-server.ts"
import { documentPath } from "./openapi.ts"
import { ROUTES } from "./routes.ts"

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, DocumentOperation>>
  readonly components: { readonly schemas: Record<string, object> }
}

interface DocumentOperation {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> }
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema?: object }> }>
}

let kit: TwinServer
let document: Document
before(async () => {
  kit = await startTwinServer()
  document = json(await call(kit.url, "/openapi.json")) as unknown as Document
})
after(() => kit[Symbol.asyncDispose]())

test("every route is in the document, and every operation has a name of its own", () => {
  assert.equal(document.openapi, "3.1.1")
  const names = new Set<string>()
  for (const { method, path } of ROUTES) {
    const operation = document.paths[documentPath(path)]?.[method.toLowerCase()]
    assert.ok(operation !== undefined, `${method} ${path}`)
    names.add(operation.operationId)
    const inPath = [...documentPath(path).matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    const declared = (operation.parameters ?? []).filter((given) => given.in === "path")
    assert.deepEqual(
      declared.map((given) => given.name),
      inPath,
      path,
    )
    assert.ok(declared.every((given) => given.required))
  }
  assert.equal(names.size, ROUTES.length)
})

test("every reference in the document leads somewhere", () => {
  const text = JSON.stringify(document)
  const references = [...text.matchAll(/"\$ref":"(#[^"]*)"/g)].map((match) => match[1] ?? "")
  assert.ok(references.includes("#/components/schemas/event.user_signup/$defs/id"))
  for (const reference of references) {
    let node: unknown = document
    for (const part of reference.slice(2).split("/")) node = (node as Record<string, unknown>)[part]
    assert.ok(typeof node === "object" && node !== null, reference)
  }
})

test("each event has a path of its own with its contract's schema", () => {
  const { requestBody } = document.paths["/v1/events/user_signup"]?.["post"] ?? {}
  assert.deepEqual(requestBody?.content["application/json"]?.schema, {
    anyOf: [
      { $ref: "#/components/schemas/event.user_signup" },
      { type: "array", items: { $ref: "#/components/schemas/event.user_signup" } },
    ],
  })
})

test("answers are what the document says, also problems", async () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: "https://test.example/openapi", ...document })
  const view = "/v1/views/signups_per_plan_and_day"
  const sent = await post(kit.url, "/v1/events/user_signup", [signup("a"), { event_id: 1 }])
  const receipt = String(json(sent)["receipt"])
  const answers: readonly (readonly [string, string, Answer])[] = [
    ["post", "/v1/events/{event}", sent],
    ["post", "/v1/events/{event}", await post(kit.url, "/v1/events/user_signup", [{}])],
    ["post", "/v1/events/{event}", await post(kit.url, "/v1/events/none", [{}])],
    ["post", "/v1/events", await post(kit.url, "/v1/events", [signup("b")])],
    ["get", "/v1/events", await call(kit.url, "/v1/events")],
    ["get", "/v1/events/{event}", await call(kit.url, "/v1/events/user_signup")],
    ["get", "/v1/rejected", await call(kit.url, "/v1/rejected")],
    ["get", "/v1/views", await call(kit.url, "/v1/views")],
    ["get", "/v1/views/{view}", await call(kit.url, view)],
    ["get", "/v1/views/{view}/rows", await call(kit.url, `${view}/rows?after=${receipt}`)],
    ["get", "/v1/views/{view}/rows", await call(kit.url, `${view}/rows?nothing=1`)],
    ["get", "/healthz", await call(kit.url, "/healthz")],
    ["get", "/readyz", await call(kit.url, "/readyz")],
    ["get", "/openapi.json", await call(kit.url, "/openapi.json")],
  ]
  for (const [method, path, answer] of answers) {
    const documented = document.paths[path]?.[method]?.responses[String(answer.status)]
    const type = String(answer.headers["content-type"]).split(";")[0] ?? ""
    const what = `${method} ${path} ${answer.status} ${type}`
    const reference = (documented?.content?.[type]?.schema as { $ref?: string } | undefined)?.$ref
    assert.ok(reference !== undefined, what)
    const valid = ajv.validate({ $ref: `https://test.example/openapi${reference}` }, json(answer))
    assert.ok(valid, `${what}: ${ajv.errorsText()}`)
  }
})

test("every documented status of a route is expected in some test", () => {
  const here = new URL("./", import.meta.url)
  const files = ["guard", "ingest", "views", "dead-letters", "server", "metrics", "openapi"].map(
    (name) => `${name}.test.ts`,
  )
  const text = [...files, "../live/streams.test.ts", "../../../test/backup/backup.test.ts"]
    .map((file) => readFileSync(new URL(file, here), "utf8"))
    .join("")
  const statuses = new Set(ROUTES.flatMap((route) => Object.keys(route.operation.responses)))
  for (const status of [...statuses, "403", "500"]) {
    assert.match(text, new RegExp(`(status[^\\n]*\\b${status}\\b|, ${status}[,\\]])`), status)
  }
})
