/**
 * Values that generated code refers to by name. Nothing of a plan is spliced into text: literals, tables and
 * operators are bound here and passed as parameters of the function around the generated one.
 */

export class CodeScope {
  readonly #names: string[] = []
  readonly #values: unknown[] = []
  #locals = 0

  bind(value: unknown, hint = "b"): string {
    const known = this.#values.indexOf(value)
    if (known >= 0 && typeof value === "object" && value !== null) return this.#names[known]!
    const name = `g_${hint}${this.#names.length}`
    this.#names.push(name)
    this.#values.push(value)
    return name
  }

  local(hint: string): string {
    return `l_${hint}${this.#locals++}`
  }

  /**
   * Compiles a function, named for profiles; `more` brings the names and values of another generator
   * (RowCode.bound).
   */
  compile<F>(
    name: string,
    parameters: readonly string[],
    body: string,
    more: { readonly names: readonly string[]; readonly values: readonly unknown[] } = NOTHING,
  ): F {
    const names = [...this.#names, ...more.names]
    const text = `"use strict"; return function ${name}(${parameters.join(", ")}) {\n${body}\n}`
    const make = new Function(...names, text)
    return make(...this.#values, ...more.values) as F
  }
}

const NOTHING = { names: [], values: [] }
