/** What has to be as it was for the rows of a topic to mean what they meant when a checkpoint was taken. */
import type { EventContract } from "../../contracts/contract.ts"

/** By event. */
export type ContractPrints = Readonly<Record<string, { readonly topic: string; readonly print: string }>>

export function contractPrints(contracts: readonly EventContract[]): ContractPrints {
  return Object.fromEntries(
    contracts.map(({ name, topic, partitions, fingerprint, id, dedupWindowMs }) => {
      return [name, { topic, print: `${fingerprint}/${partitions}/${id}/${dedupWindowMs}` }]
    }),
  )
}
