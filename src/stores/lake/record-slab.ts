/** Records of one row group as they were in the log: a few arrays, which go from thread to thread whole. */

export interface RecordSlab {
  readonly count: number
  /** What the starts and ends point into. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Of the first record; offsets ascend. */
  readonly baseOffset: number
  readonly offsetDeltas: Int32Array<ArrayBuffer>
  readonly appendTimesMs: Float64Array<ArrayBuffer>
  readonly keyStarts: Int32Array<ArrayBuffer>
  /** -1 for a null key. */
  readonly keyEnds: Int32Array<ArrayBuffer>
  readonly valueStarts: Int32Array<ArrayBuffer>
  /** -1 for a null value. */
  readonly valueEnds: Int32Array<ArrayBuffer>
  readonly headersStarts: Int32Array<ArrayBuffer>
  readonly headersEnds: Int32Array<ArrayBuffer>
}

/** Columns as a reader of Parquet gives them. */
export interface RecordParts {
  readonly offsets: BigInt64Array
  readonly appendTimesMicros: BigInt64Array
  readonly keys: ArrayLike<Uint8Array | null | undefined>
  readonly values: ArrayLike<Uint8Array | null | undefined>
  readonly headers: ArrayLike<Uint8Array | null | undefined>
}

export function slabOf(parts: RecordParts): RecordSlab {
  const count = parts.offsets.length
  const [keys, values, headers] = [parts.keys, parts.values, parts.headers].map(slicesOf)
  const bytes = new Uint8Array(keys!.bytes.length + values!.bytes.length + headers!.bytes.length)
  let base = 0
  for (const { bytes: own, starts, ends } of [keys!, values!, headers!]) {
    bytes.set(own, base)
    for (let row = 0; base > 0 && row < count; row++) {
      starts[row]! += base
      if (ends[row] !== -1) ends[row]! += base
    }
    base += own.length
  }
  const offsets = numbersOf(parts.offsets)
  const baseOffset = offsets[0] ?? 0
  const offsetDeltas = new Int32Array(count)
  for (let row = 0; row < count; row++) offsetDeltas[row] = offsets[row]! - baseOffset
  const appendTimesMs = numbersOf(parts.appendTimesMicros).map((micros) => Math.floor(micros / 1000))
  return {
    ...{ count, bytes, baseOffset, offsetDeltas, appendTimesMs },
    ...{ keyStarts: keys!.starts, keyEnds: keys!.ends },
    ...{ valueStarts: values!.starts, valueEnds: values!.ends },
    ...{ headersStarts: headers!.starts, headersEnds: headers!.ends },
  }
}

/** Whole numbers below 2^53, without a BigInt for each. */
function numbersOf(values: BigInt64Array): Float64Array<ArrayBuffer> {
  const halves = new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
  const numbers = new Float64Array(values.length)
  for (let row = 0; row < numbers.length; row++)
    numbers[row] = halves[2 * row + 1]! * 4_294_967_296 + (halves[2 * row]! >>> 0)
  return numbers
}

/** Every buffer of it, to be given away. */
export function buffersOf(slab: RecordSlab): ArrayBuffer[] {
  return Object.values(slab).flatMap((part) => (ArrayBuffer.isView(part) ? [part.buffer as ArrayBuffer] : []))
}

export function offsetAt(slab: RecordSlab, row: number): number {
  return slab.baseOffset + slab.offsetDeltas[row]!
}

/** First row at or behind the offset; `count` when there is none. */
export function rowOfOffset(slab: RecordSlab, offset: number): number {
  let [low, high] = [0, slab.count]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (offsetAt(slab, middle) < offset) low = middle + 1
    else high = middle
  }
  return low
}

interface Slices {
  readonly bytes: Uint8Array
  readonly starts: Int32Array<ArrayBuffer>
  readonly ends: Int32Array<ArrayBuffer>
}

/** The values of a page lie in one piece of memory, lengths between them: it is taken as it is. */
function slicesOf(parts: RecordParts["keys"]): Slices {
  const starts = new Int32Array(parts.length)
  const ends = new Int32Array(parts.length).fill(-1)
  let page: ArrayBufferLike | null = null
  let [first, last] = [Number.POSITIVE_INFINITY, 0]
  for (let row = 0; row < parts.length; row++) {
    const part = parts[row]
    if (part === null || part === undefined) continue
    page ??= part.buffer
    if (part.buffer !== page) return gathered(parts)
    const start = part.byteOffset
    starts[row] = start
    ends[row] = start + part.length
    if (start < first) first = start
    if (start + part.length > last) last = start + part.length
  }
  if (page === null) return { bytes: new Uint8Array(0), starts, ends }
  for (let row = 0; row < parts.length; row++) {
    if (ends[row] === -1) continue
    starts[row]! -= first
    ends[row]! -= first
  }
  return { bytes: new Uint8Array(page, first, last - first), starts, ends }
}

function gathered(parts: RecordParts["keys"]): Slices {
  const pieces = Array.from(parts, (part) => part ?? null)
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + (piece?.length ?? 0), 0))
  const [starts, ends] = [new Int32Array(pieces.length), new Int32Array(pieces.length)]
  let at = 0
  for (const [row, piece] of pieces.entries()) {
    starts[row] = at
    if (piece !== null) bytes.set(piece, at)
    at += piece?.length ?? 0
    ends[row] = piece === null ? -1 : at
  }
  return { bytes, starts, ends }
}
