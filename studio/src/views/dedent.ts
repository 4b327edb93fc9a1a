/** SQL as people read it. */

/** SQL is written indented in a module; here it starts at the left edge. */
export function dedent(sql: string): string {
  const lines = sql
    .replace(/^\s*\n/, "")
    .trimEnd()
    .split("\n")
  const indents = lines
    .slice(lines[0]?.startsWith(" ") ? 0 : 1)
    .filter((line) => line.trim() !== "")
    .map((line) => line.length - line.trimStart().length)
  const indent = indents.length === 0 ? 0 : Math.min(...indents)
  return lines.map((line) => (line.slice(0, indent).trim() === "" ? line.slice(indent) : line)).join("\n")
}
