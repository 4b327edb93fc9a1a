import assert from "node:assert/strict"
import { test } from "node:test"
import { isPlatformError } from "../std/errors.ts"
import { type Command, readArguments } from "./command.ts"

const COMMAND: Command = {
  name: "pour",
  summary: "",
  positionals: ["CUP", "[SAUCER]"],
  options: {
    port: { value: "N", about: "", short: "p" },
    "at-event-times": { value: null, about: "" },
  },
  examples: [],
  run: async () => 0,
}

test("options come in every usual form", () => {
  for (const args of [["--port", "12"], ["--port=12"], ["-p", "12"], ["-p12"]]) {
    const given = readArguments(COMMAND, ["cup", ...args, "--at-event-times"])
    assert.equal(given.number("port", { from: 0, to: 99 }), 12)
    assert.equal(given.flag("at-event-times"), true)
    assert.equal(given.flag("json"), false)
    assert.deepEqual(given.positionals, ["cup"])
  }
  assert.deepEqual(readArguments(COMMAND, ["--", "--port"]).positionals, ["--port"])
})

test("wrong arguments are refused with what is right", () => {
  const cases: [args: string[], message: RegExp][] = [
    [["--prot", "1"], /no option --prot; did you mean --port\?/],
    [["--zzz"], /no option --zzz; see millrace pour --help/],
    [["--port"], /--port needs a value: --port N/],
    [["--port="], /--port needs a value/],
    [["--at-event-times=yes"], /is a switch and takes no value/],
    [["a", "b", "c"], /takes CUP \[SAUCER\]; "c" is one too many/],
    [["--port", "x"], /takes a whole number from 1 to 9, not "x"/],
    [["--port", "10"], /from 1 to 9, not "10"/],
    [["--port", "1.5"], /not "1.5"/],
    [["--port", " "], /not " "/],
  ]
  for (const [args, message] of cases) {
    const read = () => readArguments(COMMAND, args).number("port", { from: 1, to: 9, whole: true })
    assert.throws(
      read,
      (error) => isPlatformError(error, "wrong-usage") && message.test(error.message),
      args.join(" "),
    )
  }
})
