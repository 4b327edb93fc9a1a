/**
 * Where a question was asked from. The browser gives the focus back to that element when the sheet closes,
 * but a live row may have left its table meanwhile: then the focus goes to what is left of the table, and not
 * to the top of the page.
 */

export interface Origin {
  readonly element: Element
  /** What the element stood in, and what stays when the element goes. */
  readonly region: Element | null
}

export function originOf(element: Element | null): Origin | null {
  return element === null ? null : { element, region: element.closest("section") }
}

/** Does nothing where the browser found the element, or where the focus was given to something else. */
export function returnTo(origin: Origin | null): void {
  if (origin === null || origin.element.isConnected || document.activeElement !== document.body) return
  origin.region?.querySelector<HTMLElement>("[tabindex='0']")?.focus()
}
