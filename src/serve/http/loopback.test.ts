import assert from "node:assert/strict"
import { test } from "node:test"
import { isLoopbackAddress, isLoopbackAuthority } from "./loopback.ts"

const LOOPBACK = [
  "localhost",
  "LOCALHOST",
  "localhost:4600",
  "127.0.0.1",
  "127.0.0.1:80",
  "127.255.255.254:65535",
  "[::1]",
  "[::1]:4600",
]

const FOREIGN = [
  "",
  "example.com",
  "localhost.example.com",
  "127.0.0.1.example.com",
  "127.0.0.256",
  "127.0.0",
  "127.1",
  "0127.0.0.1",
  "0.0.0.0",
  "10.0.0.1",
  "192.168.1.1:4600",
  "[::]",
  "[::2]",
  "[::ffff:127.0.0.1]",
  "localhost:port",
  "localhost:123456",
  "localhost:4600:4600",
  "user@localhost",
  "localhost ",
  "localhost,example.com",
]

test("a Host of this machine is taken, with and without a port", () => {
  for (const host of LOOPBACK) assert.equal(isLoopbackAuthority(host), true, host)
})

test("any other Host is foreign, also one that looks like loopback", () => {
  for (const host of FOREIGN) assert.equal(isLoopbackAuthority(host), false, host)
})

test("addresses to listen on have no port", () => {
  for (const host of ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
    assert.equal(isLoopbackAddress(host), true, host)
  for (const host of ["0.0.0.0", "::", "127.0.0.1:80", "[::1]", "example.com", "10.1.1.1", ""]) {
    assert.equal(isLoopbackAddress(host), false, host)
  }
})
