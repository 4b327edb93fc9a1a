/** Where everything is kept: the hot store and the lake, how far they are, and why not when they are down. */
import { useRef } from "react"
import type { LakeStatus, LakeTable, StoreStatus, StoreTable } from "../api/storage.ts"
import type { EventStream } from "../api/types.ts"
import { formatBytes } from "../ask/query-outcome.tsx"
import { formatCount } from "../format/numbers.ts"
import { formatInstant, formatSpan } from "../format/times.ts"
import { useOnScreen } from "../live/use-on-screen.ts"
import type { Status } from "../live/use-status.ts"
import { type Known, useStorage } from "./use-storage.ts"

const GOOD_STATES = new Set(["ready"])
const WAIT_STATES = new Set(["starting", "restarting", "off"])

/** The store is filled about once a second: less is not behind. */
const BEHIND_MS = 2_000

export function Storage({ status }: { readonly status: Status }) {
  const section = useRef<HTMLElement>(null)
  const storage = useStorage(useOnScreen(section))
  return (
    <section id="storage" ref={section} className="section" aria-labelledby="storage-title" tabIndex={-1}>
      <div className="section-head">
        <h2 id="storage-title">Store and lake</h2>
        <p>What queries read, and where history is kept for good.</p>
      </div>
      <div className="storage">
        <StoreCard store={storage.store} />
        <LakeCard lake={storage.lake} events={status.events} />
      </div>
    </section>
  )
}

function StoreCard({ store }: { readonly store: Known<StoreStatus> }) {
  const { value, problem } = store
  const state = problem !== null ? "unavailable" : (value?.state ?? "asking")
  const reason = problem ?? value?.reason ?? null
  return (
    <article className="storage-card" aria-labelledby="store-name">
      <header>
        <h3 id="store-name">Hot store</h3>
        <StateMark state={state} />
      </header>
      {reason !== null && <p className="storage-reason">{reason}</p>}
      {value !== null && value.crashes > 0 && (
        <p className="note">
          started again after {formatCount(value.crashes)} {value.crashes === 1 ? "crash" : "crashes"}
        </p>
      )}
      {value !== null && value.tables.length > 0 && (
        <div className="table-scroll">
          <table>
            <caption className="unseen">Tables of the hot store</caption>
            <thead>
              <tr>
                <th scope="col" className="plain">
                  table
                </th>
                <th scope="col" className="plain">
                  state
                </th>
                <th scope="col" className="plain number">
                  behind
                </th>
              </tr>
            </thead>
            <tbody>
              {value.tables.map(({ table, state: tableState, reason: why, lag }) => (
                <tr key={table}>
                  <td>
                    <code>{table}</code>
                  </td>
                  <td title={why ?? undefined}>{why === null ? tableState : `${tableState}: ${why}`}</td>
                  <td className="number">{behindWords(lag)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </article>
  )
}

interface LakeProps {
  readonly lake: Known<LakeStatus>
  readonly events: readonly EventStream[]
}

function LakeCard({ lake, events }: LakeProps) {
  const { value, problem } = lake
  const state =
    problem !== null
      ? "unavailable"
      : value === null
        ? "asking"
        : value.last_error === null
          ? "ready"
          : "waiting"
  const reason = problem ?? value?.last_error?.message ?? null
  return (
    <article className="storage-card" aria-labelledby="lake-name">
      <header>
        <h3 id="lake-name">Lake</h3>
        <StateMark state={state} />
      </header>
      {reason !== null && <p className="storage-reason">{reason}</p>}
      {value !== null && value.tables.length === 0 && (
        <p className="note">Nothing was archived yet; it begins when a range of the log is closed.</p>
      )}
      <ul className="lake-tables">
        {(value?.tables ?? []).map((table) => (
          <li key={table.event}>
            <LakeItem table={table} event={events.find(({ name }) => name === table.event) ?? null} />
          </li>
        ))}
      </ul>
    </article>
  )
}

function LakeItem({ table, event }: { readonly table: LakeTable; readonly event: EventStream | null }) {
  const ends = Object.values(table.archived).flat()
  const archived = ends.reduce((sum, offset) => sum + offset, 0)
  const durable = event?.partitions.reduce((sum, partition) => sum + partition.durable_end, 0) ?? archived
  const newest = table.snapshots.at(-1) ?? null
  return (
    <>
      <p className="lake-name">
        <code>{table.event}</code>
        <span className="note">
          {table.snapshots.length} {table.snapshots.length === 1 ? "snapshot" : "snapshots"}
          {newest !== null && `, newest ${formatInstant(newest.at)}`}
          {` · ${formatBytes(table.bytes)}`}
        </span>
      </p>
      <progress value={archived} max={Math.max(1, durable)} aria-label={`${table.event} archived`} />
      <p className="note">
        {formatCount(archived)} of {formatCount(durable)} archived · {formatCount(table.files)}{" "}
        {table.files === 1 ? "file" : "files"}
      </p>
    </>
  )
}

function behindWords({ rows, ms }: StoreTable["lag"]): string {
  const parts = [
    rows === null || rows === 0 ? [] : `${formatCount(rows)} rows`,
    ms < BEHIND_MS ? [] : formatSpan(ms),
  ].flat()
  return parts.length === 0 ? "–" : parts.join(", ")
}

function StateMark({ state }: { readonly state: string }) {
  const tone = GOOD_STATES.has(state) ? "good" : WAIT_STATES.has(state) || state === "asking" ? "wait" : "bad"
  return (
    <p className="health" data-tone={tone}>
      <span className="dot" aria-hidden="true" />
      {state}
    </p>
  )
}
