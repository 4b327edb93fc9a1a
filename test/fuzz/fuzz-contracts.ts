/** Contracts that use every type and every kind of check, for the decoder's fuzzer. */
import { z } from "zod"
import type { EventContract } from "../../src/contracts/contract.ts"
import { event } from "../../src/contracts/event.ts"
import {
  bytes,
  date,
  decimal,
  float64,
  int32,
  int64,
  json,
  timestamp,
} from "../../src/contracts/field-types.ts"

export interface FuzzContract {
  readonly contract: EventContract
  readonly schema: z.ZodObject
}

const everyType = z.object({
  id: z.string(),
  at: timestamp(),
  yes: z.boolean(),
  small: int32(),
  large: int64(),
  float: float64(),
  price: decimal(12, 2),
  wide: decimal(38, 10),
  blob: bytes(),
  day: date(),
  any: json(),
})

const optionalTypes = z.object({
  id: int64(),
  at: timestamp({ unit: "ms" }),
  yes: z.boolean().optional(),
  small: int32().nullable(),
  large: z.int().nullish(),
  float: float64().optional(),
  price: decimal(18, 4).optional(),
  note: z.string().default("none"),
  count: int32().default(7).nullable(),
  seen: z.iso.datetime().optional(),
  local: z.iso.datetime({ offset: true }).nullish(),
  day: z.iso.date().optional(),
  seconds: timestamp({ unit: "s" }).optional(),
  micros: timestamp({ unit: "us" }).optional(),
  blob: z.base64().optional(),
  tags: z.array(z.string()).optional(),
  extra: z.record(z.string(), z.unknown()).nullish(),
})

const checked = z.strictObject({
  id: z.string().min(1).max(8),
  at: z.iso.datetime(),
  level: z.enum(["low", "high", "très haut"]),
  kind: z.literal("order"),
  port: z.uint32(),
  age: int32().min(0).max(150),
  step: z.int().multipleOf(5),
  share: z.number().gt(0).lt(1),
  ratio: z.number().multipleOf(0.25).optional(),
  email: z.email().optional(),
  key: z.uuid().optional(),
  code: z
    .string()
    .regex(/^[A-Z]{2}\d+$/)
    .optional(),
  home: z.url().optional(),
  even: int64()
    .refine((value) => value % 2n === 0n)
    .optional(),
  big: int64()
    .min(-(10n ** 15n))
    .lt(10n ** 18n)
    .optional(),
  choice: z.union([z.literal("a"), z.literal("b"), z.null()]),
  order: z
    .object({ lines: z.array(z.object({ sku: z.string(), n: int64(), price: decimal(8, 2) })).max(3) })
    .optional(),
  either: z.union([z.string(), z.object({ a: z.number() })]).optional(),
})

const bid = z.object({
  auction: z.int(),
  bidder: z.int(),
  price: z.int(),
  channel: z.string(),
  url: z.string(),
  dateTime: timestamp(),
  extra: z.string(),
})

export const FUZZ_CONTRACTS: readonly FuzzContract[] = [
  { schema: everyType, contract: event("every_type", { schema: everyType, id: "id", time: "at" }) },
  {
    schema: optionalTypes,
    contract: event("optional_types", { schema: optionalTypes, id: "id", time: "at" }),
  },
  { schema: checked, contract: event("checked", { schema: checked, id: "id", time: "at" }) },
  { schema: bid, contract: event("bid", { schema: bid, id: "auction", time: "dateTime" }) },
]
