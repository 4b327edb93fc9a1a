/** Random projects in ClickHouse, over the bytes that producers sent, against the engine's answers. */
import { createJsonDecoder } from "../../src/contracts/json/decoder.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import { parseCase } from "../golden/case-file.ts"
import { differenceOf } from "../kit/canonical.ts"
import type { ClickHouseHome } from "../kit/clickhouse-home.ts"
import { ARRANGEMENTS, runViews, withProcessedAt } from "../kit/run-views.ts"
import { randomProject } from "./random-project.ts"

/** How many views were compared; stops at the first difference. */
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
