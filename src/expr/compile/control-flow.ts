/** Evaluation in PostgreSQL's order: AND, OR, CASE and COALESCE stop where the answer is known. */
import type { Case, Coalesce, Expression, Logical } from "../expression.ts"
import type { CodeValue } from "../row-code.ts"
import type { CodeWriter } from "./kernel.ts"

/**
 *   let t = true, n = false
 *   b: { <first>  if (first is null) n = true; else if (!first) { t = false; n = false; break b }  <second> …
 *   }
 */
export function writeLogical(writer: CodeWriter, { kind, args, nullable }: Logical): CodeValue {
  const [first, ...rest] = args
  const value = writer.local("t")
  const isNull = writer.local("n")
  const decides = kind === "and" ? (test: string) => `!${test}` : (test: string) => test
  const head = writer.evaluate(first!)
  writer.emit(`let ${value} = ${kind === "and"}, ${isNull} = false;`)
  writer.block((label) => {
    const step = (operand: CodeValue) => {
      const settle = `${value} = ${kind !== "and"}; ${isNull} = false; break ${label};`
      const stop = `if (${decides(operand.value)}) { ${settle} }`
      writer.emit(operand.isNull === null ? stop : `if (${operand.isNull}) ${isNull} = true; else ${stop}`)
    }
    step(head)
    for (const arg of rest) step(writer.evaluate(arg))
  })
  return { value, isNull: nullable || mayBeNull(args) ? isNull : null }
}

export function writeCase(writer: CodeWriter, { branches, otherwise, type }: Case): CodeValue {
  const first = branches[0] === undefined ? null : writer.evaluate(branches[0].when)
  const value = writer.variable("t", type)
  const isNull = writer.local("n")
  const results = [...branches.map((branch) => branch.then), otherwise]
  writer.emit(`let ${isNull} = false;`)
  writer.block((label) => {
    const give = (result: Expression) => assign(writer, { value, isNull }, writer.evaluate(result))
    for (const [index, branch] of branches.entries()) {
      const test = index === 0 ? first! : writer.evaluate(branch.when)
      writer.when(isTrue(test), () => {
        give(branch.then)
        writer.emit(`break ${label};`)
      })
    }
    give(otherwise)
  })
  return { value, isNull: mayBeNull(results) ? isNull : null }
}

export function writeCoalesce(writer: CodeWriter, { args, type }: Coalesce): CodeValue {
  const first = writer.evaluate(args[0]!)
  if (first.isNull === null) return first
  const value = writer.variable("t", type)
  const isNull = writer.local("n")
  writer.emit(`let ${isNull} = true;`)
  writer.block((label) => {
    for (const [index, arg] of args.entries()) {
      const operand = index === 0 ? first : writer.evaluate(arg)
      const take = `${value} = ${operand.value}; ${isNull} = false; break ${label};`
      writer.emit(operand.isNull === null ? take : `if (!(${operand.isNull})) { ${take} }`)
      if (operand.isNull === null) return
    }
  })
  return { value, isNull: args.every((arg) => arg.nullable) ? isNull : null }
}

function assign(writer: CodeWriter, target: { value: string; isNull: string }, from: CodeValue): void {
  if (from.isNull === "true") {
    writer.emit(`${target.isNull} = true;`)
    return
  }
  writer.emit(`${target.value} = ${from.value};`)
  if (from.isNull !== null) writer.emit(`${target.isNull} = ${from.isNull};`)
}

/** A condition that holds when the value is true, not when it is false or NULL. */
function isTrue({ value, isNull }: CodeValue): string {
  return isNull === null ? value : `!(${isNull}) && ${value}`
}

function mayBeNull(expressions: readonly Expression[]): boolean {
  return expressions.some((expression) => expression.nullable)
}
