/**
 * Finds a Chromium on this machine and starts it with playwright's driver, which brings no browser of its
 * own. MILLRACE_CHROMIUM names one; else the usual names on PATH.
 */
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { type BrowserContext, chromium } from "playwright-core"

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]

/** Quiet, without a sandbox that containers do not allow, and without talk to anybody's servers. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

export const HOW_TO_GET_ONE = [
  "No Chromium was found, so the page was NOT tested.",
  "Install one (Debian, Ubuntu: apt-get install chromium; macOS: brew install --cask chromium),",
  "or name one: MILLRACE_CHROMIUM=/path/to/chromium npm run test:page",
].join("\n")

/** Null when there is none. @throws when MILLRACE_CHROMIUM names something that cannot be run. */
export function findChromium(): string | null {
  const named = process.env["MILLRACE_CHROMIUM"]
  if (named !== undefined && named !== "") {
    if (!canRun(named)) throw new Error(`MILLRACE_CHROMIUM is "${named}", which cannot be run`)
    return named
  }
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "")
  const places = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))
  return places.find(canRun) ?? null
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Not there, or not a program: the next place may have one.
    return false
  }
}

export interface Browser extends AsyncDisposable {
  readonly context: BrowserContext
}

/** A browser with a fresh profile, which is removed when it is closed. */
export async function startChromium(executablePath: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), "millrace-page-"))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: FLAGS,
    viewport: { width: 1440, height: 900 },
  })
  return {
    context,
    async [Symbol.asyncDispose]() {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}
