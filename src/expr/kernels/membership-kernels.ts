/** IN and NOT IN: constants are looked up, other items are compared one after the other, lazily. */
import type { Scalar } from "../../columns/types.ts"
import { BOOLEAN } from "../../columns/types.ts"
import type { CodeWriter, Kernel } from "../compile/kernel.ts"
import { own } from "../compile/kernel.ts"
import type { Call, Expression } from "../expression.ts"

/** From here on a Set beats a chain of comparisons. */
const SET_SIZE = 6
const HASHABLE = new Set(["int32", "int64", "float64", "decimal", "string", "timestamp", "date"])

export function membership(expected: boolean): Kernel {
  return own((k, { args: [input, ...items], nullable }) => {
    const found = k.local("t")
    const unknown = k.local("n")
    const { constants, others, hasNull } = sortItems(input!, items)
    const subject = k.operand(input!)
    const value = constants === null ? "" : subject.value()
    k.emit(`let ${found} = false, ${unknown} = ${hasNull};`)
    k.block((label) => {
      const stop = `${found} = true; ${unknown} = false; break ${label};`
      const lookUp = constants === null ? "" : `if (${k.bind(constants)}.has(${value})) { ${stop} }`
      const present = lookUp === "" ? "" : `else ${lookUp}`
      k.emit(subject.isNull === null ? lookUp : `if (${subject.isNull}) ${unknown} = true; ${present}`)
      for (const item of others) writeComparison(k, input!, item, { unknown, stop })
    })
    return { value: expected ? found : `(!${found})`, isNull: nullable || hasNull ? unknown : null }
  })
}

function sortItems(input: Expression, items: readonly Expression[]) {
  const present = items.filter((item) => item.kind !== "literal" || item.value !== null)
  const literals = present.filter((item) => item.kind === "literal")
  const hasNull = present.length < items.length
  if (literals.length < SET_SIZE || !HASHABLE.has(input.type.kind)) {
    return { constants: null, others: present, hasNull }
  }
  const constants: ReadonlySet<Scalar> = new Set(literals.map((item) => item.value))
  return { constants, others: present.filter((item) => item.kind !== "literal"), hasNull }
}

function writeComparison(
  k: CodeWriter,
  input: Expression,
  item: Expression,
  { unknown, stop }: { readonly unknown: string; readonly stop: string },
): void {
  const { kind } = input.type
  const equal: Call = {
    kind: "call",
    signature: `eq(${kind},${kind})`,
    args: [input, item],
    type: BOOLEAN,
    nullable: input.nullable || item.nullable,
  }
  const { value, isNull } = k.evaluate(equal)
  k.emit(
    isNull === null
      ? `if (${value}) { ${stop} }`
      : `if (${isNull}) ${unknown} = true; else if (${value}) { ${stop} }`,
  )
}
