/** Indices of the columns in expressions, wherever they stand in this data. */
export function usedColumns(data: unknown): ReadonlySet<number> {
  const found = new Set<number>()
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return
    if ("kind" in value && value.kind === "column" && "index" in value) found.add(value.index as number)
    else for (const part of Object.values(value)) visit(part)
  }
  visit(data)
  return found
}
