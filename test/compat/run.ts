/**
 * `npm run test:compat`: readers that are not from npm. PyIceberg is installed into an ignored folder, once;
 * where that cannot be done the run says so and fails, since nothing was compared.
 */
import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { NodeDisk } from "../../src/std/node/disk.ts"
import { openLakeWorld, order1, order2, orderRows } from "../kit/lake-world.ts"

const ROOT = fileURLToPath(new URL("../../", import.meta.url))
const ENVIRONMENT = join(ROOT, ".cache/pyiceberg")
const PACKAGES = ["pyiceberg==0.12.0", "pyarrow"]

interface Facts {
  readonly rows: number
  readonly total: string
  readonly amount: string
  readonly hints: number
}

interface Found {
  readonly now: Facts
  readonly coupons: number
  readonly snapshots: readonly Facts[]
  readonly filtered: number
  readonly columns: Readonly<Record<string, readonly [number, string]>>
  readonly values: readonly string[]
}

const python = installed()
if (python === null) {
  console.error("SKIPPED: PyIceberg. It needs python3 with venv, and a package index that pip can reach.")
  process.exitCode = 1
} else {
  await comparePyIceberg(python)
  console.log("PyIceberg agrees: counts, sums, filters, snapshots, schema and every byte of _value.")
}

function installed(): string | null {
  const path = join(ENVIRONMENT, process.platform === "win32" ? "Scripts/python.exe" : "bin/python")
  const works = () => {
    try {
      execFileSync(path, ["-c", "import pyiceberg, pyarrow"], { stdio: "ignore" })
      return true
    } catch {
      return false
    }
  }
  if (existsSync(path) && works()) return path
  try {
    execFileSync("python3", ["-m", "venv", ENVIRONMENT], { stdio: "inherit" })
    execFileSync(path, ["-m", "pip", "install", "--quiet", ...PACKAGES], { stdio: "inherit" })
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    return null
  }
  return works() ? path : null
}

async function comparePyIceberg(path: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "compat-"))
  try {
    const disk = new NodeDisk()
    const values: string[] = []
    const first = await openLakeWorld({ disk, directory, contracts: [order1], limits: { smallFiles: 2 } })
    await first.archiver.prepare()
    for (let n = 0; n < 80; n += 20) {
      const rows = orderRows(n, n + 20)
      values.push(...rows.map(({ value }) => value!))
      await first.append(n % 40 === 0 ? 0 : 1, rows)
      await first.archiver.archiveNow()
      first.clock.skip(20_000)
    }
    await first.archiver.upkeepNow()
    await first[Symbol.asyncDispose]()
    const { clock } = first
    await using world = await openLakeWorld({ disk, directory, clock, contracts: [order2], seed: 2 })
    await world.archiver.prepare()
    const grown = orderRows(80, 100).map(({ key, value }) => {
      return { key, value: value!.replace("{", '{"coupon":"C",') }
    })
    values.push(...grown.map(({ value }) => value))
    await world.append(0, grown, order2)
    await world.archiver.archiveNow()
    const table = world.lake.table("order")
    const version = readFileSync(`${table.directory}/metadata/version-hint.text`, "utf8")
    const metadata = `${table.directory}/metadata/v${version}.metadata.json`
    const script = join(ROOT, "test/compat/read-lake.py")
    const found = JSON.parse(execFileSync(path, [script, metadata], { encoding: "utf8" })) as Found
    const facts = (count: number): Facts => ({
      rows: count,
      total: String(9_007_199_254_740_993n * BigInt(count) + BigInt((count * (count - 1)) / 2)),
      amount: ((count * (count - 1)) / 2 + count / 4).toFixed(2),
      hints: Math.ceil(count / 7),
    })
    assert.deepEqual(found.now, facts(100))
    // Four appends and the rewrite, with the rows of the fourth; then the evolved schema's.
    assert.deepEqual(found.snapshots, [20, 40, 60, 80, 80, 100].map(facts))
    assert.equal(found.coupons, 20)
    assert.equal(found.filtered, 50)
    assert.deepEqual(found.values, values.sort())
    const columns = table.schema.fields.map(({ name, id }) => [name, id])
    assert.deepEqual(
      Object.entries(found.columns).map(([name, [id]]) => [name, id]),
      columns,
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
