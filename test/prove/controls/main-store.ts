/** For a control: each commit first waits on main for the disk, as a store without a thread of its own would. */

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Opened, type StoreSettings, openStore as openRealStore } from '../../../src/store/store.ts'

export * from '../../../src/store/store.ts'

const PAGE_BYTES = 4_096
/** About as many as the store's thread makes at its start: a delay that begins with a certain sync of each thread then meets both. */
const SYNCS_AT_START = 30

export async function openStore(settings: StoreSettings): ReturnType<typeof openRealStore> {
  const opened = await openRealStore(settings)
  if (opened.kind === 'refused') return opened
  const { store } = opened
  const journal = openSync(join(settings.folder, 'journal-of-main'), 'w')
  for (let count = 0; count < SYNCS_AT_START; count++) fsyncSync(journal)
  const waiting: Opened['store'] = {
    commit(tick) {
      writeSync(journal, new Uint8Array(PAGE_BYTES), 0, PAGE_BYTES, 0)
      fsyncSync(journal)
      return store.commit(tick)
    },
    async close() {
      closeSync(journal)
      await store.close()
    },
  }
  return { ...opened, store: waiting }
}
