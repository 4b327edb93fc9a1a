/** A page store whose next pages lie above 2 GB, where a byte's address is no int32. */
import { assert } from "../../std/assert.ts"
import { PAGE_BYTES } from "../state/page-sizes.ts"
import { MAX_STATE_BYTES, PageStore } from "../state/page-store.ts"

const LARGEST = PAGE_BYTES.length - 1

/** What is below is never written to, and costs no memory. */
export function highStore(): PageStore {
  const store = new PageStore(MAX_STATE_BYTES)
  let page = 0
  while (page * 8 <= 2 ** 31) page = store.allocate(LARGEST)
  assert(store.usedBytes > 2 ** 31, "what comes next lies above 2 GB")
  return store
}
