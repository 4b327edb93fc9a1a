/** The platform's figures as Prometheus samples. The balance can be read off them: see the help texts. */
import { type Engine, VERDICTS } from "../../engine/dataflow.ts"
import type { EventStatus, MetricSample, Runtime, ViewStatus } from "../runtime.ts"
import type { EventLane } from "./door.ts"

export function collectMetrics(runtime: Runtime, engine: Engine, queuedBytes: number): MetricSample[] {
  return [
    ...stateSamples(engine),
    gauge("millrace_log_queued_bytes", "Taken by the log and not yet synced.", {}, queuedBytes),
    ...runtime.events().flatMap(eventSamples),
    ...runtime.views().flatMap(viewSamples),
  ]
}

/** What views keep, and where it is. */
function stateSamples(engine: Engine): MetricSample[] {
  const { spilledBytes, faults, failedWrites, writtenBytes } = engine.spill()
  const of = (name: string) => `millrace_engine_${name}`
  return [
    gauge(of("state_bytes"), "Operator state and view rows, wherever they are.", {}, engine.stateBytes()),
    gauge(of("spilled_bytes"), "State that is out of memory, in spill files.", {}, spilledBytes),
    counter(of("spill_faults_total"), "Pages of state that were brought back to memory.", {}, faults),
    counter(of("spill_written_bytes_total"), "Written to spill files.", {}, writtenBytes),
    counter(of("spill_failed_writes_total"), "Pages that could not be written to them.", {}, failedWrites),
  ]
}

function eventSamples(status: EventStatus): MetricSample[] {
  const labels = { event: status.contract.name }
  const received = "Rows received = accepted + duplicates + rejected + dead-lettered."
  return [
    counter("millrace_events_received_total", received, labels, status.received),
    counter("millrace_events_accepted_total", "Rows appended to the log.", labels, status.accepted),
    counter("millrace_events_duplicate_total", "Rows that the door knew already.", labels, status.duplicates),
    counter("millrace_events_rejected_total", "Rows refused with a reason.", labels, status.rejected),
    counter("millrace_events_dead_lettered_total", "Rows kept as dead letters.", labels, status.deadLettered),
    gauge("millrace_events_imbalance", "Rows received that are nowhere: always 0.", labels, status.imbalance),
    gauge("millrace_events_per_second", "Accepted, over the last seconds.", labels, status.eventsPerSecond),
    ...watermark("millrace_event_watermark_seconds", labels, status.watermarkUs),
  ]
}

/** What remembering ids takes, for the events that declare it. */
export function duplicateSamples(lanes: ReadonlyMap<string, EventLane>): MetricSample[] {
  return [...lanes].flatMap(([event, { duplicates }]) => {
    if (duplicates === null) return []
    const { ids, memoryBytes, diskBytes, reads } = duplicates.figures
    const labels = { event }
    return [
      gauge("millrace_dedup_ids", "Occurrences of ids that are remembered.", labels, ids),
      gauge("millrace_dedup_memory_bytes", "Memory that they take.", labels, memoryBytes),
      gauge("millrace_dedup_disk_bytes", "Files that they are in.", labels, diskBytes),
      counter("millrace_dedup_disk_reads_total", "Blocks of them read from disk.", labels, reads),
    ]
  })
}

function viewSamples(status: ViewStatus): MetricSample[] {
  const labels = { view: status.plan.name }
  const rows = "Rows of the view's events by verdict; with pending they add up to what was appended."
  return [
    ...VERDICTS.map((verdict) =>
      counter("millrace_view_events_total", rows, { ...labels, verdict }, status.verdicts[verdict]),
    ),
    gauge("millrace_view_pending_events", "In the log, not yet processed.", labels, status.pendingEvents),
    gauge("millrace_view_imbalance", "Rows without a verdict: always 0.", labels, status.imbalance),
    gauge("millrace_view_rows", "Rows in the view.", labels, status.rowCount),
    gauge("millrace_view_epoch", "Newest epoch in the view.", labels, status.epoch),
    ...watermark("millrace_view_watermark_seconds", labels, status.watermarkUs),
  ]
}

function watermark(name: string, labels: Record<string, string>, valueUs: bigint | null): MetricSample[] {
  const help = "Event time up to which input is complete, seconds since 1970; absent before the first row."
  return valueUs === null ? [] : [gauge(name, help, labels, Number(valueUs) / 1e6)]
}

function counter(name: string, help: string, labels: Record<string, string>, value: number): MetricSample {
  return { name, type: "counter", help, labels, value }
}

function gauge(name: string, help: string, labels: Record<string, string>, value: number): MetricSample {
  return { name, type: "gauge", help, labels, value }
}
