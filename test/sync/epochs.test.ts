import { describe, expect, it } from 'vitest'
import type { ClaimAnswer, LogEpoch, LoggedRow, SinkClaim } from '../../src/seams.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { scopeOf } from '../../src/sync/position.ts'
import { type Fork, createPump } from '../../src/sync/pump.ts'
import { type FakeLog, NEVER, bodyOf, fakeCentral, fakeClock, fakeLog, scratch, snapshotRow } from './fakes.ts'

const SINK = 'https-batch'
const E1: LogEpoch = { epoch: 'e1', firstSeq: 1, why: 'created' }
const rows = (from: number, to: number): LoggedRow[] => Array.from({ length: to - from + 1 }, (_, index) => snapshotRow(from + index, [{ value: 60 + index }]))
const logOf = (all: LoggedRow[], epochs: readonly LogEpoch[]): FakeLog => ({ ...fakeLog(all, epochs.at(-1)?.epoch), epochs })

type Setting = { readonly folder: string; readonly log: FakeLog; readonly answers?: readonly ClaimAnswer[]; readonly central?: ReturnType<typeof fakeCentral> }

function start({ folder, log, answers, central = fakeCentral() }: Setting) {
  const clock = fakeClock()
  const ledger = openSyncLedger(folder)
  const forks: Fork[] = []
  const claims: SinkClaim[] = []
  const left = [...(answers ?? [])]
  const claim = async (asked: SinkClaim): Promise<ClaimAnswer> => {
    claims.push(asked)
    return left.shift() ?? { kind: 'granted', through: new Map() }
  }
  const pump = createPump({
    sink: answers ? { ...central.sink, claim } : central.sink, gatewayId: 'gw', organizationId: 'org', ledger, log, clock, random: () => 0.5, identifiers: () => [],
    onForked: (fork) => void forks.push(fork),
  })
  return {
    ledger, pump, central, forks, claims,
    sent: () => central.calls.map(({ body }) => bodyOf(body).metadata).map(({ keyEpoch, seqFrom, seqTo }) => [keyEpoch, seqFrom, seqTo]),
    async drain(steps = 100) {
      for (let step = 0; step < steps; step++) {
        const next = await pump.step(NEVER)
        if (next.kind === 'idle') return
        if (next.kind === 'wait') clock.now += next.ms
      }
    },
    [Symbol.dispose]: () => ledger.close(),
  }
}

describe('rows of several epochs', () => {
  it('go out in their order, each batch of one epoch: what was cut before first, unchanged, then the rest of the old, then the new', async () => {
    using place = scratch()
    let cut = ''
    {
      using before = start({ folder: place.folder, log: logOf(rows(1, 2), [E1]), central: fakeCentral(() => 'lost') })
      await before.pump.step(NEVER)
      cut = before.ledger.pending(SINK)?.batchId ?? 'none'
    }
    const epochs: readonly LogEpoch[] = [E1, { epoch: 'e2', firstSeq: 5, why: 'restored' }]
    using after = start({ folder: place.folder, log: logOf(rows(1, 7), epochs) })
    await after.drain()
    expect(after.central.calls[0]?.batchId).toBe(cut)
    expect(after.sent()).toEqual([['e1', 1, 2], ['e1', 3, 4], ['e2', 5, 7]])
    const keys = [...after.central.held.keys()].map((key) => key.split('/').filter((_part, place) => place === 1 || place === 4).join(' '))
    expect(keys).toEqual(['e1 1-2', 'e1 3-4', 'e2 5-7'])
    expect(after.pump.status()).toMatchObject({ kind: 'ok', lagRows: 0 })
    expect([after.ledger.cursor(SINK, 'e1'), after.ledger.cursor(SINK, 'e2')]).toEqual([4, 7])
  })

  it('keep what stands for a patient over a restore, and not over a copy', async () => {
    const epochs: readonly LogEpoch[] = [E1, { epoch: 'e2', firstSeq: 3, why: 'restored' }, { epoch: 'e3', firstSeq: 5, why: 'cloned' }]
    expect(['e1', 'e2', 'e3'].map((epoch) => scopeOf(epochs, epoch))).toEqual(['e1', 'e1', 'e3'])
    using place = scratch()
    using ward = start({ folder: place.folder, log: logOf(rows(1, 6), epochs) })
    await ward.drain()
    const subjects = [...ward.central.held.values()].map((event) => event.partitionKey)
    expect(subjects[0]).toBe(subjects[1])
    expect(subjects[2]).not.toBe(subjects[0])
  })
})

describe('central is asked before anything is cut', () => {
  it('and what it has of an earlier epoch is not sent again, though the ledger of the backup does not know', async () => {
    using place = scratch()
    const epochs: readonly LogEpoch[] = [E1, { epoch: 'e2', firstSeq: 5, why: 'restored' }]
    using ward = start({ folder: place.folder, log: logOf(rows(1, 6), epochs), answers: [{ kind: 'granted', through: new Map([['e1', 3]]) }] })
    await ward.drain()
    expect(ward.claims).toEqual([{ organizationId: 'org', gatewayId: 'gw', epochs: ['e1', 'e2'] }])
    expect(ward.sent()).toEqual([['e1', 4, 4], ['e2', 5, 6]])
  })

  it('and where it has more of this very epoch than we ever cut, another epoch is demanded, and nothing is sent', async () => {
    using place = scratch()
    const log = logOf(rows(1, 6), [E1])
    {
      using before = start({ folder: place.folder, log: logOf(rows(1, 2), [E1]) })
      await before.drain()
    }
    using ward = start({ folder: place.folder, log, answers: [{ kind: 'granted', through: new Map([['e1', 9]]) }] })
    await ward.drain(4)
    expect([ward.sent(), ward.forks[0]]).toEqual([[], { why: 'rolled-back', afterSeq: 2 }])
    expect(ward.pump.status()).toMatchObject({ kind: 'behind', why: expect.stringContaining('another incarnation') })
  })

  it('as long as it does not answer; one that keeps no such record is sent to all the same', async () => {
    using place = scratch()
    const away: ClaimAnswer = { kind: 'retry', why: '503', afterMs: 5_000 }
    using ward = start({ folder: place.folder, log: logOf(rows(1, 2), [E1]), answers: [away, away, { kind: 'unknown' }] })
    await ward.pump.step(NEVER)
    expect([ward.sent(), ward.ledger.pending(SINK), ward.pump.status().why]).toEqual([[], null, '503'])
    await ward.drain()
    expect([ward.claims.length, ward.sent()]).toEqual([3, [['e1', 1, 2]]])
  })

  it('and a box that another has superseded pauses, loses nothing, and asks again before it goes on', async () => {
    using place = scratch()
    const fenced: ClaimAnswer = { kind: 'refused', how: 'fenced', why: 'another gateway sends under this identity' }
    using ward = start({ folder: place.folder, log: logOf(rows(1, 2), [E1]), answers: [fenced] })
    await ward.pump.step(NEVER)
    expect(ward.pump.status()).toMatchObject({ kind: 'paused', fenced: true, deadLetters: 0, why: fenced.why })
    await ward.drain()
    expect(ward.pump.status()).toMatchObject({ kind: 'ok', fenced: false, deadLetters: 0 })
    expect([ward.claims.length, ward.sent()]).toEqual([2, [['e1', 1, 2]]])
  })
})

it('a ledger that was lost demands another epoch, and goes on when it has come', async () => {
  using place = scratch()
  openSyncLedger(place.folder).close()
  const { writeFileSync } = await import('node:fs')
  writeFileSync(`${place.folder}/sync.db`, 'x'.repeat(9_000))
  {
    using ward = start({ folder: place.folder, log: logOf(rows(1, 2), [E1]) })
    await ward.drain(3)
    expect([ward.sent(), ward.forks[0]]).toEqual([[], { why: 'ledger-lost', afterSeq: null }])
  }
  const epochs: readonly LogEpoch[] = [E1, { epoch: 'e2', firstSeq: 3, why: 'ledger-lost' }]
  using ward = start({ folder: place.folder, log: logOf(rows(1, 3), epochs), answers: [{ kind: 'granted', through: new Map([['e1', 2]]) }] })
  await ward.drain()
  expect([ward.sent(), ward.forks]).toEqual([[['e2', 3, 3]], []])
})
