/**
 * Every problem that this room finds in a view, one factory a code. A finding says what is wrong and what to
 * write instead; where it is (view, file, line, column) is added by whoever reports it. Codes of constructs
 * that PostgreSQL's grammar takes and a view does not are in unsupported.ts.
 */
import { PlatformError } from "../std/errors.ts"
import { clauses } from "./clause-errors.ts"

export interface Finding {
  readonly code: string
  readonly message: string
  readonly suggestion: string | null
}

/** Ends the binding of one clause; carries what is reported and the byte of the SQL that it is about. */
export class Refused extends Error {
  override readonly name = "Refused"
  readonly finding: Finding
  readonly byte: number | null

  constructor(finding: Finding, byte: number | null) {
    super(finding.message)
    this.finding = finding
    this.byte = byte
  }
}

/** Ends the binding of what builds on a part whose problem was reported already. */
export class Abandoned extends Error {
  override readonly name = "Abandoned"
}

function finding(code: string, message: string, suggestion: string | null = null): Finding {
  return { code, message, suggestion }
}

const didYouMean = (name: string | null): string | null => (name === null ? null : `did you mean ${name}?`)

/** Names shown where none is near: enough to jog the memory, few enough to read. */
const MAX_LISTED = 12

const list = (names: readonly string[]): string =>
  names.length <= MAX_LISTED ? names.join(", ") : `${names.slice(0, MAX_LISTED).join(", ")} …`

const nearestOf = (nearest: string | null, known: readonly string[]): string =>
  didYouMean(nearest) ?? (known.length === 0 ? "there is none yet" : `there is ${list(known)}`)

const text = {
  sqlEmpty: () => finding("sql-empty", "the SQL is empty", "write a SELECT statement"),
  sqlTooLong: (length: number, limit: number) =>
    finding(
      "sql-too-long",
      `the SQL has ${length} characters; at most ${limit} are taken`,
      "split it into several views",
    ),
  sqlTooDeep: () =>
    finding("sql-too-deep", "the SQL is nested too deeply", "split it into several views or WITH queries"),
  planTooLarge: () =>
    finding(
      "plan-too-large",
      "written out, its WITH queries or its expressions grow beyond all measure",
      "make a view of the query that is used most, and read that",
    ),
  sqlSyntax: (message: string, suggestion: string | null = null) =>
    finding("sql-syntax", message, suggestion),
  severalStatements: () =>
    finding("several-statements", "a view is one SELECT statement", "declare a view for each statement"),
  notASelect: (statement: string) =>
    finding(
      "not-a-select",
      `a view is a SELECT statement, not ${statement}`,
      "write the SELECT alone: view() names it, and event() declares where rows come from",
    ),
}

const namesFound = {
  duplicateName: (name: string, kinds: string) =>
    finding(
      "duplicate-name",
      `the name ${name} is taken twice (${kinds}); events and views share one set of names`,
      "rename one of them",
    ),
  unknownSource: (name: string, nearest: string | null, known: readonly string[]) =>
    finding(
      "unknown-source",
      `there is no event, view or WITH query named ${name}`,
      nearestOf(nearest, known),
    ),
  unknownColumn: (name: string, where: string, nearest: string | null, known: readonly string[]) =>
    finding("unknown-column", `${where} has no column ${name}`, nearestOf(nearest, known)),
  unknownQualifier: (name: string, nearest: string | null, known: readonly string[]) =>
    finding("unknown-qualifier", `nothing in FROM is named ${name}`, nearestOf(nearest, known)),
  ambiguousColumn: (name: string, qualified: readonly string[] = []) =>
    finding(
      "ambiguous-column",
      `${name} means more than one column`,
      qualified.length > 1
        ? `write ${qualified.join(" or ")}`
        : `rename one of them in a WITH query first, such as SELECT ${name} AS inner_${name}`,
    ),
  duplicateAlias: (name: string) =>
    finding(
      "duplicate-alias",
      `two things in FROM are named ${name}`,
      `give one of them another name: ${name} AS other`,
    ),
  usingColumn: (name: string, side: string, count: number) =>
    finding(
      "using-column",
      `USING (${name}): the ${side} side of the join has ${count === 0 ? "no such column" : "several"}`,
      "write ON with the columns of both sides",
    ),
  outerTooFar: (name: string) =>
    finding(
      "outer-too-far",
      `${name} belongs to a query further out than the one around this subquery`,
      "hand the column on through the query between them, or join in a WITH query",
    ),
  aliasNotVisible: (name: string, clause: string) =>
    finding(
      "alias-not-visible",
      `${name} is an alias of the SELECT list, which ${clause} cannot see`,
      "repeat the expression, or compute it in a WITH query",
    ),
  duplicateColumn: (name: string) =>
    finding("duplicate-column", `two columns are named ${name}`, "give one of them another name with AS"),
  unnamedColumn: (position: number) =>
    finding("unnamed-column", `column ${position} has no name`, "name it: expression AS name"),
  columnName: (name: string) =>
    finding(
      "column-name",
      `"${name}" cannot name a view's column: a to z, 0 to 9 and _, at most 63, not starting with a digit`,
      "give it another name with AS",
    ),
  duplicateWith: (name: string) =>
    finding("duplicate-with", `two WITH queries are named ${name}`, "rename one of them"),
  columnAliases: (given: number, columns: number) =>
    finding(
      "column-alias-count",
      `${given} column names are given for ${columns} columns`,
      "name no more columns than there are",
    ),
}

const views = {
  viewCycle: (path: readonly string[]) =>
    finding(
      "view-cycle",
      `views read each other in a circle: ${path.join(" -> ")}`,
      "let one of them read an event",
    ),
  dependsOnProblem: (name: string) =>
    finding("depends-on-problem", `it reads ${name}, which has problems of its own`, `mend ${name} first`),
  unboundedState: (what: string, suggestion: string) => finding("unbounded-state", what, suggestion),
  finalNeedsWindow: (what: string) =>
    finding(
      "final-needs-window",
      `emit: "final" puts a row out when its window closes, but ${what}`,
      'group by window_end of tumble() or hop(), or leave emit at "changes"',
    ),
  latenessNeedsWindow: () =>
    finding(
      "lateness-needs-window",
      "allowedLateness keeps windows open for late rows, but nothing here is grouped by a window",
      "leave allowedLateness out",
    ),
}

const isFunctionName = (name: string): boolean => /^\w+$/.test(name) && name !== "in" && name !== "between"

/** `upper(string)` of a function; what an operator's overloads take, without their inner names. */
function signatures(name: string, candidates: readonly string[]): string | null {
  if (candidates.length === 0) return null
  if (isFunctionName(name)) return `there is ${list(candidates)}`
  const taken = candidates.map((signature) => signature.slice(signature.indexOf("(")))
  return `it takes ${list([...new Set(taken)])}`
}

const typing = {
  unknownFunction: (name: string, nearest: string | null) =>
    finding(
      "unknown-function",
      `there is no function ${name}`,
      didYouMean(nearest) ?? "docs/sql.md lists the functions",
    ),
  noOverload: (name: string, types: readonly string[], note: string | null, candidates: readonly string[]) =>
    finding(
      "no-overload",
      isFunctionName(name)
        ? `${name}(${list(types)}) does not exist`
        : `the operator ${name} does not take ${types.join(" and ")}`,
      note ?? signatures(name, candidates),
    ),
  ambiguousCall: (name: string, types: readonly string[], candidates: readonly string[]) =>
    finding(
      "ambiguous-call",
      `${name}(${list(types)}) could mean several functions: ${list(candidates.slice(0, 6))}`,
      "cast the arguments to the types you mean",
    ),
  nondeterministic: (name: string) =>
    finding(
      "not-deterministic",
      `${name} gives another value at every run, so a view could not be replayed or checked`,
      /time|date|now/.test(name)
        ? "use the event's own time, or processed_at (when the row was appended)"
        : "send the value inside the event",
    ),
  typeMismatch: (what: string, wanted: string, got: string) =>
    finding(
      "type-mismatch",
      `${what} must be ${wanted}, not ${got}`,
      wanted === "boolean"
        ? "write a comparison, such as x <> 0 or x IS NOT NULL"
        : `give it the type ${wanted}`,
    ),
  noCommonType: (what: string, a: string, b: string) =>
    finding(
      "no-common-type",
      `${what} cannot have both ${a} and ${b}`,
      "cast one of them to the other's type",
    ),
  castNotAllowed: (from: string, to: string) =>
    finding(
      "cast-not-allowed",
      `${from} cannot be cast to ${to}`,
      "cast it to text first, or compute the value",
    ),
  badLiteral: (reason: string) =>
    finding("bad-literal", reason, "write a value of the type that its place asks for"),
  unsupportedType: (name: string, suggestion: string) =>
    finding("unsupported-type", `the type ${name} does not exist here`, suggestion),
  jsonKey: (name: string) =>
    finding(
      "json-key",
      `${name} is json, which cannot be compared, so it can be neither grouped by nor DISTINCT`,
      `cast it: ${name}::text`,
    ),
  intervalColumn: (name: string) =>
    finding(
      "interval-column",
      `column ${name} is an interval, which no column can be`,
      "take a number out of it: extract(epoch from …)",
    ),
}

const grouping = {
  ungroupedColumn: (name: string) =>
    finding(
      "ungrouped-column",
      `${name} must appear in GROUP BY or be used in an aggregate`,
      `add ${name} to GROUP BY, or write min(${name}) or max(${name})`,
    ),
  aggregateNotAllowed: (name: string, clause: string) =>
    finding(
      "aggregate-not-allowed",
      `the aggregate ${name} cannot stand in ${clause}`,
      clause === "WHERE"
        ? "use HAVING"
        : clause === "another aggregate"
          ? "aggregate in a WITH query first, then aggregate its rows"
          : "aggregate in a WITH query first",
    ),
  notAnAggregate: (name: string, clause: string) =>
    finding(
      "not-an-aggregate",
      `${clause} belongs to aggregates, and ${name} is none`,
      clause === "FILTER" ? `write CASE WHEN condition THEN ${name}(…) END` : `leave ${clause} out`,
    ),
  aggregateArguments: (name: string, what: string, usage: string) =>
    finding("aggregate-arguments", `${name} ${what}`, `write ${usage}`),
  approximateRetraction: (name: string, exact: string) =>
    finding(
      "approximate-retraction",
      `${name} cannot take a row back, and the rows that it reads here can be replaced or withdrawn`,
      `write ${exact}, which is exact`,
    ),
  groupPosition: (position: number, columns: number) =>
    finding(
      "group-position",
      `GROUP BY ${position}: the SELECT list has ${columns} columns`,
      "count its columns from 1",
    ),
  groupConstant: () =>
    finding(
      "group-constant",
      "GROUP BY takes a column's name, number or expression, not a constant",
      "leave it out",
    ),
  unionColumns: (word: string, left: number, right: number) =>
    finding(
      "union-columns",
      `the branches of ${word} have ${left} and ${right} columns`,
      "select the same number of columns in each",
    ),
}

const WINDOW_CALLS: Readonly<Record<string, string>> = {
  tumble: "tumble(source, time_column, INTERVAL '1 hour')",
  hop: "hop(source, time_column, INTERVAL '5 minutes', INTERVAL '1 hour'): slide, then size",
  session: "session(source, time_column, INTERVAL '30 minutes', key_column, …)",
  cumulate: "cumulate(source, time_column, INTERVAL '1 hour', INTERVAL '1 day'): step, then size",
}

const windowing = {
  windowArguments: (name: string) =>
    finding(
      "window-arguments",
      `${name} is called with the wrong arguments`,
      `write ${WINDOW_CALLS[name]}${name === "session" ? "" : "; an offset and a time zone may follow"}`,
    ),
  windowPlace: (name: string) =>
    finding(
      "window-place",
      `${name} stands in FROM and puts window_start and window_end beside each row`,
      `write FROM ${WINDOW_CALLS[name]}, and GROUP BY window_end`,
    ),
  windowSource: (name: string) =>
    finding(
      "window-source",
      `the first argument of ${name} is the name of an event, a view or a WITH query`,
      "name a subquery in WITH, then use that name",
    ),
  windowTime: (column: string, source: string, timeColumn: string | null) =>
    finding(
      "window-time",
      `${column} is not the event time of ${source}, so its windows would never close`,
      timeColumn === null
        ? `${source} has no time column; let it keep its event time or window_end`
        : `use ${timeColumn}`,
    ),
  windowInterval: (what: string, reason: string) =>
    finding("window-interval", `${what} ${reason}`, "write a literal such as INTERVAL '10 minutes'"),
  hopSlide: (name: string, slide: string, size: string) =>
    finding(
      "hop-slide",
      `the window's size (${size}) is not a multiple of its ${name === "hop" ? "slide" : "step"} (${slide})`,
      `write ${WINDOW_CALLS[name]}`,
    ),
  sessionKey: () =>
    finding(
      "session-key",
      "the keys of session are columns of its source",
      "compute the key in a WITH query and name its column",
    ),
  sessionUse: (what: string, suggestion: string) =>
    finding("session-use", `the rows of session() ${what}`, suggestion),
  windowZone: (zone: string, nearest: string | null) =>
    finding(
      "window-zone",
      `there is no time zone ${zone}`,
      didYouMean(nearest) ?? "write a name of the IANA time zone database, such as 'Europe/Berlin'",
    ),
  windowZoneSize: (length: string) =>
    finding(
      "window-zone-size",
      `in a time zone a window's lengths are whole days or divide the day; ${length} does neither`,
      "write whole days, or hours and minutes that divide 24 hours, or leave the time zone out",
    ),
  hopWindows: (count: string, limit: number) =>
    finding(
      "hop-windows",
      `each row would fall into ${count} windows; at most ${limit} are taken`,
      "use a longer slide",
    ),
}

export const findings = {
  ...text,
  ...namesFound,
  ...views,
  ...typing,
  ...grouping,
  ...clauses,
  ...windowing,
}

/** @throws PlatformError: what `view()` refuses at once, before any SQL is read. */
export function invalidView(name: string, message: string): PlatformError {
  return new PlatformError({ code: "invalid-view", domain: "user", message: `view ${name}: ${message}` })
}
