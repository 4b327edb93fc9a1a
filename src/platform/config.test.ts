import assert from "node:assert/strict"
import { test } from "node:test"
import { isPlatformError } from "../std/errors.ts"
import { defineConfig } from "./config.ts"
import { defaultStateBytes } from "./state-memory.ts"

const storeOf = (store: unknown) => defineConfig({ name: "shop", store: store as false }).store

test("workers are a whole number of threads, one where nothing is said", () => {
  assert.equal(defineConfig({ name: "shop" }).workers, 1)
  assert.equal(defineConfig({ name: "shop", workers: 3 }).workers, 3)
  for (const workers of [0, -1, 1.5, 65, Number.NaN, "2", null]) {
    assert.throws(
      () => defineConfig({ name: "shop", workers: workers as number }),
      (error) => isPlatformError(error, "invalid-config") && /workers is a whole number/.test(error.message),
      String(workers),
    )
  }
})

test("a store is none, one beside the platform, or a server", () => {
  const embedded = { kind: "embedded", memoryBytes: 2 ** 30 }
  const server = { url: "http://clickhouse:8123", user: "millrace", reader: "reader" }
  assert.equal(storeOf(false), null)
  assert.deepEqual(storeOf(undefined), embedded)
  assert.deepEqual(storeOf({}), embedded)
  assert.deepEqual(storeOf({ memoryBytes: 2 ** 28 }), { ...embedded, memoryBytes: 2 ** 28 })
  assert.deepEqual(storeOf(server), { kind: "server", ...server })
  assert.deepEqual(storeOf({ ...server, url: "https://c/" }), {
    kind: "server",
    ...server,
    url: "https://c/",
  })
  const refused: [unknown, RegExp][] = [
    [true, /store is false, an object/],
    [{ memory: 1 }, /store is false, an object/],
    [{ memoryBytes: 1_000 }, /store\.memoryBytes is a whole number from 268435456/],
    [{ memoryBytes: "1 GiB" }, /store\.memoryBytes/],
    [{ url: "http://c:8123" }, /url .*user and reader/],
    [{ ...server, reader: "" }, /user and reader/],
    [{ ...server, memoryBytes: 2 ** 30 }, /user and reader/],
    [{ ...server, password: "x" }, /without path, user or password/],
    [{ ...server, url: "clickhouse:8123" }, /http or https/],
    [{ ...server, url: "http://me:secret@c:8123" }, /without path, user or password/],
    [{ ...server, url: "http://c:8123/db" }, /without path/],
  ]
  for (const [store, message] of refused) {
    assert.throws(
      () => storeOf(store),
      (error) => isPlatformError(error, "invalid-config") && message.test(error.message),
      JSON.stringify(store),
    )
  }
})

test("the state of views has a limit, or what the machine has room for", () => {
  const stateOf = (state: unknown) => defineConfig({ name: "shop", state: state as object }).stateMemoryBytes
  assert.equal(stateOf(undefined), null)
  assert.equal(stateOf({}), null)
  assert.equal(stateOf({ memoryBytes: 2 ** 26 }), 2 ** 26)
  for (const [state, message] of [
    [{ memory: 2 ** 30 }, /state is an object with memoryBytes/],
    [2 ** 30, /state is an object with memoryBytes/],
    [{ memoryBytes: 2 ** 20 }, /state\.memoryBytes is a whole number from 67108864 to/],
    [{ memoryBytes: 2 ** 33 }, /state\.memoryBytes is a whole number from 67108864 to/],
    [{ memoryBytes: "1 GiB" }, /state\.memoryBytes is a whole number/],
  ] as const) {
    assert.throws(
      () => stateOf(state),
      (error) => isPlatformError(error, "invalid-config") && message.test(error.message),
      JSON.stringify(state),
    )
  }
})

test("by default state takes half of what there is besides the store, within bounds", () => {
  const embedded = { kind: "embedded", memoryBytes: 2 ** 30 } as const
  for (const [store, machineGiB, expectedGiB] of [
    [embedded, 64, 3],
    [embedded, 7, 3],
    [embedded, 3, 1],
    [null, 3, 1.5],
    [{ kind: "server", url: "http://c", user: "u", reader: "r" }, 3, 1.5],
    [embedded, 1, 1 / 16],
  ] as const) {
    assert.equal(defaultStateBytes({ store, workers: 1 }, machineGiB * 2 ** 30), expectedGiB * 2 ** 30)
  }
})
