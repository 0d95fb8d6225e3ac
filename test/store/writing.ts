/** A writer on this very thread, for what needs no thread. */

import { Names } from '../../src/store/names.ts'
import { encodeTick } from '../../src/store/tick-codec.ts'
import type { StoreKind } from '../../src/store/database.ts'
import { type Answer, Writer, type WriterHooks } from '../../src/store/writer.ts'
import type { Tick } from '../../src/seams.ts'
import { START } from './fixture.ts'

export type Writing = Disposable & {
  readonly writer: Writer
  /** Writes ticks as one group and answers each, in the order in which they were given. */
  write(...ticks: readonly Tick[]): readonly Answer['result'][]
}

const NOT_WAITING: WriterHooks = { afterOpen: (db) => db.pragma('synchronous = OFF') }

/** By default the disk is not waited for. @throws Error when the folder is refused. */
export function writing(folder: string, hooks: WriterHooks = NOT_WAITING, part: { readonly kind?: StoreKind; readonly gatewayId?: string } = {}): Writing {
  const writer = Writer.open({ folder, kind: 'demo', gatewayId: 'gateway-1', createdAt: START, epoch: null, ...part }, hooks)
  if (!(writer instanceof Writer)) throw new Error(writer.why)
  const names = new Names(writer.knownNames())
  let lastId = 0
  return {
    writer,
    write(...ticks) {
      const group = ticks.map((tick) => {
        const queued = { id: ++lastId, buffer: encodeTick(tick, names) }
        names.sent()
        return queued
      })
      const answers = new Map(writer.commit(group).map(({ id, result }) => [id, result]))
      return group.map(({ id }) => answers.get(id) ?? { kind: 'failed', why: 'not answered' })
    },
    [Symbol.dispose]: () => writer.close(),
  }
}
