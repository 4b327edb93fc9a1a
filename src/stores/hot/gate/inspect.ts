/**
 * The walk over ClickHouse's syntax tree. Everything is an allow list: kinds of nodes, databases, functions,
 * table functions. What is not known here is refused, so that an engine with more to offer offers it to
 * nobody before it was looked at.
 */
import { queryRefused } from "./errors.ts"
import { refusalOfFunction } from "./function-rules.ts"
import type { SyntaxNode } from "./syntax-tree.ts"
import { refusalOfTableFunction } from "./table-functions.ts"

export const DATABASES: readonly string[] = ["events", "views", "lake"]

export interface TableReference {
  /** Null where the statement names none. */
  readonly database: string | null
  readonly name: string
}

export interface Inspected {
  readonly tables: readonly TableReference[]
  /** Names on the right of IN, which are tables where nothing else has the name. */
  readonly perhapsTables: readonly string[]
  /** SETTINGS clauses, whose contents the tree does not show. */
  readonly settingsClauses: number
  /** APPLY transformers, whose function the tree does not show. */
  readonly applies: number
  /** True when something stands behind the whole statement: INTO OUTFILE, FORMAT. */
  readonly hasTrailingClause: boolean
}

/** Nodes that hold only other nodes. */
const PLAIN: ReadonlySet<string> = new Set(
  `SelectWithUnionQuery SelectIntersectExceptQuery SelectQuery ExpressionList Subquery WithElement
   TablesInSelectQuery TablesInSelectQueryElement TableJoin ArrayJoin SampleRatio
   Literal Asterisk QualifiedAsterisk ColumnsRegexpMatcher ColumnsListMatcher QualifiedColumnsRegexpMatcher
   QualifiedColumnsListMatcher ColumnsTransformerList ColumnsExceptTransformer ColumnsReplaceTransformer
   ColumnsReplaceTransformer::Replacement WindowListElement WindowDefinition OrderByElement
   InterpolateElement`.split(/\s+/),
)

const ENGINE_DATABASES = /^(?:system|information_schema|default|_temporary_and_external_tables)$/i
const IN = /^(?:global)?(?:not)?(?:null)?in$/i
const TABLE_NAME = /^[A-Za-z_]\w*$/

/** @throws query-refused at the first construct that is not allowed */
export function inspect(root: SyntaxNode): Inspected {
  return new Inspection().run(root)
}

class Inspection {
  readonly #tables: TableReference[] = []
  readonly #perhapsTables: string[] = []
  readonly #aliases = new Set<string>()
  #settingsClauses = 0
  #applies = 0

  run(root: SyntaxNode): Inspected {
    if (root.kind !== "SelectWithUnionQuery" && root.kind !== "SelectIntersectExceptQuery") {
      throw unknownNode(root)
    }
    this.#collectAliases(root)
    this.#visit(root)
    const behind = root.children.slice(1).filter(({ kind }) => kind !== "Set")
    return {
      tables: this.#tables,
      perhapsTables: this.#perhapsTables,
      settingsClauses: this.#settingsClauses,
      applies: this.#applies,
      hasTrailingClause: root.kind === "SelectWithUnionQuery" && behind.length > 0,
    }
  }

  #collectAliases(node: SyntaxNode): void {
    if (node.alias !== null) this.#aliases.add(node.alias)
    for (const child of node.children) this.#collectAliases(child)
  }

  #visit(node: SyntaxNode): void {
    switch (node.kind) {
      case "TableExpression":
        this.#visitTableExpression(node)
        return
      case "TableIdentifier":
        this.#table(node)
        break
      case "Function":
        this.#function(node)
        break
      case "Identifier":
        this.#column(node.name)
        break
      case "Set":
        this.#settingsClauses++
        break
      case "ColumnsApplyTransformer":
        this.#applies++
        break
      default:
        if (!PLAIN.has(node.kind)) throw unknownNode(node)
    }
    for (const child of node.children) this.#visit(child)
  }

  /** A table, a table function or a subquery; a sample; names of columns. */
  #visitTableExpression(node: SyntaxNode): void {
    for (const child of node.children) {
      if (child.kind !== "Function") {
        this.#visit(child)
        continue
      }
      const refusal = refusalOfTableFunction(child.name)
      if (refusal !== null) throw queryRefused(refusal)
      for (const argument of child.children) this.#visit(argument)
    }
  }

  #function(node: SyntaxNode): void {
    const refusal = refusalOfFunction(node.name)
    if (refusal !== null) throw queryRefused(refusal)
    if (IN.test(node.name)) this.#rightOfIn(node.children[0]?.children[1])
  }

  /** `x IN name` reads a table where no column or WITH query has the name. */
  #rightOfIn(node: SyntaxNode | undefined): void {
    if (node?.kind !== "Identifier") return
    const [first = "", ...rest] = node.name.split(".")
    if (rest.length === 0) this.#perhapsTables.push(first)
    else if (!DATABASES.includes(first) && !this.#aliases.has(first)) throw foreignTable(node.name, first)
    else if (DATABASES.includes(first) && !this.#aliases.has(first)) this.#table(node)
  }

  #table({ name }: SyntaxNode): void {
    const [first = "", second, ...more] = name.split(".")
    if (second !== undefined && !DATABASES.includes(first)) throw foreignTable(name, first)
    if (more.length > 0 || !TABLE_NAME.test(second ?? first)) throw strangeTable(name)
    const reference =
      second === undefined ? { database: null, name: first } : { database: first, name: second }
    this.#tables.push(reference)
  }

  /**
   * `system.tables.name` is a column where the table is in FROM, and FROM does not have it; see #rightOfIn.
   */
  #column(name: string): void {
    const [first = "", ...rest] = name.split(".")
    if (rest.length > 0 && ENGINE_DATABASES.test(first)) throw foreignTable(name, first)
  }
}

function foreignTable(name: string, database: string) {
  return queryRefused({
    construct: `the table ${name}`,
    reason: `is in the database "${database}", and queries read ${DATABASES.join(", ")}`,
    advice: ENGINE_DATABASES.test(database)
      ? "GET /v1/store lists the tables and their columns"
      : "write events.NAME or views.NAME",
  })
}

function strangeTable(name: string) {
  return queryRefused({
    construct: `the table name \`${name}\``,
    reason: "is none that an event or view can have",
    advice: "GET /v1/store lists the tables",
  })
}

function unknownNode(node: SyntaxNode) {
  return queryRefused({
    construct: `the construct ${[node.kind, node.name].join(" ").trim()}`,
    reason: "is none of those that queries may use",
    advice: "docs/queries.md says what may be asked",
  })
}
