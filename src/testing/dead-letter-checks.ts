/** Every row that a producer was told is kept is a dead letter, byte by byte, and every letter was sent. */
import { DEAD_LETTER_TOPIC, decodeDeadLetter } from "../contracts/dead-letter.ts"
import { readSpan } from "../log/stored-records.ts"
import type { RuntimeProducer } from "./runtime-producer.ts"
import type { RuntimeWorld } from "./runtime-world.ts"

const READ_BYTES = 1 << 20

export async function checkLetters(world: RuntimeWorld, producer: RuntimeProducer): Promise<void> {
  const log = world.log!
  const { durableEnd } = await log.range(DEAD_LETTER_TOPIC, 0)
  const span = { topic: DEAD_LETTER_TOPIC, partition: 0, from: 0, until: durableEnd }
  const sent = new Set(producer.posts.filter(({ event }) => event === "visit").flatMap(({ lines }) => lines))
  const found = new Map<number, string>()
  for await (const { offset, value } of readSpan(log, span, { readBytes: READ_BYTES })) {
    const { event, bytes, code } = decodeDeadLetter(value!)
    const text = Buffer.from(bytes).toString("utf8")
    if (event !== "visit" || !sent.has(text))
      world.broken(`the dead letter ${offset} was never sent: ${text}`)
    if (code === "") world.broken(`the dead letter ${offset} has no reason`)
    found.set(offset, text)
  }
  for (const [id, text] of producer.letters) {
    if (found.get(id) !== text) world.broken(`the dead letter ${id} is ${found.get(id)}, not ${text}`)
  }
  const status = world.runtime!.events().find(({ contract }) => contract.name === "visit")!
  if (status.deadLettered !== found.size) {
    world.broken(`visit counts ${status.deadLettered} dead letters after a start, and has ${found.size}`)
  }
}
