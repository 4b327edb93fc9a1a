/** A thread with one part of the engine. */

import { answerCalls } from "../../../std/node/called-thread.ts"
import { NodeClock } from "../../../std/node/clock.ts"
import type { PartQuestion } from "./messages.ts"
import { PartHost } from "./part-host.ts"

const clock = new NodeClock()
const host = new PartHost(() => clock.monotonicMs())

answerCalls((question) => host.answer(question as PartQuestion))
