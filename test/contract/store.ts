/** What every store keeps to, the real one and the fake. */

import { describe, expect, it } from 'vitest'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import type { LogReader, LoggedRow, Store, Tick } from '../../src/seams.ts'
import { START, acknowledged, frame, gatewayEvent, heartRate, phase, snapshot, stay, tick } from '../store/fixture.ts'

/** A store of its own for one test. */
export type StoreUnderTest = AsyncDisposable & {
  readonly store: Store
  reader(): LogReader
  /** From now on every commit fails; null mends the disk. */
  breakDisk(why: string | null): void
  /** From now on commits wait for the disk, until the function that it returns is called. */
  holdDisk(): () => void
}

export function storeContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`the store contract, kept by ${name}`, () => {
    it('what was answered durable is in the log, whole and in order', async () => {
      await using made = await make()
      const { store } = made
      const ticks = [
        tick({
          snapshots: [snapshot({ sentAt: START - 40, deviceAt: START - 900, flags: ['validated'] }), heartRate(0, { bed: null, stay: null, channel: '1.1.1' })],
        }),
        tick({ stays: [stay('stay-1')], events: [phase('alert-1', 'active'), gatewayEvent('started')] }),
        tick({ snapshots: [heartRate(81, { receivedAt: START + 1_000 })], events: [acknowledged('alert-1', 'anna')], quarantined: [frame('no MSH')] }),
      ]
      const results = []
      for (const one of ticks) results.push(await store.commit(one))
      expect(results.map(({ kind }) => kind)).toEqual(['durable', 'durable', 'durable'])
      const rows = all(made.reader())
      expect(rows.map(withoutSeq)).toEqual(ticks.flatMap(logged))
      expect(seqsOf(rows)).toEqual([...new Set(seqsOf(rows))].sort((a, b) => a - b))
      expect(results.at(-1)).toEqual({ kind: 'durable', lastSeq: rows.at(-1)?.seq })
    })

    it('ticks that wait for the disk together are all answered, in the order in which they were given', async () => {
      await using made = await make()
      const letGo = made.holdDisk()
      const waiting = Array.from({ length: 50 }, (_, count) => made.store.commit(tick({ snapshots: [heartRate(count, { receivedAt: START + count })] })))
      letGo()
      const results = await Promise.all(waiting)
      const rows = all(made.reader())
      expect(rows.map((row) => (row.kind === 'snapshot' ? row.snapshot.receivedAt - START : null))).toEqual(Array.from({ length: 50 }, (_, count) => count))
      expect(results.map((result) => result.kind === 'durable' && result.lastSeq)).toEqual(seqsOf(rows))
    })

    it('a tick that failed leaves nothing behind, says why, and the next one is taken', async () => {
      await using made = await make()
      const { store } = made
      await store.commit(tick({ snapshots: [heartRate(80)] }))
      made.breakDisk('the disk is away')
      const failed = await store.commit(tick({ snapshots: [heartRate(81)], events: [phase('alert-1', 'active')], stays: [stay('stay-9')] }))
      expect(failed).toMatchObject({ kind: 'failed', why: expect.stringContaining('the disk is away') })
      expect(all(made.reader())).toHaveLength(1)
      made.breakDisk(null)
      expect(await store.commit(tick({ snapshots: [heartRate(82, { device: 'monitor-2', channel: 'new' })] }))).toMatchObject({ kind: 'durable' })
      const rows = all(made.reader())
      const taken = [heartRate(80), heartRate(82, { device: 'monitor-2', channel: 'new' })]
      expect(rows.map(withoutSeq)).toEqual(taken.map((one) => readBack({ kind: 'snapshot', snapshot: one })))
      expect(rows[1]?.seq).toBeGreaterThan(rows[0]?.seq ?? Number.NaN)
    })

    it('names that were first said in a tick that failed are known to the next one', async () => {
      await using made = await make()
      made.breakDisk('the disk is away')
      await made.store.commit(tick({ snapshots: [heartRate(80)] }))
      made.breakDisk(null)
      expect(await made.store.commit(tick({ snapshots: [heartRate(81)] }))).toMatchObject({ kind: 'durable' })
      expect(all(made.reader()).map(withoutSeq)).toEqual([readBack({ kind: 'snapshot', snapshot: heartRate(81) })])
    })

    it('an empty tick is durable, and takes no number', async () => {
      await using made = await make()
      const before = await made.store.commit(tick({ snapshots: [heartRate(80)] }))
      expect(await made.store.commit(tick())).toEqual(before)
    })

    it('a reader asks for as many rows as it wants, and misses none', async () => {
      await using made = await make()
      for (let count = 0; count < 5; count++) {
        await made.store.commit(tick({ snapshots: [heartRate(count), heartRate(count + 100)], events: [gatewayEvent(`event ${count}`)] }))
      }
      const reader = made.reader()
      const whole = reader.read(0, 1_000)
      expect(whole).toHaveLength(15)
      expect(reader.lastSeq()).toBe(whole.at(-1)?.seq)
      for (const rowsMax of [1, 2, 4, 7, 15]) expect(all(reader, rowsMax)).toEqual(whole)
      expect(reader.read(reader.lastSeq(), 10)).toEqual([])
      reader.close()
    })

    it('values that are another patient’s after all are written again, and readers see which took the place of which', async () => {
      await using made = await make()
      const wrong = [heartRate(80), heartRate(81, { receivedAt: START + 1_000 }), heartRate(82, { receivedAt: START + 2_000 })]
      await made.store.commit(tick({ snapshots: wrong }))
      const reissue = { of: { bed: bedId('bed-1') }, from: wallMs(START + 1_000), to: wallMs(START + 2_000), stay: stayId('stay-2'), bed: bedId('bed-1'), devices: [deviceId('monitor-1')], learnedAt: wallMs(START + 9_000) }
      await made.store.commit(tick({ reissues: [reissue] }))
      const reader = made.reader()
      let rows = all(reader)
      // Nobody waits for it: it is done soon.
      while (!rows.some((row) => row.kind === 'snapshot' && row.supersedes !== undefined)) {
        await new Promise((resolve) => setImmediate(resolve))
        rows = all(reader)
      }
      // A page that was read before does not know it yet.
      rows = all(reader)
      const snapshots = rows.flatMap((row) => (row.kind === 'snapshot' ? [row] : []))
      expect(snapshots.map(({ isSuperseded = false, supersedes = null, revision = null, snapshot: { stay: of } }) => [isSuperseded, supersedes, revision, of])).toEqual([
        [false, null, null, 'stay-1'], [true, null, null, 'stay-1'], [false, null, null, 'stay-1'], [false, snapshots[1]?.seq, 1, 'stay-2'],
      ])
      reader.close()
    })

    it('closing waits for what is on its way, and takes nothing more', async () => {
      await using made = await make()
      const letGo = made.holdDisk()
      const waiting = made.store.commit(tick({ snapshots: [heartRate(80)] }))
      const closed = made.store.close()
      const late = made.store.commit(tick({ snapshots: [heartRate(81)] }))
      letGo()
      await closed
      expect(await waiting).toMatchObject({ kind: 'durable' })
      expect(await late).toMatchObject({ kind: 'failed', why: expect.any(String) })
      expect(all(made.reader())).toHaveLength(1)
      await made.store.close()
    })
  })
}

export function all(reader: LogReader, rowsMax = 1_000): readonly LoggedRow[] {
  const rows: LoggedRow[] = []
  for (;;) {
    const page = reader.read(rows.at(-1)?.seq ?? 0, rowsMax)
    if (page.length === 0) return rows
    rows.push(...page)
  }
}

type Unnumbered =
  | { readonly kind: 'snapshot'; readonly snapshot: Tick['snapshots'][number] }
  | { readonly kind: 'event'; readonly stored: Tick['events'][number] }

const seqsOf = (rows: readonly LoggedRow[]): number[] => rows.map(({ seq }) => seq)
const withoutSeq = ({ seq: _seq, ...row }: LoggedRow): object => row
/** The steady clock of the process that received it means nothing to a reader. */
const readBack = (row: Unnumbered): Unnumbered =>
  row.kind === 'snapshot' ? { ...row, snapshot: { ...row.snapshot, at: monoMs(row.snapshot.receivedAt) } } : row
const logged = ({ snapshots, events }: Tick): Unnumbered[] => [
  ...snapshots.map((one): Unnumbered => readBack({ kind: 'snapshot', snapshot: one })),
  ...events.map((stored): Unnumbered => ({ kind: 'event', stored })),
]
