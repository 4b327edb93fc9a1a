import assert from "node:assert/strict"
import { test } from "node:test"
import { CalledThread } from "./called-thread.ts"

const ANSWERS = new URL("./called-thread.ts", import.meta.url)

/** A thread whose answer to a question is this expression. */
function threadThat(answers: string): Promise<CalledThread> {
  const module = `import { answerCalls } from ${JSON.stringify(ANSWERS.href)}
    answerCalls((question) => ${answers})`
  return CalledThread.start(new URL(`data:text/javascript,${encodeURIComponent(module)}`))
}

test("answers come in the order of the questions, also when several wait", async () => {
  await using thread = await threadThat("question * 2")
  for (let k = 1; k <= 100; k++) {
    thread.ask(k)
    assert.equal(thread.answer(), 2 * k)
  }
  for (let k = 1; k <= 100; k++) thread.ask(k)
  for (let k = 1; k <= 100; k++) assert.equal(thread.answer(), 2 * k)
})

test("an answer may come at any moment while the caller looks for it", async (t) => {
  await using thread = await threadThat("question")
  const { load } = Atomics
  // Whoever looks at the counts sees them when the answer is there, which it was not when he began.
  t.mock.method(Atomics, "load", (counts: Int32Array, index: number) => {
    while (load(counts, 0) !== load(counts, 1));
    return load(counts, index)
  })
  for (let k = 0; k < 1_000; k++) {
    thread.ask(k)
    assert.equal(thread.answer(), k)
  }
})

test("whoever waits for a thread that ends hears of it", async () => {
  for (const end of ["process.exit(3)", "(() => { throw new Error('no more') })()"]) {
    await using thread = await threadThat(`question === 1 ? 1 : ${end}`)
    thread.ask(1)
    assert.equal(thread.answer(), 1)
    thread.ask(2)
    assert.throws(() => thread.answer(), /ended/, end)
  }
})

test("a thread that ends before anybody waited for it is missed, too", async () => {
  await using thread = await threadThat("question === 1 ? 1 : process.exit(3)")
  const whileItWorks = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  thread.ask(1)
  whileItWorks()
  assert.equal(thread.answer(), 1)
  thread.ask(2)
  whileItWorks()
  assert.throws(() => thread.answer(), /ended/)
})

test("a thread that cannot start is told with its reason", async () => {
  await assert.rejects(CalledThread.start(new URL("data:text/javascript,throw new Error('no module')")), {
    message: /no module/,
  })
})

test("a thread that is not needed any more ends, also with questions that nobody waits for", async () => {
  const thread = await threadThat("question")
  thread.ask(1)
  await thread[Symbol.asyncDispose]()
})
