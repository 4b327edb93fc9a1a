/** The balance of one view: every row that its events have in the log has one verdict, or waits for it. */
import type { View } from "../api/types.ts"
import { TERM_MEANINGS } from "../format/verdicts.ts"
import { useInspect } from "../inspect/inspect-context.ts"
import type { Status } from "../live/use-status.ts"
import { type Balance, type Term, viewBalance } from "./balance.ts"
import { BalanceBar } from "./balance-bar.tsx"
import { useSteadyMissing } from "./use-steady.ts"

export function ViewBalance({ view, status }: { readonly view: View; readonly status: Status }) {
  const inspect = useInspect()
  const balance = viewBalance(view, status.views, status.appended)
  const missing = useSteadyMissing(balance.missing, view)
  const open = (term: Term | Balance["whole"]): void => {
    if (term === "pending") inspect({ kind: "lateness", view: view.name })
    else if (term === "late" || term === "failed")
      inspect({ kind: "verdict", view: view.name, verdict: term })
    else inspect({ kind: "term", subject: { kind: "view", name: view.name }, term })
  }
  return (
    <div className="view-balance">
      <BalanceBar
        balance={balance}
        missing={missing}
        name={view.name}
        onTerm={open}
        meanings={TERM_MEANINGS}
      />
    </div>
  )
}
