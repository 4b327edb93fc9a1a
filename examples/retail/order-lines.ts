/**
 * Reads the shop's CSV: one order line a record, with a hash of the record's text as its id, since the file
 * numbers nothing and has some lines twice.
 */
import { createHash } from "node:crypto"
import { createReadStream, existsSync } from "node:fs"
import { join } from "node:path"
import { parse } from "csv-parse"

/** What `order_line` wants, all as text: no digit passes through a float. */
export interface OrderLine {
  readonly line_hash: string
  readonly invoice: string
  readonly article: string
  readonly description?: string
  readonly quantity: number
  readonly invoiced_at: string
  readonly unit_price: string
  readonly customer?: string
  readonly country: string
}

export const HOW_TO_GET_THE_FILE =
  "Get it from https://archive.ics.uci.edu/dataset/352/online+retail (UCI Online Retail, CC BY 4.0), save " +
  "the sheet as CSV, and name the file on the command line, or its folder in MILLRACE_TEST_DATA " +
  "(retail_orders/orders.csv in it)."

const COLUMNS = [
  "InvoiceNo",
  "StockCode",
  "Description",
  "Quantity",
  "InvoiceDate",
  "UnitPrice",
  "CustomerID",
  "Country",
] as const

/** Half of a SHA-256: enough that two different lines do not meet. */
const HASH_DIGITS = 32

/** The file in the folder of test data, or null when there is none. */
export function orderFileIn(testData: string | undefined): string | null {
  if (testData === undefined) return null
  const path = join(testData, "retail_orders", "orders.csv")
  return existsSync(path) ? path : null
}

/**
 * @param limit stops behind so many lines
 * @throws Error when the header is another file's
 */
export async function* readOrderLines(path: string, limit = Infinity): AsyncGenerator<OrderLine> {
  const records = createReadStream(path).pipe(parse({ bom: true, raw: true }))
  let count = -1
  for await (const { record, raw } of records as AsyncIterable<{ record: string[]; raw: string }>) {
    count++
    if (count === 0) {
      if (record.join() === COLUMNS.join()) continue
      throw new Error(
        `${path} has the columns ${record.join()}, not ${COLUMNS.join()}. ${HOW_TO_GET_THE_FILE}`,
      )
    }
    if (count > limit) return
    yield orderLine(record, raw)
  }
}

function orderLine(record: readonly string[], raw: string): OrderLine {
  const [invoice, article, description, quantity, at, price, customer, country] = record as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  return {
    line_hash: createHash("sha256").update(raw.trimEnd()).digest("hex").slice(0, HASH_DIGITS),
    invoice,
    article,
    ...(description === "" ? {} : { description }),
    quantity: Number(quantity),
    invoiced_at: `${at.replace(" ", "T")}Z`,
    unit_price: price,
    // Customers have whole numbers; the export made floats of them.
    ...(customer === "" ? {} : { customer: customer.replace(/\.0$/, "") }),
    country,
  }
}
