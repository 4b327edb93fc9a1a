/**
 * The interface as an OpenAPI 3.1 document, made of the list of routes and the contracts. Beside the
 * templated path each event has a path of its own with its own schema, so that generated clients are typed.
 */
import type { EventContract } from "../../contracts/contract.ts"
import { MEDIA_TYPES } from "./media-type.ts"
import { SCHEMAS } from "./openapi-schemas.ts"
import type { Answer, JsonSchema, Operation, Route } from "./route.ts"

export interface DocumentSource {
  readonly routes: readonly Route[]
  readonly contracts: readonly EventContract[]
  readonly version: string
}

const EVENT_PATH = "/v1/events/:event"

/** Answers that the guard and our own bugs can give on every route. */
const EVERYWHERE: Readonly<Record<number, Answer>> = {
  403: { description: "The request comes from a page or under a name of another site.", schema: "Problem" },
  500: { description: "A bug of the server.", schema: "Problem" },
}

export function openapiDocument({ routes, contracts, version }: DocumentSource): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {}
  for (const route of routes) {
    const path = documentPath(route.path)
    const operation = operationOf(route.operation, anyRow(contracts))
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation }
    if (route.method === "POST" && route.path === EVENT_PATH) {
      for (const contract of contracts)
        paths[`/v1/events/${contract.name}`] = { post: eventOperation(route, contract) }
    }
  }
  const events = contracts.map((contract) => [schemaName(contract), eventSchema(contract)] as const)
  return {
    openapi: "3.1.1",
    info: {
      title: "Millrace",
      version,
      description:
        "Events in, live answers out. int64 and decimal values are JSON strings unless numbers=json.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths,
    components: { schemas: { ...SCHEMAS, ...Object.fromEntries(events) } },
  }
}

/** "/v1/events/:event" as "/v1/events/{event}", and the wildcard as one parameter. */
export function documentPath(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}").replace("*", "{path}")
}

function eventOperation(route: Route, contract: EventContract): JsonSchema {
  const { id, summary, responses } = route.operation
  const row = { $ref: `#/components/schemas/${schemaName(contract)}` }
  return operationOf(
    { id: `${id}_${contract.name}`, summary: contract.description ?? summary, takesRows: true, responses },
    row,
  )
}

function operationOf(operation: Operation, row: JsonSchema): JsonSchema {
  const answers = Object.entries({ ...operation.responses, ...EVERYWHERE })
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(operation.parameters === undefined
      ? {}
      : { parameters: operation.parameters.map((given) => ({ ...given, required: given.in === "path" })) }),
    ...bodyOf(operation, row),
    responses: Object.fromEntries(
      answers.map(([status, answer]) => [status, responseOf(Number(status), answer)]),
    ),
  }
}

function bodyOf({ takesRows, takes }: Operation, row: JsonSchema): JsonSchema {
  if (takesRows === true) return { requestBody: { required: true, content: rowContent(row) } }
  if (takes === undefined) return {}
  const schema = { $ref: `#/components/schemas/${takes}` }
  return { requestBody: { required: true, content: { "application/json": { schema } } } }
}

/** JSON takes one row or an array of them; each line of the others is a row, which a schema cannot say. */
function rowContent(row: JsonSchema): JsonSchema {
  const many = { anyOf: [row, { type: "array", items: row }] }
  const lines = { type: "string", description: "One JSON object a line." }
  return Object.fromEntries(
    MEDIA_TYPES.map((type) => [type, { schema: type === "application/json" ? many : lines }]),
  )
}

function anyRow(contracts: readonly EventContract[]): JsonSchema {
  if (contracts.length === 0) return { type: "object" }
  return { anyOf: contracts.map((contract) => ({ $ref: `#/components/schemas/${schemaName(contract)}` })) }
}

function responseOf(status: number, { description, schema, type }: Answer): JsonSchema {
  if (schema === null) {
    return type === undefined
      ? { description }
      : { description, content: { [type]: { schema: { type: "string" } } } }
  }
  const media = type ?? (status >= 400 ? "application/problem+json" : "application/json")
  return { description, content: { [media]: { schema: { $ref: `#/components/schemas/${schema}` } } } }
}

function schemaName(contract: EventContract): string {
  return `event.${contract.name}`
}

/** The contract's schema, with its inner references made to work from their place in the document. */
function eventSchema(contract: EventContract): JsonSchema {
  const { $schema: _dialect, ...schema } = contract.jsonSchema
  const here = `#/components/schemas/${schemaName(contract)}`
  return moveReferences(schema, here) as JsonSchema
}

function moveReferences(node: unknown, here: string): unknown {
  if (Array.isArray(node)) return node.map((item) => moveReferences(item, here))
  if (typeof node !== "object" || node === null) return node
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) =>
      key === "$ref" && typeof value === "string" && value.startsWith("#")
        ? [key, here + value.slice(1)]
        : [key, moveReferences(value, here)],
    ),
  )
}
