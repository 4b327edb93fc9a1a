/**
 * Checks of a loaded page that need no library: names of controls, order of headings, landmarks, tables, and
 * the contrast of every visible text, computed from the colours that the browser really uses. Both
 * functions run inside the page, so they may not use anything from outside of their own bodies.
 */

/** What is wrong with names, headings, landmarks, tables and drawings, in words. */
export function auditStructure(): readonly string[] {
  const problems: string[] = []
  const shown = (element: Element): boolean => element.checkVisibility({ visibilityProperty: true })
  const nameOf = (element: Element): string => {
    const referred = (element.getAttribute("aria-labelledby") ?? "")
      .split(/\s+/)
      .map((id) => (id === "" ? "" : (document.getElementById(id)?.textContent ?? "")))
      .join(" ")
    const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : []
    const label = document.querySelector(`label[for="${CSS.escape(element.id)}"]`)
    const own = element.matches("a, button") ? element.textContent : ""
    const parts = [referred, element.getAttribute("aria-label"), label?.textContent, own]
    return [...parts, ...labels.map(({ textContent }) => textContent)].join(" ").trim()
  }
  for (const element of document.querySelectorAll("input, select, textarea, button, a[href]")) {
    if (shown(element) && nameOf(element) === "") problems.push(`no name: ${element.outerHTML.slice(0, 80)}`)
  }
  for (const element of document.querySelectorAll("section, article, figure, nav")) {
    if (shown(element) && nameOf(element) === "" && !element.matches(".reject")) {
      problems.push(`no name: <${element.localName} class="${element.className}">`)
    }
  }

  let level = 0
  const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(shown)
  for (const heading of headings) {
    const next = Number(heading.localName.slice(1))
    if (next > level + 1) problems.push(`heading skips a level: ${heading.textContent}`)
    level = next
  }
  if (headings.filter(({ localName }) => localName === "h1").length !== 1) problems.push("not exactly one h1")
  for (const landmark of ["header", "nav", "main", "footer"]) {
    if (document.querySelector(landmark) === null) problems.push(`no <${landmark}>`)
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id)
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) problems.push(`id twice: ${id}`)
  for (const table of document.querySelectorAll("table")) {
    if (table.caption === null) problems.push("a table without a caption")
    for (const head of table.querySelectorAll("th")) {
      if (head.getAttribute("scope") === null) problems.push(`a th without scope: ${head.textContent}`)
    }
  }
  for (const canvas of document.querySelectorAll("canvas, svg")) {
    if (canvas.closest('[aria-hidden="true"]') === null)
      problems.push("a drawing that is not hidden or named")
  }

  return [...new Set(problems)]
}

export interface ContrastAudit {
  readonly problems: readonly string[]
  /** Texts whose contrast was computed: a check of nothing would always pass. */
  readonly textsChecked: number
}

/** Texts with a contrast below 4.5 to 1 (WCAG AA). */
export function auditContrast(): ContrastAudit {
  const problems: string[] = []
  type Colour = readonly [red: number, green: number, blue: number, alpha: number]
  const colourOf = (text: string): Colour => {
    const numbers = (text.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number)
    const scale = text.startsWith("color(") ? 255 : 1
    const [red = 0, green = 0, blue = 0, alpha = 1] = numbers
    return [red * scale, green * scale, blue * scale, alpha]
  }
  const over = (top: Colour, below: Colour): Colour => {
    const mix = (a: number, b: number): number => a * top[3] + b * (1 - top[3])
    return [mix(top[0], below[0]), mix(top[1], below[1]), mix(top[2], below[2]), 1]
  }
  const backgroundOf = (element: Element | null): Colour => {
    if (element === null) return [255, 255, 255, 1]
    const colour = colourOf(getComputedStyle(element).backgroundColor)
    return colour[3] === 1 ? colour : over(colour, backgroundOf(element.parentElement))
  }
  const luminance = (colour: Colour): number => {
    const [red, green, blue] = [colour[0], colour[1], colour[2]].map((value) => {
      const part = value / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    }) as [number, number, number]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  let textsChecked = 0
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement
    if (element === null || node.textContent?.trim() === "") continue
    if (element.closest(".unseen, noscript, script") !== null) continue
    if (!element.checkVisibility({ visibilityProperty: true })) continue
    const background = backgroundOf(element)
    const ink = over(colourOf(getComputedStyle(element).color), background)
    const [light, dark] = [luminance(ink), luminance(background)].sort((a, b) => b - a) as [number, number]
    const contrast = (light + 0.05) / (dark + 0.05)
    textsChecked++
    if (contrast < 4.5) {
      problems.push(`contrast ${contrast.toFixed(2)}: "${node.textContent?.trim().slice(0, 40)}"`)
    }
  }
  return { problems: [...new Set(problems)], textsChecked }
}
