/** From the bytes of a key to the position of its field, without making a string. */

const encoder = new TextEncoder()

export class KeyTable {
  readonly #mask: number
  /** Field position + 1; 0 is free. Open addressing, at most half full. */
  readonly #slots: Int32Array
  readonly #keys: readonly Uint8Array[]
  readonly #byName: ReadonlyMap<string, number>

  constructor(names: readonly string[]) {
    let size = 8
    while (size < 2 * names.length) size *= 2
    this.#mask = size - 1
    this.#slots = new Int32Array(size)
    this.#keys = names.map((name) => encoder.encode(name))
    this.#byName = new Map(names.map((name, index) => [name, index]))
    this.#keys.forEach((key, index) => {
      let slot = hashBytes(key, 0, key.length) & this.#mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask
      this.#slots[slot] = index + 1
    })
  }

  /** Position of the field whose name is bytes[start, end); -1 when there is none. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let slot = hashBytes(bytes, start, end) & this.#mask
    for (;;) {
      const index = this.#slots[slot]! - 1
      if (index < 0 || equalBytes(this.#keys[index]!, bytes, start, end)) return index
      slot = (slot + 1) & this.#mask
    }
  }

  /** The same for a key that had to be unescaped. */
  findName(name: string): number {
    return this.#byName.get(name) ?? -1
  }
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return hash ^ (hash >>> 15)
}

function equalBytes(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false
  return true
}
