/** Verification and why of a running project, and the check that goes round all views on its own. */
import type { Clock, Scheduler } from "../../std/clock.ts"
import { Explainer } from "./explainer.ts"
import { RoundOfChecks } from "./round-of-checks.ts"
import { VerificationRuns } from "./verification-runs.ts"
import { Verifier, type VerifierParts } from "./verifier.ts"

export interface Checks {
  readonly verifier: Verifier
  readonly explainer: Explainer
  /** Checks that were asked for. */
  readonly runs: VerificationRuns
}

export interface OpenChecks extends VerifierParts {
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** Told when a check could not run; it is tried again on the next round. */
  readonly report: (message: string) => void
}

export function openChecks(options: OpenChecks): Checks & AsyncDisposable {
  const verifier = new Verifier(options)
  const explainer = new Explainer(options)
  const { clock, scheduler, report } = options
  const runs = new VerificationRuns({ verifier, clock, scheduler, report })
  const views = options.plans.map(({ name }) => name)
  const round = new RoundOfChecks({ verifier, views, clock, scheduler, report })
  round.start()
  const close = async () => {
    await Promise.all([round.stop(), runs.stop()])
  }
  return { verifier, explainer, runs, [Symbol.asyncDispose]: close }
}
