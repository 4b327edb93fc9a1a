/** Starts the embedded store of a data directory: where its files lie, and which module its process runs. */
import type { Clock, Scheduler } from "../../std/clock.ts"
import type { Processes } from "../../std/process.ts"
import type { Random } from "../../std/random.ts"
import type { Transport } from "../../std/transport.ts"
import { EmbeddedClickHouse } from "./embedded-clickhouse.ts"
import { type HostSurroundings, planHost } from "./host/host-start.ts"

export interface OpenEmbeddedClickHouse {
  /** Absolute, of the store alone; made when it does not exist. */
  readonly directory: string
  /** ClickHouse's memory, all statements and merges together. */
  readonly memoryBytes: number
  readonly processes: Processes
  /** HTTP over the Unix socket at a path. */
  readonly transport: (socketPath: string) => Transport
  readonly surroundings: HostSurroundings
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  /** Told in words of each crash of its process. */
  readonly report: (message: string) => void
}

/** Returns at once; `whenReady` tells when it answers. */
export function openEmbeddedClickHouse(options: OpenEmbeddedClickHouse): EmbeddedClickHouse {
  const { processes, transport, clock, scheduler, random, surroundings, report } = options
  const start = planHost(options, surroundings)
  const module = new URL(`./host/host-process${ENDING}`, import.meta.url)
  return new EmbeddedClickHouse({
    start,
    module,
    processes,
    transport: transport(start.socketPath),
    clock,
    scheduler,
    random,
    report,
  })
}

/** .ts in the sources, .js in the package. */
const ENDING = import.meta.url.slice(-3)
