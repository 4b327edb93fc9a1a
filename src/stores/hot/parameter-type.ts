/** Types of parameters as the SQL writes them: `Array(Nullable(DateTime64(6, 'UTC')))`. */

export interface ParameterType {
  /** "Int64", "Array", "DateTime64" */
  readonly name: string
  readonly arguments: readonly (ParameterType | string)[]
  readonly text: string
}

const TOKEN = /\s*(?:([A-Za-z_]\w*)|('(?:[^'\\]|\\.)*'|-?\d+)|([(),=]))/y

/** Null when the text is no type. */
export function parseParameterType(text: string): ParameterType | null {
  const reader = new TypeReader(text)
  const type = reader.type()
  return reader.isAtEnd ? type : null
}

class TypeReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#text.slice(this.#at).trim() === ""
  }

  type(): ParameterType | null {
    const start = this.#at
    const name = this.#take(1)
    if (name === null) return null
    const given: (ParameterType | string)[] = []
    if (this.#sign("(")) {
      do {
        const argument = this.#take(2) ?? this.type()
        if (argument === null) return null
        given.push(argument)
        // The members of an Enum have values, which nobody needs here.
        if (this.#sign("=") && this.#take(2) === null) return null
      } while (this.#sign(","))
      if (!this.#sign(")")) return null
    }
    return { name, arguments: given, text: this.#text.slice(start, this.#at).trim() }
  }

  /** The next token when it is of the kind: 1 a word, 2 a literal. */
  #take(kind: 1 | 2): string | null {
    TOKEN.lastIndex = this.#at
    const found = TOKEN.exec(this.#text)?.[kind]
    if (found === undefined) return null
    this.#at = TOKEN.lastIndex
    return found
  }

  #sign(sign: string): boolean {
    TOKEN.lastIndex = this.#at
    if (TOKEN.exec(this.#text)?.[3] !== sign) return false
    this.#at = TOKEN.lastIndex
    return true
  }
}
