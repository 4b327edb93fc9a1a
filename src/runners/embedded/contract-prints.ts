/** What has to be as it was for the rows of a topic to mean what they meant when a checkpoint was taken. */
import type { EventContract } from "../../contracts/contract.ts"

/** By event. */
export type ContractPrints = Readonly<Record<string, ContractPrint>>

export interface ContractPrint {
  readonly topic: string
  /** Fields and checks: what views make of a row. */
  readonly print: string
  /** Where rows are, and which of them are duplicates. */
  readonly rulings: string
}

/** Of the contract alone, wherever its rows are. */
export function contractPrint({ fingerprint, id, dedupWindowMs }: EventContract): string {
  return `${fingerprint}/${id}/${dedupWindowMs}`
}

export function contractPrints(contracts: readonly EventContract[]): ContractPrints {
  return Object.fromEntries(
    contracts.map(({ name, topic, partitions, fingerprint, id, dedupWindowMs }) => {
      return [name, { topic, print: fingerprint, rulings: `${id}/${dedupWindowMs}/${partitions}` }]
    }),
  )
}
