/**
 * AT TIME ZONE and timezone(zone, time): an instant becomes what the zone's clock shows then, and a local
 * time the instant at which it shows that.
 */
import type { FuncCall } from "libpg-query"
import { isLocal } from "../../columns/types.ts"
import { findings, Refused } from "../errors.ts"
import { applyOperator } from "./bind-operator.ts"
import type { Bound } from "./bound.ts"
import { typeOf, typeText } from "./bound.ts"
import type { ExpressionContext } from "./expression-context.ts"

export function bindZone(call: FuncCall, context: ExpressionContext): Bound {
  const args = (call.args ?? []).map((arg) => context.bind(arg, context))
  const [zone, time] = args
  // AT LOCAL has no place of its own.
  const byte = (call.location ?? -1) < 0 ? (zone?.byte ?? null) : call.location!
  const refuse = (note: string) =>
    new Refused(findings.noOverload("AT TIME ZONE", args.map(typeText), note, []), byte)
  if (zone === undefined || time === undefined || args.length > 2) {
    throw refuse("name the zone: t AT TIME ZONE 'Europe/Berlin'")
  }
  const zoneType = typeOf(zone)
  if (zoneType !== "unknown" && zoneType.kind === "interval") {
    throw refuse("a constant offset is added as an interval: t + INTERVAL '2 hours'")
  }
  const type = typeOf(time)
  const operator = type !== "unknown" && isLocal(type) ? "local at time zone" : "at time zone"
  return applyOperator(operator, args, byte)
}
