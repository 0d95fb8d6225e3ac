/** Several sinks, each by its own rules: lanes, filters, hours, rates, fallbacks, history. */

import { describe, expect, it } from 'vitest'
import { UTC, readZone } from '../../src/codec/zone.ts'
import type { SyncStatus } from '../../src/domain/batch.ts'
import { wallMs } from '../../src/domain/time.ts'
import { syncLimits } from '../../src/limits.ts'
import type { ClaimAnswer, LoggedRow, Sink, SinkAnswer, SinkBatch } from '../../src/seams.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { combined, slowest } from '../../src/sync/combine.ts'
import { memoryOf } from '../../src/sync/ledger.ts'
import { closedMs, restMs } from '../../src/sync/pace.ts'
import { type PumpParts, createPump } from '../../src/sync/pump.ts'
import { NEVER, START, alertRow, bodyOf, fakeCentral, fakeClock, fakeLog, phaseEvent, scratch, snapshotRow } from './fakes.ts'

function started(folder: string, rows: readonly LoggedRow[], sink: Sink, over: Partial<PumpParts> = {}) {
  const clock = fakeClock()
  const ledger = openSyncLedger(folder)
  const pump = createPump({ gatewayId: 'gw', organizationId: 'org', ledger, log: fakeLog([...rows]), clock, sink, random: () => 0.5, identifiers: () => [], ...over })
  async function drain(stepsMax = 400): Promise<number[]> {
    const waits: number[] = []
    for (let step = 0; step < stepsMax; step++) {
      const next = await pump.step(NEVER)
      if (next.kind === 'idle') return waits
      if (next.kind === 'done') continue
      waits.push(next.ms)
      clock.now += next.ms
    }
    throw new Error('the pump does not come to an end')
  }
  return { pump, ledger, clock, drain }
}

const minutes = (count: number): LoggedRow[] => Array.from({ length: count }, (_, index) => snapshotRow(index + 1, [{ value: 60 + index, at: START + index * 60_000 }]))

/** Answers as it is told, and keeps what it was sent. */
function told(id: string, answer: (batch: SinkBatch) => SinkAnswer): Sink & { readonly sent: SinkBatch[] } {
  const sent: SinkBatch[] = []
  return {
    id, sent,
    send(batch) {
      sent.push(batch)
      return Promise.resolve(answer(batch))
    },
  }
}
const ACCEPTED: SinkAnswer = { kind: 'accepted' }
const DOWN: SinkAnswer = { kind: 'retry', why: 'down', afterMs: null }
const keysOf = (batches: readonly SinkBatch[]): readonly string[] => batches.flatMap(({ body }) => bodyOf(body).events.map(({ key }) => key))

describe('two sinks on one ledger', () => {
  it('have a cursor, dead letters and a status each: one that is down holds up nobody', async () => {
    using place = scratch()
    const log = fakeLog(minutes(3))
    const ledger = openSyncLedger(place.folder)
    const clock = fakeClock()
    const parts = { gatewayId: 'gw', organizationId: 'org', ledger, log, clock, random: () => 0.5, identifiers: () => [] }
    const [up, down] = [fakeCentral(), fakeCentral(() => 'unavailable')]
    const pumps = [createPump({ ...parts, sink: { ...up.sink, id: 'up' } }), createPump({ ...parts, sink: { ...down.sink, id: 'down' } })]
    for (let step = 0; step < 10; step++) for (const pump of pumps) await pump.step(NEVER)
    expect(up.held.size).toBe(3)
    expect([ledger.cursor('up', 'e1'), ledger.cursor('down', 'e1')]).toEqual([3, 0])
    expect(pumps.map((pump) => pump.status().kind)).toEqual(['ok', 'behind'])
    // What stands for whom is the same in both, for both are of one lane.
    expect(keysOf(down.calls.slice(0, 1))).toEqual(keysOf(up.calls.slice(0, 1)))
    ledger.close()
  })

  it('may take different things: what a filter keeps back is counted, and moves the cursor', async () => {
    using place = scratch()
    const sink = told('s', () => ACCEPTED)
    const rows = [snapshotRow(1, [{ value: 60 }, { metric: 'MDC_PULS_OXIM_SAT_O2', value: 97 }]), alertRow(2, phaseEvent()), snapshotRow(3, [{ value: 61 }])]
    const { drain, ledger } = started(place.folder, rows, sink, { filter: { events: ['vital-signs'], metrics: ['MDC_PULS_OXIM_SAT_O2'] } })
    await drain()
    expect(sink.sent.flatMap(({ body }) => bodyOf(body).events.map(({ data }) => data.metric))).toEqual(['MDC_PULS_OXIM_SAT_O2'])
    expect(ledger.withheld('s', 'e1')).toEqual([{ reason: 'filtered', rows: 0, readings: 2 }])
    expect(ledger.cursor('s', 'e1')).toBe(3)
    ledger.close()
  })
})

describe('the hospital lane', () => {
  const rows = [
    snapshotRow(1, [{ value: 60 }, { value: 61, flags: ['validated'] }]),
    snapshotRow(2, [{ value: 62, flags: ['validated', 'demo'] }, { value: 63, flags: ['validated', 'test'] }]),
    snapshotRow(3, [{ value: 64, flags: ['validated'] }], { stay: null, bed: null }),
    alertRow(4, phaseEvent()),
  ]

  it('has what a person confirmed, of a stay, and nothing else: no demonstration, no alert, no value of nobody', async () => {
    using place = scratch()
    const sink = told('ehr', () => ACCEPTED)
    const { drain, ledger } = started(place.folder, rows, sink, { lane: 'hospital' })
    await drain()
    const bodies = sink.sent.map(({ body }) => bodyOf(body))
    expect(bodies.map(({ metadata }) => metadata)).toMatchObject([{ lane: 'hospital', method: 'identified' }])
    expect(bodies.flatMap(({ events }) => events)).toMatchObject([{ eventType: 'confirmed-observations', stay: 'stay-1', device: 'monitor-1', key: 'gw/e1/1/1', data: { value: 61, unit: '/min', loinc: '8867-4' } }])
    expect(ledger.withheld('ehr', 'e1')).toEqual([{ reason: 'not-confirmed', rows: 3, readings: 4 }])
    expect(ledger.cursor('ehr', 'e1')).toBe(4)
    ledger.close()
  })

  it('is not what goes to central, where the same values have pseudonyms', async () => {
    using place = scratch()
    const sink = told('central', () => ACCEPTED)
    const { drain, ledger } = started(place.folder, rows, sink)
    await drain()
    expect(sink.sent.map(({ body }) => Buffer.from(body).toString()).join()).not.toMatch(/stay-1|monitor-1|confirmed/)
    ledger.close()
  })
})

describe('what is too old for the real-time lane', () => {
  it('is sent once more as history, behind what waits, with its keys, and is no dead letter', async () => {
    using place = scratch()
    const stale = (batch: SinkBatch): boolean => batch.events > 0 && bodyOf(batch.body).metadata['historical'] === undefined
    const sink = told('s', (batch) => (stale(batch) ? { kind: 'refused', how: 'stale', why: 'ANALYTICS_010' } : ACCEPTED))
    const { drain, ledger } = started(place.folder, minutes(3), sink)
    await drain()
    const [first, second] = sink.sent
    expect(sink.sent).toHaveLength(2)
    expect(keysOf([second ?? sink.sent[0]].filter((batch) => batch !== undefined))).toEqual(keysOf([first].filter((batch) => batch !== undefined)))
    expect(bodyOf(second?.body ?? new Uint8Array()).metadata).toMatchObject({ historical: true, lane: 'live' })
    expect([ledger.cursor('s', 'e1'), ledger.deadCount('s')]).toEqual([3, 0])
    expect(ledger.counts('s')).toEqual([{ what: 'events sent again as history', times: 3 }])
    ledger.close()
  })

  it('leaves the other rows of its batch where they are, and goes to the dead letters when history refuses it too', async () => {
    using place = scratch()
    const sink = told('s', ({ events }) => ({ kind: 'partly', rejected: [{ index: events - 1, code: 'ANALYTICS_010', detail: 'older than a day' }] }))
    const { drain, ledger } = started(place.folder, minutes(3), sink)
    await drain()
    expect(sink.sent.map(({ events }) => events)).toEqual([3, 1])
    expect(ledger.deadLetters('s', 10)).toMatchObject([{ why: 'ANALYTICS_010: older than a day' }])
    expect(ledger.cursor('s', 'e1')).toBe(3)
    ledger.close()
  })
})

describe('a fallback', () => {
  it('gets the batches while the breaker is open, and the sink is tried again after a minute', async () => {
    using place = scratch()
    let isUp = false
    const sink = told('s', () => (isUp ? ACCEPTED : DOWN))
    const fallback = told('s (fallback)', () => ACCEPTED)
    const { drain, ledger, pump } = started(place.folder, minutes(2), sink, { fallback })
    await drain()
    expect(sink.sent).toHaveLength(syncLimits.breakerFailures)
    expect(fallback.sent).toHaveLength(1)
    expect(fallback.sent[0]?.batchId).toBe(sink.sent[0]?.batchId)
    expect(ledger.counts('s')).toEqual([{ what: 'batches sent through the fallback', times: 1 }])
    expect(ledger.cursor('s', 'e1')).toBe(2)
    expect(pump.status()).toMatchObject({ kind: 'ok', breaker: 'open' })
    isUp = true
    ledger.close()
  })

  it('that is down too leaves both to their breakers: nothing is lost, and the first that comes back has it', async () => {
    using place = scratch()
    let isUp = false
    const answer = (): SinkAnswer => (isUp ? ACCEPTED : DOWN)
    const [sink, fallback] = [told('s', answer), told('f', answer)]
    const { clock, ledger, pump } = started(place.folder, minutes(2), sink, { fallback })
    for (let step = 0; step < 60; step++) {
      const next = await pump.step(NEVER)
      if (next.kind === 'wait') clock.now += next.ms
    }
    expect(pump.status()).toMatchObject({ kind: 'behind', deadLetters: 0, lagRows: 2 })
    // Neither is hammered: five calls, then one a minute.
    expect(sink.sent.length + fallback.sent.length).toBeLessThan(10 + 2 * (clock.now / syncLimits.breakerHalfOpenMs + 1))
    isUp = true
    for (let step = 0; step < 10 && ledger.cursor('s', 'e1') < 2; step++) {
      const next = await pump.step(NEVER)
      if (next.kind === 'wait') clock.now += next.ms
    }
    expect(ledger.cursor('s', 'e1')).toBe(2)
    ledger.close()
  })

  it('has nothing sent through it before the sink has said once what it has of us: until then that is asked, five times and then once a minute', async () => {
    using place = scratch()
    let isUp = false
    let claims = 0
    const claim = (): Promise<ClaimAnswer> => {
      claims++
      return Promise.resolve(isUp ? { kind: 'granted', through: new Map() } : { kind: 'retry', why: 'down', afterMs: null })
    }
    const [sink, fallback] = [told('s', () => ACCEPTED), told('f', () => ACCEPTED)]
    const { clock, ledger, pump } = started(place.folder, minutes(2), { ...sink, claim }, { fallback })
    const step = async (): Promise<void> => {
      const next = await pump.step(NEVER)
      if (next.kind === 'wait') clock.now += next.ms
    }
    for (let count = 0; count < 40; count++) await step()
    expect(fallback.sent).toEqual([])
    expect(claims).toBeLessThan(syncLimits.breakerFailures + 2 + clock.now / syncLimits.breakerHalfOpenMs)
    expect(pump.status()).toMatchObject({ kind: 'behind', why: 'down', breaker: 'open' })
    isUp = true
    for (let count = 0; count < 10 && ledger.cursor('s', 'e1') < 2; count++) await step()
    expect(ledger.cursor('s', 'e1')).toBe(2)
    ledger.close()
  })
})

describe('a central that says "at once" and takes nothing', () => {
  it('is not hammered: a second lies between two calls, at the least', async () => {
    using place = scratch()
    const sink = told('s', () => ({ kind: 'retry', why: '429', afterMs: 0 }))
    const { ledger, pump } = started(place.folder, minutes(1), sink)
    const waits: number[] = []
    for (let count = 0; count < 12 && waits.length === 0; count++) {
      const next = await pump.step(NEVER)
      if (next.kind === 'wait') waits.push(next.ms)
    }
    expect([sink.sent.length, waits]).toEqual([1, [syncLimits.retryDelayMsMin]])
    ledger.close()
  })
})

describe('a sink with hours and a rate', () => {
  const night = { fromMinute: 22 * 60, toMinute: 5 * 60, zone: UTC }

  it('cuts and keeps, and sends when its hours begin', async () => {
    using place = scratch()
    const sink = told('s', () => ACCEPTED)
    // START is at ten in the morning.
    const { drain, pump, clock, ledger } = started(place.folder, minutes(1), sink, { pace: { eventsPerSecond: null, hours: { fromMinute: 11 * 60, toMinute: 13 * 60, zone: UTC } } })
    await pump.step(NEVER)
    await pump.step(NEVER)
    expect(pump.status()).toMatchObject({ kind: 'ok', why: 'sends from 11:00 to 13:00', lagRows: 1 })
    expect(sink.sent).toEqual([])
    await drain()
    expect(sink.sent).toHaveLength(1)
    expect(clock.now).toBe(3_600_000)
    ledger.close()
  })

  it('rests after a batch for as long as its rate wants', async () => {
    using place = scratch()
    const sink = told('s', () => ACCEPTED)
    const log = fakeLog(minutes(30))
    const { drain, ledger } = started(place.folder, [], sink, { log, pace: { eventsPerSecond: 10, hours: null } })
    expect(await drain()).toEqual([])
    log.rows.push(snapshotRow(31, [{ value: 60 }]))
    expect(await drain()).toEqual([3_000])
    ledger.close()
  })

  it('sends an alert in the middle of its rest, which lasts the longer for it', async () => {
    using place = scratch()
    const sink = told('s', () => ACCEPTED)
    const log = fakeLog(minutes(30))
    const { pump, ledger, clock } = started(place.folder, [], sink, { log, pace: { eventsPerSecond: 1, hours: null } })
    const steps = async (): Promise<number> => {
      for (let step = 0; step < 10; step++) {
        const next = await pump.step(NEVER)
        if (next.kind !== 'done') return next.kind === 'idle' ? 0 : next.ms
      }
      throw new Error('it does not come to rest')
    }
    expect(await steps()).toBe(0)
    log.rows.push(...Array.from({ length: 3 }, (_, index) => snapshotRow(31 + index, [{ value: 60, at: START + (40 + index) * 60_000 }])), alertRow(34, phaseEvent()))
    expect(await steps()).toBe(31_000)
    expect(sink.sent.map(({ body }) => bodyOf(body).events.map(({ eventType }) => eventType)).slice(1)).toEqual([['alerts']])
    clock.now += 31_000
    expect(await steps()).toBe(0)
    expect(sink.sent).toHaveLength(3)
    ledger.close()
  })

  it('knows its hours over midnight, in the zone of the ward, and on the days when clocks are set', () => {
    const at = (iso: string) => wallMs(Date.parse(iso))
    const berlin = readZone('Europe/Berlin') ?? UTC
    const open = (iso: string, zone = UTC): number => closedMs({ eventsPerSecond: null, hours: { ...night, zone } }, at(iso)) / 60_000
    expect(open('2026-01-15T21:59:00Z')).toBe(1)
    expect([open('2026-01-15T22:00:00Z'), open('2026-01-16T00:00:00Z'), open('2026-01-16T04:59:59Z')]).toEqual([0, 0, 0])
    expect(open('2026-01-16T05:00:00Z')).toBe(17 * 60)
    expect([open('2026-01-15T20:59:00Z', berlin), open('2026-01-15T21:00:00Z', berlin), open('2026-07-15T20:00:00Z', berlin)]).toEqual([1, 0, 0])
    // Clocks go forward at 01:00 UTC on 29 March: five in the morning comes an hour sooner.
    expect([open('2026-03-29T02:59:00Z', berlin), open('2026-03-29T03:00:00Z', berlin)]).toEqual([0, 17 * 60])
    expect(restMs({ eventsPerSecond: 3, hours: null }, 10)).toBe(3_334)
  })
})

describe('how several sinks stand together', () => {
  const WELL: SyncStatus = { kind: 'ok', lagRows: 1, why: '', lastAcceptedAt: wallMs(9), deadLetters: 1, stoppedByScanner: 0, breaker: 'closed', fenced: false }

  it('is as the worst of them does, by name, with each beside it', () => {
    const status = combined(new Map([['a', WELL], ['b', { ...WELL, kind: 'paused', why: '401', lagRows: 7, lastAcceptedAt: wallMs(5), breaker: 'open' }], ['c', { ...WELL, kind: 'behind', why: '503' }]]))
    expect(status).toMatchObject({ kind: 'paused', why: 'b: 401', lagRows: 7, lastAcceptedAt: 5, deadLetters: 3, breaker: 'open' })
    expect(status?.sinks?.map(({ id, kind }) => [id, kind])).toEqual([['a', 'ok'], ['b', 'paused'], ['c', 'behind']])
  })

  it('is that of the only one, and nothing of none', () => {
    expect(combined(new Map([['a', WELL]]))).toBe(WELL)
    expect(combined(new Map())).toBeNull()
  })

  it('took last what the one took for which rows wait the longest: a sink that had nothing to take is no sign of death', () => {
    const idle = { ...WELL, lagRows: 0, lastAcceptedAt: null }
    const last = (...sinks: readonly SyncStatus[]) => combined(new Map(sinks.map((sink, index) => [String(index), sink])))?.lastAcceptedAt
    expect([last(WELL, idle), last(WELL, { ...idle, lagRows: 1 }), last({ ...WELL, lagRows: 0 }, idle), last(idle, idle)]).toEqual([9, null, 9, null])
    expect(last(WELL, { ...WELL, lastAcceptedAt: wallMs(5) })).toBe(5)
  })

  it('lets the store delete no further than the slowest is, and nothing before each has said how far it is', () => {
    expect(slowest(['a', 'b'], new Map([['a', 7]]))).toBeNull()
    expect(slowest(['a', 'b'], new Map([['a', 7], ['b', 3]]))).toBe(3)
  })
})

describe('what a sink remembers', () => {
  it('is its own, survives a restart, and is bounded', () => {
    using place = scratch()
    {
      using ledger = openSyncLedger(place.folder)
      memoryOf(ledger, 'a').put('x', '1')
      memoryOf(ledger, 'b').put('x', '2')
      memoryOf(ledger, 'a').count('sets')
      memoryOf(ledger, 'a').count('sets', 4)
      expect(() => memoryOf(ledger, 'a').put('y', 'x'.repeat(syncLimits.sinkMemoryCharsMax + 1))).toThrow(RangeError)
    }
    using ledger = openSyncLedger(place.folder)
    expect([memoryOf(ledger, 'a').get('x'), memoryOf(ledger, 'b').get('x'), memoryOf(ledger, 'c').get('x')]).toEqual(['1', '2', null])
    expect(ledger.counts('a')).toEqual([{ what: 'sets', times: 5 }])
    memoryOf(ledger, 'a').put('x', null)
    expect(memoryOf(ledger, 'a').get('x')).toBeNull()
    ledger.transaction(() => {
      for (let index = 0; index <= syncLimits.sinkMemoriesMax; index++) ledger.remember('b', `patient ${index}`, '1')
    })
    expect([ledger.memory('b', 'x'), ledger.memory('b', 'patient 0'), ledger.memory('b', 'patient 1')]).toEqual([null, null, '1'])
  })
})
