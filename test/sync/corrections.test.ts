/** Rows that were another patient's: what central holds in the end is the truth, whatever it was told before and in whatever order. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alertId } from '../../src/domain/ids.ts'
import type { LoggedRow, Sink } from '../../src/seams.ts'
import { type Ledger, acknowledgedCounts, openSyncLedger } from '../../src/store/sync-ledger.ts'
import { type Filter } from '../../src/sync/filter.ts'
import { type Pump, createPump } from '../../src/sync/pump.ts'
import {
  Crash, EPOCH, type FakeCentral, type FakeClock, type FakeLog, NEVER, type Plan, type ReceivedEvent, START, alertRow, fakeCentral, fakeClock, fakeLog, phaseEvent, reissue, scratch,
  snapshotRow,
} from './fakes.ts'

const SINK = 'https-batch'

type Ward = { readonly log: FakeLog; readonly central: FakeCentral; readonly clock: FakeClock; readonly ledger: Ledger; readonly pump: Pump }
type Over = { readonly sink?: Sink; readonly rowsMax?: number; readonly filter?: Filter; readonly lane?: 'hospital' }

function ward(folder: string, log: FakeLog, central: FakeCentral, over: Over = {}): Ward {
  const clock = fakeClock()
  const ledger = openSyncLedger(folder)
  return { log, central, clock, ledger, pump: createPump({ gatewayId: 'gw', organizationId: 'org', ledger, log, clock, sink: central.sink, random: () => 0.5, identifiers: () => ['stay-1', 'monitor-1'], ...over }) }
}

async function drain({ pump, clock }: Pick<Ward, 'pump' | 'clock'>): Promise<void> {
  for (let step = 0; step < 500; step++) {
    const next = await pump.step(NEVER)
    if (next.kind === 'idle') return
    if (next.kind === 'wait') clock.now += next.ms
  }
  throw new Error('the pump does not come to an end')
}

type Sent = ReceivedEvent & { readonly supersedes?: string }
type Correction = { readonly kind: string; readonly keys: readonly string[]; readonly subject?: string; readonly from: string; readonly to: string; readonly reason: string }
const sentBy = ({ held }: FakeCentral): readonly Sent[] => [...held.values()]
const correctionsIn = (central: FakeCentral): readonly { readonly subject: string; readonly data: Correction }[] =>
  sentBy(central).filter(({ eventType }) => eventType === 'corrections').map(({ partitionKey, data }) => ({ subject: partitionKey, data: data as unknown as Correction }))

/** What stands at central: `subject at value`, each once for each time it is there. */
function standing(central: FakeCentral): readonly string[] {
  const gone = new Set(correctionsIn(central).flatMap(({ data }) => data.keys))
  return sentBy(central)
    .filter(({ eventType, key }) => eventType === 'vital-signs' && !gone.has(key))
    .flatMap(({ partitionKey, timestamp, data }) => (data.v ?? []).map((value, place) => `${partitionKey} ${Date.parse(timestamp) + (data.t?.[place] ?? 0)} ${value}`))
    .sort()
}

const truth = (rows: readonly LoggedRow[], subjectOf: (stay: string) => string): readonly string[] =>
  rows
    .flatMap((row) => (row.kind === 'event' || row.isSuperseded === true || row.snapshot.stay === null ? [] : [row.snapshot]))
    .flatMap(({ stay, observations }) => observations.map(({ correctedAt, measurement }) => `${subjectOf(stay ?? '')} ${correctedAt} ${measurement.kind === 'measured' ? measurement.value : null}`))
    .sort()

const subjectsOf = (ledger: Ledger) => (stay: string): string => ledger.surrogates(EPOCH).of('stay', stay)

describe('a row that was sent and is another patient\'s', () => {
  it('takes its event back, gives what is left of it one revision on, and is sent under the right one', async () => {
    using place = scratch()
    const now = ward(place.folder, fakeLog([snapshotRow(1, [{ value: 60 }]), snapshotRow(2, [{ value: 61 }]), snapshotRow(3, [{ value: 62 }])]), fakeCentral())
    await drain(now)
    reissue(now.log, 2, 'stay-2')
    await drain(now)
    const [wrong, right] = ['stay-1', 'stay-2'].map(subjectsOf(now.ledger))
    const old = `gw/e1/${wrong}/MDC_ECG_HEART_RATE/1-3/0`
    const at = new Date(START + 2_000).toISOString()
    expect(correctionsIn(now.central)).toEqual([{ subject: wrong, data: { kind: 'retract', keys: [old], subject: right, from: at, to: at, reason: 'wrong-patient' } }])
    const after = sentBy(now.central).slice(1).filter(({ eventType }) => eventType === 'vital-signs')
    expect(after.map(({ key, revision, supersedes, data: { v } }) => ({ key, revision, supersedes, v }))).toEqual([
      { key: `gw/e1/${wrong}/MDC_ECG_HEART_RATE/1-3/1`, revision: 1, supersedes: old, v: [60, 62] },
      { key: `gw/e1/${right}/MDC_ECG_HEART_RATE/4-4/1`, revision: 1, supersedes: old, v: [61] },
    ])
    expect(acknowledgedCounts(place.folder).get('monitor-1\u0000MDC_ECG_HEART_RATE')).toBe(3)
    now.ledger.close()
  })

  it('whose whole event is another\'s is reassigned; one that is nobody\'s is retracted, and nothing comes instead', async () => {
    using place = scratch()
    const now = ward(place.folder, fakeLog([snapshotRow(1, [{ value: 60 }]), snapshotRow(2, [{ value: 61, at: START + 90_000 }])]), fakeCentral())
    await drain(now)
    reissue(now.log, 1, 'stay-2')
    reissue(now.log, 2, null)
    await drain(now)
    const right = subjectsOf(now.ledger)('stay-2')
    expect(correctionsIn(now.central).map(({ data: { kind, subject } }) => ({ kind, subject }))).toEqual([{ kind: 'reassign', subject: right }, { kind: 'retract', subject: undefined }])
    expect(standing(now.central)).toEqual([`${right} ${START + 1_000} 60`])
    now.ledger.close()
  })

  it('of two patients, both in truth a third one\'s, is handed over once: who is handed an event gets no other that holds its values', async () => {
    using place = scratch()
    const rows = [1, 2, 3, 4].map((seq) => snapshotRow(seq, [{ value: 60 + seq }], { stay: seq < 3 ? 'stay-1' : 'stay-2' }))
    const now = ward(place.folder, fakeLog(rows), fakeCentral())
    await drain(now)
    for (const seq of [1, 2, 3, 4]) reissue(now.log, seq, 'stay-3')
    await drain(now)
    const superseded = sentBy(now.central).flatMap(({ supersedes }) => (supersedes === undefined ? [] : [supersedes]))
    const handedOver = correctionsIn(now.central).flatMap(({ data: { kind, keys } }) => (kind === 'reassign' ? keys : []))
    expect(handedOver.filter((key) => !superseded.includes(key))).toEqual([])
    expect(standing(now.central)).toEqual(truth(now.log.rows, subjectsOf(now.ledger)))
    now.ledger.close()
  })

  it('that was never sent is sent right, and nobody hears of the mistake', async () => {
    using place = scratch()
    const log = fakeLog([snapshotRow(1, [{ value: 60 }])])
    reissue(log, 1, 'stay-2')
    const now = ward(place.folder, log, fakeCentral())
    await drain(now)
    expect(sentBy(now.central).map(({ partitionKey, eventType, supersedes, revision }) => ({ partitionKey, eventType, supersedes, revision }))).toEqual([
      { partitionKey: subjectsOf(now.ledger)('stay-2'), eventType: 'vital-signs', supersedes: undefined, revision: 1 },
    ])
    now.ledger.close()
  })

  it('goes with vital signs to who takes those alone, and to nobody who does not', async () => {
    for (const [events, wanted] of [[['vital-signs'], 1], [['alerts'], 0]] as const) {
      using place = scratch()
      const now = ward(place.folder, fakeLog([snapshotRow(1, [{ value: 60 }])]), fakeCentral(), { filter: { events, metrics: null } })
      await drain(now)
      reissue(now.log, 1, 'stay-2')
      await drain(now)
      expect(correctionsIn(now.central)).toHaveLength(wanted)
      expect(now.ledger.counts(SINK)).toEqual([])
      now.ledger.close()
    }
  })

  it('in a stretch whose rows are not what they were is counted, not guessed', async () => {
    using place = scratch()
    const now = ward(place.folder, fakeLog([snapshotRow(1, [{ value: 60 }]), snapshotRow(2, [{ value: 61 }])]), fakeCentral())
    await drain(now)
    reissue(now.log, 2, 'stay-2')
    // Retention, or a page that cannot be read.
    now.log.rows.shift()
    await drain(now)
    expect(correctionsIn(now.central)).toEqual([])
    expect(now.ledger.counts(SINK)).toEqual([{ what: expect.stringContaining('could not be told'), times: 1 }])
    now.ledger.close()
  })
})

describe('a confirmed value that was told to the hospital', () => {
  const confirmed = (value: number) => ({ value, flags: ['validated'] as const })
  type Told = { readonly stay: string; readonly status?: string; readonly data: { readonly value: number } }
  const told = ({ held }: FakeCentral) => [...(held as unknown as Map<string, Told>).values()].map(({ stay, status, data }) => [stay, status, data.value])

  it('is withdrawn from who it was not of, before the right one has it; once, however often it is sent', async () => {
    using place = scratch()
    const now = ward(place.folder, fakeLog([snapshotRow(1, [confirmed(60), { value: 61 }]), snapshotRow(2, [confirmed(62)])]), fakeCentral(), { lane: 'hospital' })
    await drain(now)
    reissue(now.log, 1, 'stay-2')
    await drain(now)
    reissue(now.log, 3, null)
    await drain(now)
    expect(told(now.central)).toEqual([['stay-1', undefined, 60], ['stay-1', undefined, 62], ['stay-1', 'withdrawn', 60], ['stay-2', undefined, 60], ['stay-2', 'withdrawn', 60]])
    now.ledger.close()
  })

  it('is not told at all of the wrong one when that is known in time', async () => {
    using place = scratch()
    const log = fakeLog([snapshotRow(1, [confirmed(60)])])
    reissue(log, 1, 'stay-2')
    const now = ward(place.folder, log, fakeCentral(), { lane: 'hospital' })
    await drain(now)
    expect(told(now.central)).toEqual([['stay-2', undefined, 60]])
    now.ledger.close()
  })
})

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('row' as const), stay: fc.constantFrom('s1', 's2', null), ats: fc.array(fc.integer({ min: 0, max: 150_000 }), { minLength: 1, maxLength: 3 }), channel: fc.constantFrom('', 'x') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('alert' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wrong' as const), which: fc.nat(), stay: fc.constantFrom('s1', 's2', 's3', null), below: fc.integer({ min: 0, max: 200_000 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pump' as const), times: fc.integer({ min: 1, max: 6 }), ms: fc.constantFrom(0, 0, 10_000) }) },
)
const outcome = fc.constantFrom<Plan | 'crash'>('accept', 'accept', 'accept', 'lost', 'unavailable', 'too-large', 'crash')

it('Whatever turns out to be whose, and when, and however late central is, it holds the truth in the end, each value once, alerts in their order.', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(outcome, { maxLength: 20 }), fc.integer({ min: 1, max: 6 }), async (steps, outcomes, rowsMax) => {
      using place = scratch()
      const log = fakeLog()
      const central = fakeCentral()
      const plans = [...outcomes]
      const arrived: string[] = []
      const sink: Sink = {
        id: SINK,
        async send(batch, stop) {
          const plan = plans.shift() ?? 'accept'
          central.plan = () => (plan === 'crash' || (plan === 'too-large' && batch.events < 2) ? 'accept' : plan)
          const before = new Set(central.held.keys())
          const answer = await central.sink.send(batch, stop)
          arrived.push(...[...central.held.keys()].filter((key) => !before.has(key)))
          if (plan === 'crash') throw new Crash()
          return answer
        },
      }
      let now = ward(place.folder, log, central, { sink, rowsMax })
      const pumped = async (): Promise<boolean> => {
        try {
          const next = await now.pump.step(NEVER)
          if (next.kind === 'wait') now.clock.now += next.ms
          return next.kind === 'idle'
        } catch (reason) {
          if (!(reason instanceof Crash)) throw reason
          now.ledger.close()
          const { clock } = now
          now = ward(place.folder, log, central, { sink, rowsMax })
          now.clock.now = clock.now
          return false
        }
      }
      let value = 0
      for (const one of steps) {
        const seq = log.lastSeq() + 1
        if (one.do === 'row') log.rows.push(snapshotRow(seq, one.ats.map((at) => ({ value: ++value, at: START + at, channel: one.channel })), { stay: one.stay, device: `m-${one.stay ?? 'none'}`, at: START + seq }))
        else if (one.do === 'alert') log.rows.push(alertRow(seq, phaseEvent({ alertId: alertId(`a${seq}`) })))
        else if (one.do === 'wrong' && log.rows.length > 0) reissue(log, log.rows[one.which % log.rows.length]?.seq ?? 0, one.stay, (at) => at < START + one.below)
        else if (one.do === 'pump') {
          now.clock.now += one.ms
          for (let times = 0; times < one.times; times++) await pumped()
        }
      }
      for (let idle = 0, tries = 0; idle < 2; idle = (await pumped()) ? idle + 1 : 0) expect(++tries).toBeLessThan(2_000)

      expect(standing(central)).toEqual(truth(log.rows, subjectsOf(now.ledger)))
      expect(now.ledger.cursor(SINK, EPOCH)).toBe(log.lastSeq())
      expect(now.ledger.ahead(SINK, EPOCH)).toEqual([])
      expect(now.ledger.counts(SINK)).toEqual([])
      const alerts = arrived.filter((key) => key.includes('/alerts/')).map((key) => Number(key.split('/')[4]?.split('-')[0]))
      expect(alerts).toEqual(log.rows.filter(({ kind }) => kind === 'event').map(({ seq }) => seq))
      now.ledger.close()
    }),
    { numRuns: 50 },
  )
})
