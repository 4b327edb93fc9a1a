/**
 * What the tests of the page share: the page built once, a twin of the platform, a browser, and a way to open
 * the page that keeps every complaint of the browser.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before } from "node:test"
import type { Locator, Page } from "playwright-core"
import { build } from "vite"
import { type Browser, findChromium, HOW_TO_GET_ONE, startChromium } from "./chromium.ts"
import { startTwin, type Twin } from "./twin.ts"

const STUDIO = join(import.meta.dirname, "../../studio")

/** What is waited for comes within seconds, and within half a minute where other tests have the cores. */
const PATIENCE_MS = 90_000

export interface Opened extends AsyncDisposable {
  readonly page: Page
  /** Errors in the console and requests to other hosts. */
  readonly complaints: string[]
}

export interface Look {
  readonly url?: string
  readonly colorScheme?: "dark" | "light"
  readonly width?: number
  /** Answers with these codes are part of the test, and the browser's remark about them is none. */
  readonly expected?: readonly number[]
}

export interface PageKit {
  /** What `test` takes as `skip`: false where there is a browser. */
  readonly skip: string | false
  readonly twin: Twin
  /** Folder of the built page. */
  readonly built: string
  /** Resolves when the page is built: hooks of a file do not wait for each other. */
  readonly ready: Promise<void>
  open(look?: Look): Promise<Opened>
}

/** Starts before the first test of the file that calls it, and stops behind the last one. */
export function pageKit(): PageKit {
  const executable = findChromium()
  if (executable === null) console.log(`\n${HOW_TO_GET_ONE}\n`)
  let browser: Browser
  let twin: Twin
  let built = ""
  const { promise: ready, resolve } = Promise.withResolvers<void>()

  before(async () => {
    if (executable === null) return
    built = mkdtempSync(join(tmpdir(), "millrace-studio-"))
    await build({ root: STUDIO, logLevel: "warn", build: { outDir: built, emptyOutDir: true } })
    twin = await startTwin({ page: built, port: 0 })
    browser = await startChromium(executable)
    resolve()
  })

  after(async () => {
    if (executable === null) return
    await browser[Symbol.asyncDispose]()
    await twin[Symbol.asyncDispose]()
    rmSync(built, { recursive: true, force: true })
  })

  return {
    skip: executable === null ? "no Chromium" : false,
    ready,
    get twin() {
      return twin
    },
    get built() {
      return built
    },
    open: (look = {}) => openPage(browser, { url: twin.url, ...look }),
  }
}

async function openPage(browser: Browser, look: Look & { readonly url: string }): Promise<Opened> {
  const { url, colorScheme = "light", width = 1440, expected = [] } = look
  const page = await browser.context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  const complaints: string[] = []
  page.on("console", (message) => {
    if (message.type() !== "error") return
    if (!expected.some((status) => message.text().includes(`status of ${status}`)))
      complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(error.message))
  page.on("request", (request) => {
    const other = !request.url().startsWith(url) && !request.url().startsWith(`blob:${url}`)
    if (other) complaints.push(`a request to ${request.url()}`)
  })
  await page.emulateMedia({ colorScheme })
  await page.setViewportSize({ width, height: 900 })
  await page.goto(url)
  await page.getByText("Live", { exact: true }).waitFor()
  return { page, complaints, [Symbol.asyncDispose]: () => page.close() }
}

export function card(page: Page, view: string): Locator {
  return page.getByRole("article", { name: view, exact: true })
}

/** The sheet at the side, with its title. */
export function sheet(page: Page, title: string): Locator {
  return page.getByRole("dialog", { name: title })
}

/** `element tag, text` of what has the focus. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(
    () => `${document.activeElement?.localName} ${document.activeElement?.textContent ?? ""}`,
  )
}
