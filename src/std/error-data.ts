/** Errors as data: a PlatformError does not survive the way between threads as one. */
import { PlatformError, type PlatformErrorInit } from "./errors.ts"

export type ErrorData = Omit<PlatformErrorInit, "cause">

export function errorToData({ code, domain, message, retry, details }: PlatformError): ErrorData {
  return { code, domain, message, retry, details }
}

export function errorFromData(data: ErrorData): PlatformError {
  return new PlatformError(data)
}
