/** What has to be as it was for the rows of a topic to mean what they meant when a checkpoint was taken. */
import type { EventContract } from "../../contracts/contract.ts"

/** By event. */
export type ContractPrints = Readonly<Record<string, { readonly topic: string; readonly print: string }>>

/** Of the contract alone, wherever its rows are. */
export function contractPrint({ fingerprint, id, dedupWindowMs }: EventContract): string {
  return `${fingerprint}/${id}/${dedupWindowMs}`
}

export function contractPrints(contracts: readonly EventContract[]): ContractPrints {
  return Object.fromEntries(
    contracts.map((contract) => {
      const { name, topic, partitions } = contract
      return [name, { topic, print: `${contractPrint(contract)}/${partitions}` }]
    }),
  )
}
