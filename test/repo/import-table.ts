/**
 * Reads the import table out of ARCHITECTURE.md: the fenced block whose lines are `room/  <- a b c   what it
 * is`. `-` stands for nothing, `all above` for every room of the lines before. A line that begins with spaces
 * goes on with the description. `std` is always allowed, and `ports` from `expr` on down the list.
 */

/** Which rooms each room may import, itself and std left out. */
export type ImportTable = ReadonlyMap<string, ReadonlySet<string>>

const LINE = /^([a-z]+)\/\s+<-\s+(.+)$/
const PORTS_FROM = "expr"

export function parseImportTable(markdown: string): ImportTable {
  const block = [...markdown.matchAll(/^```[a-z]*\n([\s\S]*?)^```/gm)]
    .map((match) => match[1]!)
    .find((text) => /^std\/\s+<-/m.test(text))
  if (block === undefined) throw new Error("ARCHITECTURE.md has no fenced block with the line `std/ <- -`")
  const lines = block.split("\n").flatMap((line) => {
    const match = LINE.exec(line)
    return match === null ? [] : [{ room: match[1]!, words: match[2]! }]
  })
  const names = lines.map(({ room }) => room)
  const table = new Map<string, ReadonlySet<string>>()
  for (const [index, { room, words }] of lines.entries()) {
    if (table.has(room)) throw new Error(`ARCHITECTURE.md's import table names ${room} twice`)
    const above = names.slice(0, index)
    const allowed = words.startsWith("all above") ? above : namedRooms(words, names)
    const ports = index >= names.indexOf(PORTS_FROM) && names.includes(PORTS_FROM) ? ["ports"] : []
    table.set(room, new Set([...allowed, ...ports].filter((name) => name !== room)))
  }
  return table
}

/**
 * The rooms at the head of the words; the description begins behind two spaces or at the first word that is
 * none.
 */
function namedRooms(words: string, names: readonly string[]): string[] {
  const list = words.split(/\s{2,}/)[0]!.split(" ")
  if (list[0] === "-") return []
  for (const name of list) {
    if (!names.includes(name))
      throw new Error(`ARCHITECTURE.md's import table allows ${name}, which is no room`)
  }
  return list
}
