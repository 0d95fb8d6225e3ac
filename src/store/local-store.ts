/**
 * A store on the caller's own thread: for a copy that a replay makes, and for commands while no gateway runs. Not for the
 * alarm path: a commit holds the caller up.
 */

import type { WallMs } from '../domain/time.ts'
import type { Store } from '../seams.ts'
import { type Refused, type StoreKind, lockFolder, whyOf } from './database.ts'
import { Names } from './names.ts'
import { encodeTick } from './tick-codec.ts'
import { Writer } from './writer.ts'

export type LocalSetting = {
  readonly folder: string
  readonly kind: StoreKind
  readonly gatewayId: string
  readonly createdAt: WallMs
  /** `copy`: what is written can be made again, so the disk is not waited for. */
  readonly durability: 'durable' | 'copy'
}

export type LocalStore = { readonly kind: 'opened'; readonly store: Store; readonly lastSeq: () => number }

/** Takes the folder for this process, making it where there is none. */
export function openLocalStore({ durability, ...setting }: LocalSetting): LocalStore | Refused {
  const lock = lockFolder(setting.folder)
  if (lock.kind === 'refused') return lock
  const writer = Writer.open({ ...setting, epoch: null }, durability === 'copy' ? { afterOpen: (db) => void db.pragma('synchronous = OFF') } : {})
  if (!(writer instanceof Writer)) {
    lock.release()
    return writer
  }
  const names = new Names(writer.knownNames())
  let lastId = 0
  let closed = false
  return {
    kind: 'opened',
    lastSeq: () => writer.lastSeq,
    store: {
      commit(tick) {
        if (closed) return Promise.resolve({ kind: 'failed', why: 'The store is closed.' })
        try {
          const buffer = encodeTick(tick, names)
          names.sent()
          const [answer] = writer.commit([{ id: ++lastId, buffer }])
          // Here nobody waits.
          while (writer.reissue() === 'more');
          writer.relieve(true)
          return Promise.resolve(answer?.result ?? { kind: 'failed', why: 'The writer did not answer.' })
        } catch (error) {
          return Promise.resolve({ kind: 'failed', why: `The rows cannot be encoded: ${whyOf(error)}`, isFinal: true })
        }
      },
      close() {
        if (!closed) {
          writer.close()
          lock.release()
        }
        closed = true
        return Promise.resolve()
      },
    },
  }
}
