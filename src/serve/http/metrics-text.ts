/** Samples as the Prometheus text format 0.0.4: one HELP and TYPE per name, its samples together. */

export interface TextSample {
  readonly name: string
  readonly type: "counter" | "gauge" | "histogram"
  readonly help: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** `_bucket`, `_sum` or `_count` of a histogram. @default "" */
  readonly suffix?: string
}

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

export function metricsText(samples: readonly TextSample[]): string {
  const byName = new Map<string, TextSample[]>()
  for (const sample of samples) {
    const family = byName.get(sample.name)
    if (family === undefined) byName.set(sample.name, [sample])
    else family.push(sample)
  }
  const lines: string[] = []
  for (const [name, family] of byName) {
    const { help, type } = family[0]!
    lines.push(`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`)
    lines.push(`# TYPE ${name} ${type}`)
    for (const sample of family) lines.push(sampleLine(sample))
  }
  return `${lines.join("\n")}\n`
}

function sampleLine({ name, suffix = "", labels, value }: TextSample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`)
  return `${name}${suffix}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${numberText(value)}`
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN"
  if (value === Infinity) return "+Inf"
  return value === -Infinity ? "-Inf" : String(value)
}
