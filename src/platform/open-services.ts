/** What the doors offer beside the runtime: store, queries, checks, dead letters and replays, backups. */
import { Quality } from "../quality/quality.ts"
import { RowAdmissions } from "../runners/clickhouse/admission.ts"
import { openChecks } from "../runners/clickhouse/checks.ts"
import { LogHistory } from "../runners/clickhouse/history.ts"
import { EventTrail } from "../runners/trail/event-trail.ts"
import type { HttpOptions } from "../serve/http/server.ts"
import { NodeRandom } from "../std/node/random.ts"
import type { ClickHouse } from "../stores/clickhouse.ts"
import { ClickHouseQueryEngine } from "../stores/hot/clickhouse-query-engine.ts"
import { LakeViews } from "../stores/hot/lake-views.ts"
import { RunQueries } from "../stores/hot/run-queries.ts"
import { RunningBackups } from "./backup/backups.ts"
import { FOLDERS } from "./data-directory.ts"
import { type Core, reasonOf } from "./open-core.ts"
import { startStore } from "./start-store.ts"
import { VERSION } from "./version.ts"

export type Services = Required<
  Pick<HttpOptions, "store" | "queries" | "checks" | "trail" | "quality" | "backups" | "lake">
>

/** Each is closed with the stack that it is given to. */
export async function openServices(
  core: Core,
  projectName: string,
  closing: AsyncDisposableStack,
): Promise<Services> {
  const { log, disk, clock, scheduler, data, report } = core
  const store = await startStore({
    ...core,
    ...{ log: core.history, ledger: core.ledger.reader, directory: `${data}/${FOLDERS.store}` },
  })
  if (store !== null) closing.use(store)
  const checks = store === null ? null : closing.use(checksOf(core, store.clickhouse))
  const quality = closing.use(
    await Quality.open({
      ...{ log: core.history, clock, scheduler, contracts: core.contracts },
      ledger: core.ledger.reader,
      door: core.runtime,
      onFailed: (error) => report(`A replay failed: ${reasonOf(error)}`),
    }),
  )
  const backups = new RunningBackups({
    ...{ log, disk, clock, project: projectName, version: VERSION },
    folders: {
      ...{ data, log: FOLDERS.log, checkpoints: FOLDERS.checkpoints },
      immutable: [FOLDERS.duplicates, FOLDERS.lake],
    },
  })
  const queries = store === null ? null : queriesOf(core, store.clickhouse)
  const trail = trailOf(core, store?.clickhouse ?? null)
  return { store, queries, checks, trail, quality, backups, lake: core.lake?.service ?? null }
}

function queriesOf({ clock, scheduler, lake, contracts, plans }: Core, clickhouse: ClickHouse): RunQueries {
  const engine = new ClickHouseQueryEngine(clickhouse)
  return new RunQueries({
    ...{ engine: () => engine, clock, scheduler, random: new NodeRandom() },
    declared: new Map([
      ["events", new Set(contracts.map(({ name }) => name))],
      ["views", new Set(plans.map(({ name }) => name))],
    ]),
    lake: lake === null ? null : new LakeViews({ clickhouse, lake: lake.service }),
  })
}

function checksOf(core: Core, clickhouse: ClickHouse): ReturnType<typeof openChecks> {
  const { contracts, plans, clock, scheduler, report } = core
  return openChecks({
    ...{ clickhouse, contracts, plans, clock, scheduler, report },
    source: core.runtime,
    history: new LogHistory(core.history),
    ledger: core.ledger.reader,
  })
}

function trailOf(core: Core, clickhouse: ClickHouse | null): EventTrail {
  const { contracts, plans } = core
  return new EventTrail({
    ...{ contracts, plans, log: core.history, source: core.runtime, ledger: core.ledger.reader },
    admissions: clickhouse === null ? null : new RowAdmissions({ clickhouse, contracts, plans }),
  })
}
