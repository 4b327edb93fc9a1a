/**
 * A process's definition -> its plan: a projection to what its rows, key and time are, and the ProcessNode.
 * The views of its side outputs read what the main one's node has besides.
 */
import type { Column } from "../../columns/types.ts"
import { BOOLEAN, TIMESTAMP, typeName } from "../../columns/types.ts"
import type { ContractField, EventContract } from "../../contracts/contract.ts"
import { nearestName } from "../../expr/nearest-name.ts"
import { FAILURE_COLUMNS } from "../../ports/process-failures.ts"
import type { ProcessFunction } from "../../ports/process-function.ts"
import { assert } from "../../std/assert.ts"
import type { ReadSource } from "../bind/bind-view.ts"
import { viewPlan } from "../bind/bind-view.ts"
import type { Catalog } from "../bind/context.ts"
import { referTo } from "../bind/place-over.ts"
import type { Finding } from "../errors.ts"
import { Abandoned, findings, Refused } from "../errors.ts"
import { filterNode } from "../nodes/filter.ts"
import { processNode } from "../nodes/process.ts"
import { projectNode } from "../nodes/project.ts"
import type { PlanNode, ViewPlan } from "../plan.ts"
import type { ViewDefinition } from "../view.ts"
import type { ProcessDefinition, ProcessView } from "./definition.ts"
import { EVENT_TIME, FAILURES_OUTPUT, sideName } from "./definition.ts"
import { processFindings } from "./errors.ts"
import { outputWriter } from "./output-writer.ts"
import { keyReader, rowReader } from "./row-reader.ts"

export interface BindProcessParts {
  readonly definition: ViewDefinition
  readonly process: ProcessView
  readonly catalog: Catalog
  /** Filled by the catalog. */
  readonly reads: ReadonlyMap<string, ReadSource>
  /** Of the event that it reads; null of a view. */
  readonly contract: EventContract | null
  readonly report: (finding: Finding) => void
}

/** The views of a process's other outputs. */
export function sideViews(view: ViewDefinition): readonly ViewDefinition[] {
  const { process } = view
  if (process === null) return []
  const names = [...process.definition.outputs.slice(1).map(({ name }) => name), FAILURES_OUTPUT]
  return names.map((name, k) => {
    const what = name === FAILURES_OUTPUT ? "Calls that failed" : `Side output ${name}`
    return Object.freeze({
      ...view,
      name: sideName(view.name, name),
      description: `${what} of ${view.name}`,
      process: Object.freeze({ ...process, output: k + 1 }),
    })
  })
}

/** Null when something of it does not bind, which is reported. */
export function bindProcess(parts: BindProcessParts): ViewPlan | null {
  const { definition, process, catalog, reads, report } = parts
  try {
    if (process.output === 0) return viewPlan(definition, bindMain(parts), reads)
    const scan = catalog.scan(process.name, null, process.output - 1)
    assert(scan !== null, "a side output is bound beside its process")
    return viewPlan(definition, scan, reads)
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Abandoned)) throw error
    // Nobody wrote a side output that reads its process: of problems there the process itself tells.
    const isTold =
      process.output > 0 && error instanceof Refused && error.finding.code === "depends-on-problem"
    if (error instanceof Refused && !isTold) report(error.finding)
    return null
  }
}

function bindMain(parts: BindProcessParts): PlanNode {
  const { process, contract } = parts
  const { definition } = process
  const scan = readSource(parts)
  const fields = rowFields(definition, scan, contract)
  const keys = definition.key.map((name) => keyField(definition, name, scan, contract))
  const names = [...new Set([...fields, ...keys].map(({ name }) => name))]
  const positions = names.map((name) => scan.columns.findIndex((column) => column.name === name))
  if (!positions.includes(scan.timeColumn!)) positions.push(scan.timeColumn!)
  const time = positions.indexOf(scan.timeColumn!)
  const expressions = positions.map((position, k) => {
    const column = referTo(scan, position)
    return k === time ? { ...column, nullable: false } : column
  })
  const input = projectNode({ input: scan, expressions, names: expressions.map(({ name }) => name) })
  const placeOf = (name: string) => expressions.findIndex((column) => column.name === name)
  return processNode({
    input,
    partition: keys.map(({ name }) => placeOf(name)),
    process: process.name,
    function: functionOf(definition, { fields, keys, places: fields.map(({ name }) => placeOf(name)) }),
    latenessUs: definition.latenessUs,
    timeToLiveUs: definition.state?.timeToLiveUs ?? null,
    outputs: [...definition.outputs.map(({ fields: columns }) => withTime(columns)), FAILURE_COLUMNS],
  })
}

function withTime(fields: readonly ContractField[]): readonly Column[] {
  const columns = fields.map(({ name, type, nullable }) => ({ name, type, nullable }))
  return [...columns, { name: EVENT_TIME, type: TIMESTAMP, nullable: false }]
}

/** Rows that have a time. */
function readSource({ process, catalog }: BindProcessParts): PlanNode {
  const { from } = process.definition
  const scan = catalog.scan(from, null)
  if (scan === null)
    throw new Refused(findings.unknownSource(from, nearestName(from, catalog.names), catalog.names), null)
  const refuse = (why: string) => new Refused(processFindings.input(from, why), null)
  if (scan.changes !== "append") throw refuse("they are replaced or taken back")
  if (scan.timeColumn === null) throw refuse("they have no time")
  const time = referTo(scan, scan.timeColumn)
  if (!time.nullable) return scan
  const signature = "is_not_null(any)"
  return filterNode(scan, { kind: "call", signature, args: [time], type: BOOLEAN, nullable: false })
}

function rowFields(
  { rowFields: declared, columns, from }: ProcessDefinition,
  scan: PlanNode,
  contract: EventContract | null,
): readonly ContractField[] {
  if (declared !== null) {
    for (const field of declared) checkField(field, scan, from)
    return declared
  }
  if (contract === null)
    throw new Refused(processFindings.row(from, "is a view, whose rows need a schema", "declare row"), null)
  if (columns === null) return contract.fields
  return columns.map((name) => fieldOf(contract, name))
}

function fieldOf({ name: event, fields }: EventContract, name: string): ContractField {
  const found = fields.find((field) => field.name === name)
  if (found !== undefined) return found
  const known = fields.map((field) => field.name)
  throw new Refused(findings.unknownColumn(name, event, nearestName(name, known), known), null)
}

/** Rows of a view have the types of its columns; the schema must say the same. */
function checkField({ name, type, rule }: ContractField, scan: PlanNode, source: string): void {
  const column = columnOf(scan, name, source)
  if (typeName(column.type) !== typeName(type)) {
    const suggestion = `declare it as a type whose column is ${typeName(column.type)}`
    const why = `is ${typeName(column.type)} in ${source}, and ${typeName(type)} here`
    throw new Refused(processFindings.row(name, why, suggestion), null)
  }
  if (column.nullable && rule?.acceptsNull !== true)
    throw new Refused(processFindings.row(name, `may be NULL in ${source}`, "add .nullable() to it"), null)
}

function columnOf(scan: PlanNode, name: string, source: string): Column {
  const column = scan.columns.find((each) => each.name === name)
  if (column !== undefined) return column
  const known = scan.columns.map((each) => each.name)
  throw new Refused(findings.unknownColumn(name, source, nearestName(name, known), known), null)
}

function keyField(
  { rowFields: declared, from }: ProcessDefinition,
  name: string,
  scan: PlanNode,
  contract: EventContract | null,
): ContractField {
  const column = columnOf(scan, name, from)
  const refuse = (why: string) => new Refused(processFindings.key(name, why), null)
  if (column.type.kind === "json") throw refuse("json cannot be compared")
  const field = (declared ?? contract?.fields ?? []).find((each) => each.name === name)
  return field ?? { ...column, optional: false }
}

interface BoundRows {
  readonly fields: readonly ContractField[]
  readonly keys: readonly ContractField[]
  readonly places: readonly number[]
}

function functionOf(
  { state, outputs, version, handlers, isSingleKey }: ProcessDefinition,
  { fields, keys, places }: BoundRows,
): ProcessFunction {
  const writers = outputs.map(({ name, fields: columns }) => outputWriter(name, columns))
  const noState = (): never => {
    throw new TypeError("the process has no state")
  }
  return Object.freeze({
    version,
    description: [
      state?.codec.description ?? "",
      ...fields.map(({ name, rule }) => `${name} ${JSON.stringify(rule?.form ?? null)} ${rule?.acceptsNull}`),
    ].join(),
    initialState: state?.initialText ?? null,
    outputNames: outputs.map(({ name }) => name),
    readState: state?.codec.read ?? noState,
    writeState: state?.codec.write ?? noState,
    readRow: rowReader(fields, places),
    readKey: keyReader(keys, isSingleKey),
    writeOutput: (output: number, row: unknown) => writers[output]!(row),
    ...handlers,
  })
}
