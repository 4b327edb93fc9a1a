/**
 * Random projects in the engine and in PostgreSQL, whose answers must agree in every arrangement.
 * `npm run differential -- --count 100000 --seed 1` runs many; the test beside runs a few.
 */
import { parseArgs } from "node:util"
import { createJsonDecoder } from "../../src/contracts/json/decoder.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import { eventColumns } from "../../src/runners/embedded/lower.ts"
import { parseCase } from "../golden/case-file.ts"
import { differenceOf } from "../kit/canonical.ts"
import { ClickHouseHome } from "../kit/clickhouse-home.ts"
import { PgOracle } from "../kit/pg-oracle.ts"
import { ARRANGEMENTS, runViews, withProcessedAt } from "../kit/run-views.ts"
import { type RandomProject, randomProject } from "./random-project.ts"

export interface Report {
  compared: number
  /** PostgreSQL itself could not evaluate a view (an overflow in spite of the care taken). */
  unjudged: number
  readonly features: Map<string, number>
}

/** The same projects in the ClickHouse home, over the producers' bytes. */
export async function differentialInClickHouse(
  home: ClickHouseHome,
  firstSeed: number,
  count: number,
): Promise<number> {
  let compared = 0
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const project = randomProject(seed)
    const { events, views, rows } = parseCase(project.text)
    const { plans, problems } = await bindProject({ events, views })
    if (problems.length > 0) throw new Error(`seed ${seed}: refused`)
    const inputs = events.map((contract) => {
      const body = Buffer.from(rows.get(contract.name) ?? "")
      return { contract, batch: withProcessedAt(createJsonDecoder(contract).decode(body, "ndjson").batch) }
    })
    const answer = runViews(inputs, plans, ARRANGEMENTS[0]!)
    await home.load({ contracts: events, plans, rows, excluded: answer.excluded, partly: answer.partly })
    for (const plan of plans) {
      const difference = differenceOf(plan.columns, answer.rows.get(plan.name)!, await home.rows(plan))
      if (difference !== null)
        throw new Error(`seed ${seed}, view ${plan.name}: ${difference}\n\n${project.text}`)
      compared++
    }
  }
  return compared
}

/** Compares `count` projects from `firstSeed` on; stops at the first difference. */
export async function differential(
  oracle: PgOracle,
  firstSeed: number,
  count: number,
  onProgress: (report: Report) => void = () => {},
): Promise<Report> {
  const report: Report = { compared: 0, unjudged: 0, features: new Map() }
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const project = randomProject(seed)
    const reason = await compareProject(oracle, project, report).catch((error: unknown) => String(error))
    if (reason !== null) throw new Error(`seed ${seed}: ${reason}\n\n${project.text}`)
    for (const feature of project.features) {
      report.features.set(feature, (report.features.get(feature) ?? 0) + 1)
    }
    if (seed % 100 === 0) onProgress(report)
  }
  return report
}

async function compareProject(
  oracle: PgOracle,
  project: RandomProject,
  report: Report,
): Promise<string | null> {
  const { events, views, rows } = parseCase(project.text)
  const { plans, problems } = await bindProject({ events, views })
  if (problems.length > 0) return `refused: ${problems.map(({ message }) => message).join("; ")}`
  const inputs = events.map((contract) => {
    const body = Buffer.from(rows.get(contract.name) ?? "")
    return { contract, batch: withProcessedAt(createJsonDecoder(contract).decode(body, "ndjson").batch) }
  })
  const tables = inputs.map(({ contract, batch }) => {
    return { name: contract.name, columns: eventColumns(contract), batch }
  })
  await oracle.load(tables, plans)
  // Two arrangements a seed, in turn, so that all of them meet all kinds of queries.
  const chosen = [
    ARRANGEMENTS[project.seed % ARRANGEMENTS.length]!,
    ARRANGEMENTS[(project.seed + 3) % ARRANGEMENTS.length]!,
  ]
  const answers = chosen.map((arrangement) => ({ arrangement, ...runViews(inputs, plans, arrangement) }))
  for (const plan of plans) {
    const expected = await oracle.rows(plan).catch(() => null)
    if (expected === null) {
      report.unjudged++
      continue
    }
    for (const { arrangement, rows: answered } of answers) {
      const difference = differenceOf(plan.columns, expected, answered.get(plan.name)!)
      if (difference !== null) return `view ${plan.name}, ${arrangement.name}: ${difference}`
    }
    report.compared++
  }
  return null
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { count: { type: "string" }, seed: { type: "string" }, clickhouse: { type: "string" } },
  })
  if (values.clickhouse !== undefined) {
    using home = new ClickHouseHome()
    const first = Number(values.seed ?? 1)
    const agreed = await differentialInClickHouse(home, first, Number(values.clickhouse))
    console.log(`${agreed} views agree in ClickHouse`)
    process.exit(0)
  }
  await using oracle = await PgOracle.open()
  const seed = Number(values.seed ?? 1)
  const count = Number(values.count ?? 20_000)
  const report = await differential(oracle, seed, count, ({ compared, unjudged }) => {
    console.log(`${compared} views agree, ${unjudged} were beyond PostgreSQL`)
  })
  console.log(
    `seeds ${seed} to ${seed + count - 1}: ${report.compared} views agree, ${report.unjudged} unjudged`,
  )
  console.log(Object.fromEntries([...report.features].sort()))
}
