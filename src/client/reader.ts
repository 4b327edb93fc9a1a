/** Reads views: pages of rows, and changes as they happen. */
import { ReaderError, unreachable } from "./errors.ts"
import type { ChangeHandlers } from "./follow-view.ts"
import { followView } from "./follow-view.ts"
import { readProblem } from "./problem-answer.ts"
import type { RowsQuery } from "./reader-query.ts"
import { queryString } from "./reader-query.ts"
import type { Surroundings } from "./surroundings.ts"
import { SURROUNDINGS } from "./surroundings.ts"

export interface ReaderOptions {
  /** Of the platform: http://127.0.0.1:4600. A page that the platform serves itself may give "". */
  readonly url: string
  /** Time, timers, randomness and fetch. @default those of the program */
  readonly surroundings?: Surroundings
}

export interface RowsPage<Row> {
  readonly rows: readonly Row[]
  /** For the next page; null on the last one. */
  readonly cursor: string | null
  readonly epoch: number
  readonly watermark: string | null
  /** Rows of the whole view at this epoch. */
  readonly rowCount: number
  /** What the view did with the rows of the receipt; only when asked with `after`. */
  readonly verdicts: Readonly<Record<string, number>> | null
}

export interface Reader {
  /**
   * One page of a view's rows.
   * @example await reader.rows("signups_per_day", { where: { plan: "premium", signups: { gte: 5 } }, sort:
   * "-day" })
   * @throws ReaderError with the server's code and status; unreachable
   */
  rows<Row = Readonly<Record<string, unknown>>>(view: string, query?: RowsQuery): Promise<RowsPage<Row>>
  /**
   * Follows a view until `signal` fires: the whole view, then what changes; goes on by itself behind the last
   * epoch it has seen when the connection breaks. Resolves when the signal fires.
   * @throws ReaderError when the server refuses, as for a view that is not there
   */
  changes<Row = Readonly<Record<string, unknown>>>(view: string, handlers: ChangeHandlers<Row>): Promise<void>
}

export function createReader({ url, surroundings = SURROUNDINGS }: ReaderOptions): Reader {
  const base = url.replace(/\/+$/, "")
  const pathOf = (view: string) => `${base}/v1/views/${encodeURIComponent(view)}`
  return {
    rows: (view, query = {}) => readRows(`${pathOf(view)}/rows${queryString(query)}`, surroundings),
    changes: (view, handlers) => followView(`${pathOf(view)}/changes`, handlers, surroundings),
  }
}

interface RowsBody<Row> {
  readonly rows: readonly Row[]
  readonly cursor: string | null
  readonly epoch: number
  readonly watermark: string | null
  readonly row_count: number
  readonly receipt?: { readonly verdicts: Readonly<Record<string, number>> | null }
}

async function readRows<Row>(url: string, given: Surroundings): Promise<RowsPage<Row>> {
  const response = await given.request(url, {}).catch((cause: unknown) => {
    throw unreachable(url, cause)
  })
  if (response.status !== 200) {
    const { status, code, detail, body } = await readProblem(response, given.nowMs())
    const details = body ?? {}
    const domain = status >= 500 ? "external" : "user"
    throw new ReaderError({ code, domain, retry: status >= 500, message: detail, details, status })
  }
  const { rows, cursor, epoch, watermark, row_count, receipt } = (await response.json()) as RowsBody<Row>
  return { rows, cursor, epoch, watermark, rowCount: row_count, verdicts: receipt?.verdicts ?? null }
}
