/** `millrace/client`: send events and read views, from Node and from browsers. */
export { ProducerError, ReaderError } from "./errors.ts"
export type { Change, ChangeHandlers, Position } from "./follow-view.ts"
export type { Producer, ProducerOptions, Receipt, RowToSend } from "./producer.ts"
export { createProducer } from "./producer.ts"
export type { Reader, ReaderOptions, RowsPage } from "./reader.ts"
export { createReader } from "./reader.ts"
export type { Condition, QueryValue, RowsQuery } from "./reader-query.ts"
export type { Surroundings } from "./surroundings.ts"
