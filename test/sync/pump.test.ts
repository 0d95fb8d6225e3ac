import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SyncStatus } from '../../src/domain/batch.ts'
import { alertId } from '../../src/domain/ids.ts'
import { syncLimits } from '../../src/limits.ts'
import type { LoggedRow, Sink, SinkBatch } from '../../src/seams.ts'
import { type Ledger, acknowledgedCounts, openSyncLedger } from '../../src/store/sync-ledger.ts'
import { type Pump, type PumpParts, createPump } from '../../src/sync/pump.ts'
import { Crash, type FakeCentral, type FakeClock, type FakeLog, NEVER, type Plan, START, alertRow, bodyOf, fakeCentral, fakeClock, fakeLog, gatewayRow, phaseEvent, scratch, snapshotRow } from './fakes.ts'

const SINK = 'https-batch'

type Ward = { readonly log: FakeLog; readonly central: FakeCentral; readonly clock: FakeClock; readonly ledger: Ledger; readonly pump: Pump; readonly told: SyncStatus[]; readonly advanced: number[] }

function ward(folder: string, log: FakeLog, central: FakeCentral, over: Partial<PumpParts> = {}): Ward {
  const clock = fakeClock()
  const ledger = openSyncLedger(folder)
  const told: SyncStatus[] = []
  const advanced: number[] = []
  const pump = createPump({
    gatewayId: 'gw', organizationId: 'org', ledger, log, clock, sink: central.sink, random: () => 0.5, identifiers: () => [],
    onStatus: (status) => void told.push(status), onAdvanced: (seq) => void advanced.push(seq), ...over,
  })
  return { log, central, clock, ledger, pump, told, advanced }
}

/** Steps until nothing is left to do. */
async function drain({ pump, clock }: Pick<Ward, 'pump' | 'clock'>, stepsMax = 2_000): Promise<void> {
  for (let step = 0; step < stepsMax; step++) {
    const next = await pump.step(NEVER)
    if (next.kind === 'idle') return
    if (next.kind === 'wait') clock.now += next.ms
  }
  throw new Error('the pump does not come to an end')
}

const rows = (count: number): LoggedRow[] => Array.from({ length: count }, (_, index) => snapshotRow(index + 1, [{ value: 60 + (index % 100) }]))
const valuesAt = (central: FakeCentral): number => [...central.held.values()].reduce((sum, event) => sum + (event.data?.v?.filter((value) => value !== null).length ?? 0), 0)

describe('the pump', () => {
  it('sends what the log holds behind the cursor, then waits for more', async () => {
    using place = scratch()
    const { pump, log, central, ledger, advanced, clock } = ward(place.folder, fakeLog(rows(3)), fakeCentral())
    await drain({ pump, clock })
    expect(central.calls).toHaveLength(1)
    expect(bodyOf(central.calls[0]?.body ?? new Uint8Array()).metadata).toMatchObject({ seqFrom: 1, seqTo: 3, lane: 'live', keyEpoch: 'e1' })
    expect(pump.status()).toMatchObject({ kind: 'ok', lagRows: 0, why: '', deadLetters: 0, lastAcceptedAt: START })
    log.rows.push(snapshotRow(4, [{ value: 61 }]), alertRow(5, phaseEvent()))
    await drain({ pump, clock })
    expect(central.calls.slice(1).map(({ body }) => bodyOf(body).events.map((event) => event.eventType))).toEqual([['alerts'], ['vital-signs']])
    expect(advanced).toEqual([0, 3, 5])
    expect(acknowledgedCounts(place.folder).get('monitor-1\u0000MDC_ECG_HEART_RATE')).toBe(4)
    ledger.close()
  })

  it('moves past rows that are not for central, and counts them', async () => {
    using place = scratch()
    const { pump, central, ledger, advanced, clock } = ward(place.folder, fakeLog([gatewayRow(1), snapshotRow(2, [{ value: 60 }], { stay: null, bed: null })]), fakeCentral())
    await drain({ pump, clock })
    expect(central.calls).toEqual([])
    expect(advanced).toEqual([2])
    expect(ledger.withheld(SINK, 'e1')).toEqual([{ reason: 'gateway-event', rows: 1, readings: 0 }, { reason: 'no-stay', rows: 1, readings: 1 }])
    ledger.close()
  })

  it('sends the very same bytes again, after a lost answer and after a restart', async () => {
    using place = scratch()
    const log = fakeLog(rows(3))
    const central = fakeCentral(() => 'lost')
    const first = ward(place.folder, log, central)
    await first.pump.step(NEVER)
    await first.pump.step(NEVER)
    first.ledger.close()
    log.rows.push(...rows(9).slice(3))
    const second = ward(place.folder, log, central)
    await second.pump.step(NEVER)
    expect(central.calls).toHaveLength(2)
    const [before, after] = central.calls
    expect(after?.batchId).toBe(before?.batchId)
    expect(Buffer.from(after?.body ?? []).equals(Buffer.from(before?.body ?? [1]))).toBe(true)
    central.plan = () => 'accept'
    second.clock.now += 60_000
    await drain(second)
    expect(valuesAt(central)).toBe(9)
    second.ledger.close()
  })

  it('opens the breaker after five failures, probes after a minute, and goes on when central is back', async () => {
    using place = scratch()
    const { pump, central, clock, ledger, told } = ward(place.folder, fakeLog(rows(3)), fakeCentral(() => 'unavailable'))
    await pump.step(NEVER)
    const waits: number[] = []
    for (let failure = 1; failure <= 5; failure++) {
      await pump.step(NEVER)
      const next = await pump.step(NEVER)
      if (next.kind !== 'wait') throw new Error('it waits')
      waits.push(next.ms)
      clock.now += next.ms
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 60_000])
    expect(told.at(-1)).toMatchObject({ kind: 'behind', why: '503', breaker: 'open', lagRows: 3 })
    expect(ledger.status(SINK)).toMatchObject({ kind: 'behind', breaker: 'open', why: '503' })
    await pump.step(NEVER)
    expect(central.calls).toHaveLength(6)
    expect(await pump.step(NEVER)).toEqual({ kind: 'wait', ms: 60_000 })
    clock.now += 60_000
    central.plan = () => 'accept'
    await pump.step(NEVER)
    expect(pump.status()).toMatchObject({ kind: 'ok', breaker: 'closed', lagRows: 0 })
    ledger.close()
  })

  it('obeys a central that names a time', async () => {
    using place = scratch()
    const { pump, ledger } = ward(place.folder, fakeLog(rows(1)), fakeCentral(() => 'later'))
    await pump.step(NEVER)
    await pump.step(NEVER)
    expect(await pump.step(NEVER)).toEqual({ kind: 'wait', ms: 5_000 })
    ledger.close()
  })

  it('pauses when its token is refused: nothing becomes a dead letter, and it asks again', async () => {
    using place = scratch()
    const { pump, central, clock, ledger } = ward(place.folder, fakeLog(rows(2)), fakeCentral(() => 'pause'))
    for (let step = 0; step < 30; step++) {
      const next = await pump.step(NEVER)
      if (next.kind === 'wait') clock.now += next.ms
    }
    expect(pump.status()).toMatchObject({ kind: 'paused', why: '401', lagRows: 2, deadLetters: 0, breaker: 'closed' })
    expect(central.calls.length).toBeLessThan(20)
    central.plan = () => 'accept'
    clock.now += 60_000
    await drain({ pump, clock })
    expect(pump.status().kind).toBe('ok')
    expect(valuesAt(central)).toBe(2)
    ledger.close()
  })

  it('splits what central finds too large, keeps the keys, and cuts smaller from then on', async () => {
    using place = scratch()
    const log = fakeLog(Array.from({ length: 40 }, (_, index) => snapshotRow(index + 1, [{ value: 60, at: START + index * 60_000 }])))
    const { pump, central, clock, ledger } = ward(place.folder, log, fakeCentral(() => 'accept', 5))
    await drain({ pump, clock })
    expect(central.held.size).toBe(40)
    expect(ledger.cursor(SINK, 'e1')).toBe(40)
    expect(acknowledgedCounts(place.folder).get('monitor-1\u0000MDC_ECG_HEART_RATE')).toBe(40)
    const sizes = central.calls.map((call) => call.events)
    expect(sizes.slice(0, 4)).toEqual([40, 20, 10, 5])
    ledger.close()
  })

  it('makes a dead letter of one event that is too large by itself', async () => {
    using place = scratch()
    const { pump, clock, ledger } = ward(place.folder, fakeLog(rows(1)), fakeCentral(() => 'too-large'))
    await drain({ pump, clock })
    expect(ledger.deadLetters(SINK, 10)).toMatchObject([{ why: expect.stringContaining('too large') }])
    expect(ledger.cursor(SINK, 'e1')).toBe(1)
    ledger.close()
  })

  it('keeps what central rejects with its reason, counts the rest, and sends it again when asked', async () => {
    using place = scratch()
    const log = fakeLog([snapshotRow(1, [{ value: 60 }, { metric: 'MDC_PULS_OXIM_SAT_O2', value: 97 }])])
    const { pump, central, clock, ledger } = ward(place.folder, log, fakeCentral(() => 'reject-first'))
    await drain({ pump, clock })
    const counts = () => Object.fromEntries(acknowledgedCounts(place.folder))
    expect(counts()).toEqual({ 'monitor-1\u0000MDC_PULS_OXIM_SAT_O2': 1 })
    const [letter] = ledger.deadLetters(SINK, 10)
    if (!letter) throw new Error('a letter')
    expect(letter).toMatchObject({ why: 'ANALYTICS_003: out of range', retries: 0, at: START, origin: { metric: 'MDC_ECG_HEART_RATE' } })
    expect(pump.status().deadLetters).toBe(1)

    ledger.askRetry(letter.id)
    await drain({ pump, clock })
    expect(ledger.deadLetters(SINK, 10)).toMatchObject([{ retries: 1, retryAsked: false, event: letter.event }])
    const again = ledger.deadLetters(SINK, 10)[0]
    central.plan = () => 'accept'
    clock.now += 1
    ledger.askRetry(again?.id ?? 0)
    await drain({ pump, clock })
    expect(ledger.deadCount(SINK)).toBe(0)
    expect(central.held.has(JSON.parse(letter.event).key)).toBe(true)
    expect(counts()).toEqual({ 'monitor-1\u0000MDC_PULS_OXIM_SAT_O2': 1, 'monitor-1\u0000MDC_ECG_HEART_RATE': 1 })
    // A retry is a batch of its own: a central that remembers the first answer must not give it again.
    expect(new Set(central.calls.map((call) => call.batchId)).size).toBe(3)
    expect(ledger.cursor(SINK, 'e1')).toBe(1)
    ledger.close()
  })

  it('makes dead letters of a batch that can never be taken, and goes on', async () => {
    using place = scratch()
    const plans: Plan[] = ['dead']
    const { pump, log, central, clock, ledger } = ward(place.folder, fakeLog(rows(2)), fakeCentral(() => plans.shift() ?? 'accept'))
    await drain({ pump, clock })
    log.rows.push(snapshotRow(3, [{ value: 70 }]))
    await drain({ pump, clock })
    expect(ledger.deadLetters(SINK, 10).map((letter) => letter.why)).toEqual(['ANALYTICS_003'])
    expect(valuesAt(central)).toBe(1)
    ledger.close()
  })

  it('stops an event that names somebody, as a dead letter, and sends the rest', async () => {
    using place = scratch()
    const log = fakeLog([alertRow(1, phaseEvent({ alertId: alertId('a1') })), snapshotRow(2, [{ value: 60 }])])
    // A surrogate store that gives out names: the allow-list has failed, the scanner has not.
    const { ledger, central, clock, pump } = ward(place.folder, log, fakeCentral(), { identifiers: () => ['Doe^Jane'] })
    const surrogates = ledger.surrogates.bind(ledger)
    ledger.surrogates = (epoch) => ({ ...surrogates(epoch), of: (kind, id) => (kind === 'alert' ? ('Jane Doe' as ReturnType<ReturnType<typeof surrogates>['of']>) : surrogates(epoch).of(kind, id)) })
    await drain({ pump, clock })
    expect([...central.held.values()].map((event) => event.eventType)).toEqual(['vital-signs'])
    expect(ledger.deadLetters(SINK, 10)).toMatchObject([{ why: 'stopped by the egress scanner: a known identifier at data.alertId' }])
    expect(pump.status().stoppedByScanner).toBe(1)
    const [letter] = ledger.deadLetters(SINK, 10)
    ledger.askRetry(letter?.id ?? 0)
    await drain({ pump, clock })
    expect(central.calls).toHaveLength(1)
    expect(ledger.deadLetters(SINK, 10)).toMatchObject([{ retries: 1, retryAsked: false }])
    ledger.close()
  })

  it('holds one batch of a backlog at a time, however long that is', async () => {
    using place = scratch()
    const backlog = syncLimits.rowsPerBatchMax * 2 + 1
    const { pump, log, central, clock, ledger } = ward(place.folder, fakeLog(rows(backlog)), fakeCentral(() => 'unavailable'))
    await pump.step(NEVER)
    expect(pump.status()).toMatchObject({ kind: 'behind', lagRows: backlog - syncLimits.rowsPerBatchMax })
    const reads = log.reads
    for (let step = 0; step < 20; step++) {
      const next = await pump.step(NEVER)
      if (next.kind === 'wait') clock.now += next.ms
    }
    expect(log.reads).toBe(reads)
    central.plan = () => 'accept'
    clock.now += 60_000
    await drain({ pump, clock })
    expect(central.calls.at(-1)?.events).toBe(1)
    expect(valuesAt(central)).toBe(backlog)
    ledger.close()
  })

  it('bounds a batch by its readings too', async () => {
    using place = scratch()
    const wide = Array.from({ length: 2_000 }, (_, index) => ({ value: index % 200, at: START + index * 1_000 }))
    const log = fakeLog(Array.from({ length: 600 }, (_, index) => snapshotRow(index + 1, wide.slice(0, 200))))
    const { pump, clock, central, ledger } = ward(place.folder, log, fakeCentral())
    await pump.step(NEVER)
    expect(ledger.pending(SINK)?.seqTo).toBe(syncLimits.rowsPerReadMax)
    await drain({ pump, clock })
    expect(valuesAt(central)).toBe(600 * 200)
    ledger.close()
  })

  it('begins at 0 in a new epoch, after it has sent what was cut of the old one', async () => {
    using place = scratch()
    const central = fakeCentral(() => 'unavailable')
    const first = ward(place.folder, fakeLog(rows(2)), central)
    await first.pump.step(NEVER)
    first.ledger.close()
    central.plan = () => 'accept'
    const second = ward(place.folder, fakeLog(rows(3), 'e2'), central)
    await drain(second)
    expect([...central.held.keys()].map((key) => key.split('/')[1])).toEqual(['e1', 'e2'])
    expect(second.advanced).toEqual([0, 3])
    expect(second.ledger.cursor(SINK, 'e1')).toBe(2)
    expect(second.ledger.cursor(SINK, 'e2')).toBe(3)
    second.ledger.close()
  })

  it('keeps nothing of a cut that failed half way: no surrogate, no count, no dead letter', async () => {
    using place = scratch()
    const { pump, ledger, clock, central } = ward(place.folder, fakeLog([gatewayRow(1), snapshotRow(2, [{ value: 60 }])]), fakeCentral())
    const keep = ledger.keep.bind(ledger)
    let drawn = ''
    ledger.keep = () => {
      drawn = ledger.surrogates('e1').of('stay', 'stay-1')
      throw new Error('the disk is full')
    }
    await expect(pump.step(NEVER)).rejects.toThrow('the disk is full')
    expect(ledger.withheld(SINK, 'e1')).toEqual([])
    ledger.keep = keep
    await drain({ pump, clock })
    expect(central.held.size).toBe(1)
    expect([...central.held.values()][0]?.partitionKey).not.toBe(drawn)
    expect(ledger.withheld(SINK, 'e1')).toEqual([{ reason: 'gateway-event', rows: 1, readings: 0 }])
    ledger.close()
  })

  it('refuses a log that runs backwards', async () => {
    using place = scratch()
    const log = fakeLog(rows(3))
    const { pump, ledger } = ward(place.folder, { ...log, read: () => [rows(3)[0] ?? gatewayRow(1)] }, fakeCentral())
    ledger.advance(SINK, 'e1', 2)
    await expect(pump.step(NEVER)).rejects.toThrow(/went back/)
    ledger.close()
  })
})

describe('the running pump', () => {
  it('sends new rows within a second of clock time without being told, and at once when woken; stops when told', async () => {
    using place = scratch()
    const stop = new AbortController()
    const log = fakeLog()
    const { pump, central, clock, ledger } = ward(place.folder, log, fakeCentral())
    let woken: AbortSignal | null = null
    const sleep = clock.sleep.bind(clock)
    clock.sleep = async (ms, signal) => {
      if (ms === syncLimits.pollMs && log.rows.length === 0) log.rows.push(snapshotRow(1, [{ value: 60 }]))
      else if (ms === syncLimits.pollMs && log.rows.length === 1) {
        woken = signal
        log.rows.push(snapshotRow(2, [{ value: 60 }]))
        pump.wake()
        expect(signal.aborted).toBe(true)
        return
      } else if (ms === syncLimits.pollMs) stop.abort()
      await sleep(ms, signal)
    }
    await pump.run(stop.signal)
    expect(woken).not.toBeNull()
    expect(central.calls).toHaveLength(2)
    expect(clock.now).toBeLessThanOrEqual(2 * (syncLimits.pollMs + syncLimits.lingerMs))
    ledger.close()
  })

  it('does not call it a failure of central when it is stopped in mid-call', async () => {
    using place = scratch()
    const stop = new AbortController()
    const sink: Sink = {
      id: SINK,
      send: async () => {
        stop.abort()
        return { kind: 'retry', why: 'stopped', afterMs: null }
      },
    }
    const { pump, ledger } = ward(place.folder, fakeLog(rows(1)), fakeCentral(), { sink })
    await pump.run(stop.signal)
    expect(pump.status().why).toBe('')
    expect(ledger.pending(SINK)).not.toBeNull()
    ledger.close()
  })
})

/** What may happen to one send; `crash-before` and `crash-after` end the process around it. */
const outcome = fc.constantFrom<Plan | 'crash-before' | 'crash-after'>('accept', 'accept', 'accept', 'lost', 'unavailable', 'later', 'duplicate-answer', 'too-large', 'crash-before', 'crash-after')

const logged = fc.record({
  stay: fc.constantFrom('s1', 's2', 's3', null),
  values: fc.array(fc.record({ value: fc.option(fc.integer({ min: 0, max: 200 })), at: fc.integer({ min: 0, max: 200_000 }), channel: fc.constantFrom('', 'x') }), { minLength: 1, maxLength: 4 }),
  isAlert: fc.boolean(),
})

it('Whatever is lost, repeated or restarted, central holds each value once, in the order of the log, and the counts agree.', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(logged, { minLength: 1, maxLength: 25 }), fc.array(outcome, { maxLength: 25 }), fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 25 }), async (entries, outcomes, arrivals) => {
      using place = scratch()
      const all = entries.map(({ stay, values, isAlert }, index) =>
        isAlert
          ? alertRow(index + 1, phaseEvent({ alertId: alertId(`a${index}`) }))
          : snapshotRow(index + 1, values.map(({ value, at, channel }) => ({ value, at: START + at, channel })), { device: `m-${stay ?? 'none'}`, stay, bed: stay === null ? null : 'b' }))
      const log = fakeLog()
      const central = fakeCentral()
      const bytes = new Map<string, string>()
      const order: string[] = []
      const plans = [...outcomes]
      const sink: Sink = {
        id: SINK,
        async send(batch: SinkBatch, stop) {
          const text = Buffer.from(batch.body).toString('utf8')
          expect(bytes.get(batch.batchId) ?? text).toBe(text)
          bytes.set(batch.batchId, text)
          const plan = plans.shift() ?? 'accept'
          if (plan === 'crash-before') throw new Crash()
          central.plan = () => (plan === 'crash-after' ? 'accept' : plan === 'too-large' && batch.events < 2 ? 'accept' : plan)
          const before = new Set(central.held.keys())
          const answer = await central.sink.send(batch, stop)
          order.push(...[...central.held.keys()].filter((key) => !before.has(key)))
          if (plan === 'crash-after') throw new Crash()
          return answer
        },
      }
      let now = ward(place.folder, log, central, { sink })
      const arriving = [...arrivals]
      for (let step = 0; ; step++) {
        if (log.rows.length < all.length) log.rows.push(...all.slice(log.rows.length, log.rows.length + (arriving.shift() ?? all.length)))
        try {
          const next = await now.pump.step(NEVER)
          if (next.kind === 'wait') now.clock.now += next.ms
          if (next.kind === 'idle' && log.rows.length === all.length) break
        } catch (reason) {
          if (!(reason instanceof Crash)) throw reason
          now.ledger.close()
          now = ward(place.folder, log, central, { sink })
        }
        expect(step).toBeLessThan(500)
      }
      expect(now.ledger.cursor(SINK, 'e1')).toBe(all.length)
      expect(now.ledger.deadCount(SINK)).toBe(0)

      // No loss, no double: value by value.
      const wanted = new Map<string, number>()
      let alerts = 0
      for (const row of all) {
        if (row.kind === 'event') alerts++
        else if (row.snapshot.stay !== null) for (const { measurement, correctedAt } of row.snapshot.observations) {
          const name = `${now.ledger.surrogates('e1').of('stay', row.snapshot.stay)} ${correctedAt} ${measurement.kind === 'measured' ? measurement.value : 'absent'}`
          wanted.set(name, (wanted.get(name) ?? 0) + 1)
        }
      }
      const held = new Map<string, number>()
      for (const event of central.held.values()) {
        event.data.v?.forEach((value, index) => {
          const name = `${event.partitionKey} ${Date.parse(event.timestamp) + (event.data.t?.[index] ?? 0)} ${value ?? 'absent'}`
          held.set(name, (held.get(name) ?? 0) + 1)
        })
      }
      expect(held).toEqual(wanted)
      expect([...central.held.values()].filter((event) => event.eventType === 'alerts')).toHaveLength(alerts)

      // In order, for each subject.
      const lastOf = new Map<string, number>()
      for (const key of order) {
        const [, , subject = '', , seqs = ''] = key.split('/')
        const first = Number(seqs.split('-')[0])
        expect(first).toBeGreaterThanOrEqual(lastOf.get(subject) ?? 0)
        lastOf.set(subject, first)
      }

      const measured = new Map<string, number>()
      for (const row of all) {
        if (row.kind !== 'snapshot' || row.snapshot.stay === null) continue
        const name = `${row.snapshot.device}\u0000MDC_ECG_HEART_RATE`
        const count = row.snapshot.observations.filter((observation) => observation.measurement.kind === 'measured').length
        measured.set(name, (measured.get(name) ?? 0) + count)
      }
      for (const [name, count] of measured) expect(acknowledgedCounts(place.folder).get(name) ?? 0).toBe(count)
      now.ledger.close()
    }),
    { numRuns: 50 },
  )
})
