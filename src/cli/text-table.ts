/** Tables for terminals: columns as wide as their widest cell, numbers to the right. */

export type Cell = string | number | null

export function textTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const texts = rows.map((row) => row.map(cellText))
  const right = header.map((_, column) => rows.every((row) => typeof row[column] !== "string"))
  const widths = header.map((title, column) =>
    Math.max(title.length, ...texts.map((row) => row[column]!.length)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd()
  return [line(header), ...texts.map(line)]
}

function cellText(cell: Cell): string {
  if (cell === null) return "-"
  return typeof cell === "number" ? cell.toLocaleString("en-US", { maximumFractionDigits: 1 }) : cell
}
