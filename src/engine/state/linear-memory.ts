/**
 * Memory that grows in place: a WebAssembly.Memory without a module. Growing detaches earlier views, so
 * whoever holds some takes them again from `views()`; nothing is copied, and untouched pages cost no physical
 * memory.
 */

export const WASM_PAGE_BYTES = 65_536

interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}
interface WasmNamespace {
  readonly Memory: new (options: { initial: number; maximum: number }) => WasmMemory
}
/** TypeScript has these types only with the browser's library. */
const wasm = (globalThis as unknown as { WebAssembly: WasmNamespace }).WebAssembly

export interface MemoryViews {
  readonly u8: Uint8Array
  readonly i32: Int32Array
  readonly i64: BigInt64Array
  readonly f64: Float64Array
}

export class LinearMemory {
  readonly #memory: WasmMemory

  constructor(initialBytes: number, maximumBytes: number) {
    this.#memory = new wasm.Memory({
      initial: Math.ceil(initialBytes / WASM_PAGE_BYTES),
      maximum: Math.ceil(maximumBytes / WASM_PAGE_BYTES),
    })
  }

  get sizeBytes(): number {
    return this.#memory.buffer.byteLength
  }

  growTo(sizeBytes: number): void {
    const missing = sizeBytes - this.sizeBytes
    if (missing > 0) this.#memory.grow(Math.ceil(missing / WASM_PAGE_BYTES))
  }

  views(): MemoryViews {
    const buffer = this.#memory.buffer
    return {
      u8: new Uint8Array(buffer),
      i32: new Int32Array(buffer),
      i64: new BigInt64Array(buffer),
      f64: new Float64Array(buffer),
    }
  }
}
