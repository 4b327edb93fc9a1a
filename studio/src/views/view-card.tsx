/** One view: what it asks (on demand), how far it is, and its answer as a chart and a table. */
import { useMemo, useRef, useState } from "react"
import type { View } from "../api/types.ts"
import { ViewBalance } from "../balance/view-balance.tsx"
import { chartQuery, planChart } from "../charts/chart-plan.ts"
import { useOnScreen } from "../live/use-on-screen.ts"
import type { Status } from "../live/use-status.ts"
import type { Arrival } from "../send/use-send.ts"
import { VerificationBadge } from "../verify/verification-badge.tsx"
import { dedent } from "./dedent.ts"
import { defaultSort, nextSort } from "./sort.ts"
import { useViewData } from "./use-view-data.ts"
import { ViewChart } from "./view-chart.tsx"
import { ViewFacts } from "./view-facts.tsx"
import { ViewTable } from "./view-table.tsx"

interface Props {
  readonly view: View
  readonly status: Status
  /** A test event that this view has just worked through. */
  readonly arrived: Arrival | null
}

export function ViewCard({ view, status, arrived }: Props) {
  const card = useRef<HTMLElement>(null)
  const onScreen = useOnScreen(card)
  const columnsText = JSON.stringify([view.columns, view.key])
  // biome-ignore lint/correctness/useExhaustiveDependencies: status brings new objects with the same columns
  const plan = useMemo(() => planChart(view), [columnsText])
  const [sort, setSort] = useState(() => defaultSort(view))
  const [measureName, setMeasureName] = useState<string | null>(null)
  const measure = plan?.measures.find((column) => column.name === measureName) ?? plan?.measures[0] ?? null
  const chart = plan === null || measure === null ? null : chartQuery(plan, measure)
  const data = useViewData({ view, sort, chart, onScreen })
  const [sqlShown, setSqlShown] = useState(false)
  const titleId = `view-${view.name}`

  return (
    <article className="view" ref={card} aria-labelledby={titleId}>
      <header className="view-head">
        <div>
          <h3 id={titleId}>{view.name}</h3>
          {view.description !== null && <p>{view.description}</p>}
        </div>
        <div className="view-buttons">
          <VerificationBadge view={view} nowMs={status.nowMs} />
          <button
            type="button"
            className="button quiet"
            aria-expanded={sqlShown}
            aria-controls={`${titleId}-sql`}
            onClick={() => setSqlShown(!sqlShown)}
          >
            SQL<span className="unseen"> of {view.name}</span>
          </button>
        </div>
      </header>
      <section id={`${titleId}-sql`} hidden={!sqlShown} aria-label={`SQL of ${view.name}`}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls needs the keyboard */}
        <pre className="sql" tabIndex={0}>
          {dedent(view.sql)}
        </pre>
      </section>
      <ViewFacts view={view} connected={data.connected} mode={data.mode} />
      <ViewBalance view={view} status={status} />
      {data.problem !== null && (
        <p className="inline-problem" role="alert">
          These rows may be old: {data.problem}
        </p>
      )}
      <div className={bodyClass(plan !== null, view.columns.length)}>
        {plan !== null && measure !== null && (
          <ViewChart
            view={view}
            plan={plan}
            measure={measure}
            rows={data.chart}
            onMeasure={setMeasureName}
            whole={data.mode === "stream"}
          />
        )}
        <ViewTable
          view={view}
          data={data}
          sort={sort}
          onSort={(column) => setSort(nextSort(sort, column))}
          arrived={arrived}
        />
      </div>
    </article>
  )
}

/** A wide table takes more room than its chart. */
function bodyClass(hasChart: boolean, columns: number): string {
  if (!hasChart) return "view-body"
  return columns > 4 ? "view-body with-chart wide-table" : "view-body with-chart"
}
