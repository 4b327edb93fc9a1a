/** The store's figures as Prometheus samples. */
import type { MetricSample } from "../../runtime.ts"
import type { StoreStatus } from "../../store-service.ts"

export function storeMetrics({ state, crashes, tables }: StoreStatus): MetricSample[] {
  const gauge = (name: string, help: string, labels: Record<string, string>, value: number): MetricSample => {
    return { name, type: "gauge", help, labels, value }
  }
  const crashed = "Times that the store's process ended by itself."
  return [
    gauge("millrace_store_ready", "1 while the store answers.", {}, state === "ready" ? 1 : 0),
    { name: "millrace_store_crashes_total", type: "counter", help: crashed, labels: {}, value: crashes },
    ...tables.flatMap(({ table, lagRows, lagMs, writtenRows }): MetricSample[] => {
      const written = "Rows written to the table since the start."
      const lag = "How old what the table shows is, while something is missing; 0 when nothing is."
      return [
        {
          name: "millrace_store_rows_total",
          type: "counter",
          help: written,
          labels: { table },
          value: writtenRows,
        },
        gauge("millrace_store_lag_seconds", lag, { table }, lagMs / 1_000),
        ...(lagRows === null
          ? []
          : [
              gauge("millrace_store_lag_rows", "Rows in the views and not in the table.", { table }, lagRows),
            ]),
      ]
    }),
  ]
}
