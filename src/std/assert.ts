/** Assertions about our own code. They stay on in production: a wrong answer is worse than a stop. */

export class AssertionError extends Error {
  override readonly name = "AssertionError"
}

/**
 * @throws AssertionError when `condition` is false; `mustHold` completes the sentence "it must hold that …".
 */
export function assert(condition: unknown, mustHold: string): asserts condition {
  if (!condition) throw new AssertionError(`must hold: ${mustHold}`)
}

/** Closes a switch over a `kind`: a new kind that is not handled does not compile. */
export function assertNever(value: never): never {
  throw new AssertionError(`must hold: every kind is handled, got ${JSON.stringify(value)}`)
}
