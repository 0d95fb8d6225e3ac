/** For a control: the store answers "durable" at once, and commits a moment later. */

import { setTimeout as delay } from 'node:timers/promises'
import { type Opened, type StoreSettings, openStore as openRealStore } from '../../../src/store/store.ts'

export * from '../../../src/store/store.ts'

const LATER_MS = 20

export async function openStore(settings: StoreSettings): ReturnType<typeof openRealStore> {
  const opened = await openRealStore(settings)
  if (opened.kind === 'refused') return opened
  const { store } = opened
  const early: Opened['store'] = {
    commit(tick) {
      setTimeout(() => void store.commit(tick), LATER_MS)
      return Promise.resolve({ kind: 'durable', lastSeq: opened.lastSeq })
    },
    async close() {
      await delay(2 * LATER_MS)
      await store.close()
    },
  }
  return { ...opened, store: early }
}
