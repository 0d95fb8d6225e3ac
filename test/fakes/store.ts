/** A store in memory with a disk that obeys. It keeps the contract of test/contract/store.ts, like the real one. */

import { monoMs } from '../../src/domain/time.ts'
import type { Fact } from '../../src/domain/association.ts'
import type { CommitResult, LogReader, LoggedRow, MessageIdentity, QuarantinedFrame, Reissue, Standing, StayRecord, Store, Tick } from '../../src/seams.ts'

export type FakeStore = Store & {
  /** Everything durable, in the order of seq. */
  readonly rows: readonly LoggedRow[]
  /** As last written. */
  readonly stays: ReadonlyMap<string, StayRecord>
  readonly messages: readonly MessageIdentity[]
  readonly quarantined: readonly QuarantinedFrame[]
  readonly facts: readonly Fact[]
  /** As last written, by key. */
  readonly standing: ReadonlyMap<string, Standing>
  /** From now on commits fail with this; null mends the disk. */
  breakDisk(why: string | null): void
  /** From now on commits wait; call what it returns to let them go, in order. */
  holdDisk(): () => void
  reader(): LogReader
}

export function fakeStore(epoch = 'epoch-1'): FakeStore {
  const rows: LoggedRow[] = []
  const stays = new Map<string, StayRecord>()
  const messages: MessageIdentity[] = []
  const quarantined: QuarantinedFrame[] = []
  const facts: Fact[] = []
  const standing = new Map<string, Standing>()
  let lastSeq = 0
  let broken: string | null = null
  let isClosed = false
  let held: Promise<void> = Promise.resolve()
  let last: Promise<unknown> = Promise.resolve()

  function write(tick: Tick): CommitResult {
    if (broken !== null) return { kind: 'failed', why: broken }
    for (const snapshot of tick.snapshots) rows.push({ kind: 'snapshot', seq: ++lastSeq, snapshot: { ...snapshot, at: monoMs(snapshot.receivedAt) } })
    for (const stored of tick.events) rows.push({ kind: 'event', seq: ++lastSeq, stored })
    for (const stay of tick.stays) stays.set(stay.id, stay)
    messages.push(...tick.messages)
    quarantined.push(...tick.quarantined)
    facts.push(...(tick.facts ?? []).filter(({ id }) => !facts.some((known) => known.id === id)))
    for (const word of tick.standing ?? []) standing.set(word.key, word)
    const result: CommitResult = { kind: 'durable', lastSeq }
    for (const reissue of tick.reissues ?? []) putRight(reissue)
    return result
  }

  /** At once, for nobody waits here. */
  function putRight({ of, from, to, stay, bed }: Reissue): void {
    for (const [place, row] of rows.entries()) {
      if (row.kind === 'event' || row.isSuperseded === true) continue
      const { snapshot } = row
      const isOf = 'bed' in of ? snapshot.bed === of.bed : snapshot.device === of.device
      if (!isOf || (snapshot.stay === stay && snapshot.bed === bed)) continue
      const isMeant = ({ correctedAt }: { readonly correctedAt: number }): boolean => correctedAt >= from && correctedAt < to
      const meant = snapshot.observations.filter(isMeant)
      const others = snapshot.observations.filter((observation) => !isMeant(observation))
      if (meant.length === 0) continue
      rows[place] = { ...row, isSuperseded: true }
      for (const [observations, whose] of [[meant, { stay, bed }], [others, { stay: snapshot.stay, bed: snapshot.bed }]] as const) {
        if (observations.length > 0) rows.push({ kind: 'snapshot', seq: ++lastSeq, snapshot: { ...snapshot, ...whose, observations }, supersedes: row.seq, revision: (row.revision ?? 0) + 1 })
      }
    }
  }

  return {
    rows,
    facts,
    standing,
    stays,
    messages,
    quarantined,
    commit(tick) {
      if (isClosed) return Promise.resolve({ kind: 'failed', why: 'The store is closed.' })
      const hold = held
      const done = last.then(() => hold).then(() => write(tick))
      last = done
      return done
    },
    async close() {
      isClosed = true
      await last
    },
    breakDisk(why) {
      broken = why
    },
    holdDisk() {
      const hold = Promise.withResolvers<void>()
      held = hold.promise
      return () => {
        held = Promise.resolve()
        hold.resolve()
      }
    },
    reader: () => ({
      epoch,
      epochs: [{ epoch, firstSeq: 1, why: 'created' }],
      lastSeq: () => lastSeq,
      read: (afterSeq, rowsMax) => rows.filter(({ seq }) => seq > afterSeq).slice(0, rowsMax),
      readAlerts: (afterSeq, last, rowsMax) =>
        rows.filter((row) => row.seq > afterSeq && row.seq <= last && row.kind === 'event' && row.stored.kind === 'alert').slice(0, rowsMax),
      close: () => {},
    }),
  }
}
