/** Every route of the server, in the order in which /openapi.json lists them. */
import type { Route } from "./route.ts"
import { deleteQuery } from "./routes/delete-query.ts"
import { getAdvice } from "./routes/get-advice.ts"
import { getDeadLetter } from "./routes/get-dead-letter.ts"
import { getDeadLetters } from "./routes/get-dead-letters.ts"
import { getEvent } from "./routes/get-event.ts"
import { getEventRecord } from "./routes/get-event-record.ts"
import { getEventTail } from "./routes/get-event-tail.ts"
import { getEvents } from "./routes/get-events.ts"
import { getHealthz } from "./routes/get-healthz.ts"
import { getLake } from "./routes/get-lake.ts"
import { getLateness } from "./routes/get-lateness.ts"
import { getMetrics } from "./routes/get-metrics.ts"
import { getOpenapi } from "./routes/get-openapi.ts"
import { getPage, getPageFile } from "./routes/get-page.ts"
import { getQueries } from "./routes/get-queries.ts"
import { getReadyz } from "./routes/get-readyz.ts"
import { getRejected } from "./routes/get-rejected.ts"
import { getReplay } from "./routes/get-replay.ts"
import { getReplays } from "./routes/get-replays.ts"
import { getStore } from "./routes/get-store.ts"
import { getVerification } from "./routes/get-verification.ts"
import { getView } from "./routes/get-view.ts"
import { getViewChanges } from "./routes/get-view-changes.ts"
import { getViewFailed, getViewLate } from "./routes/get-view-left-out.ts"
import { getViewPlan } from "./routes/get-view-plan.ts"
import { getViewRows } from "./routes/get-view-rows.ts"
import { getViews } from "./routes/get-views.ts"
import { getWhy } from "./routes/get-why.ts"
import { postBackup } from "./routes/post-backup.ts"
import { postDiscard } from "./routes/post-discard.ts"
import { postEvent } from "./routes/post-event.ts"
import { postEvents } from "./routes/post-events.ts"
import { postQuery } from "./routes/post-query.ts"
import { postReplays } from "./routes/post-replays.ts"
import { postVerify } from "./routes/post-verify.ts"

export const ROUTES: readonly Route[] = [
  postEvents,
  postEvent,
  getEvents,
  getEvent,
  getEventTail,
  getEventRecord,
  getRejected,
  getViews,
  getView,
  getViewRows,
  getViewChanges,
  getLake,
  getViewLate,
  getViewFailed,
  getDeadLetters,
  getDeadLetter,
  postDiscard,
  postReplays,
  getReplays,
  getReplay,
  getStore,
  postVerify,
  getVerification,
  getWhy,
  getLateness,
  getViewPlan,
  getAdvice,
  postBackup,
  postQuery,
  getQueries,
  deleteQuery,
  getOpenapi,
  getHealthz,
  getReadyz,
  getMetrics,
  getPage,
  getPageFile,
]
