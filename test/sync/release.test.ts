import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBatch } from '../../simulators/central/ingest.ts'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { releaseLimits, syncLimits } from '../../src/limits.ts'
import { acknowledgedCounts } from '../../src/store/sync-ledger.ts'
import { heartRate, tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'
import { Crash, type FakeCentral, type Plan, bodyOf, fakeCentral, scratch } from './fakes.ts'
import { HOUR_MS, type Lain, SINK, START, openWard, recordOf, runUntil, wardClock, write } from './release-ward.ts'

const DAY_MIN = 24 * 60
const many = (count: number, over: (index: number) => Partial<Lain> = () => ({})): readonly Lain[] =>
  Array.from({ length: count }, (_, index) => ({ id: `stay-${index}`, from: index * 3, to: index * 3 + 20 + index, bed: `bed-${index % 4}`, device: `monitor-${index % 4}`, ...over(index) }))

type Sent = { readonly eventType: string; readonly partitionKey?: string; readonly patientId?: string; readonly streamId?: string; readonly timestamp?: string; readonly key: string; readonly data?: { readonly t?: readonly number[]; readonly v?: readonly (number | null)[] }; readonly metadata?: { readonly timestamp: string; readonly details: Readonly<Record<string, unknown>> } }
const sentTo = (central: FakeCentral): readonly Sent[] => [...central.held.values()]
const bodies = (central: FakeCentral) => central.calls.map(({ body }) => bodyOf(body))
const ofType = (central: FakeCentral, type: string): readonly Sent[] => sentTo(central).filter(({ eventType }) => eventType === type)
const valuesIn = (events: readonly Sent[]): number => events.reduce((sum, { data }) => sum + (data?.v?.length ?? 0), 0)
const textOf = (central: FakeCentral): string => central.calls.map(({ body }) => new TextDecoder().decode(body)).join('\n')

describe('the release lane', () => {
  it('sends nothing of a stay before it has ended and its delay is over, and all of it afterwards', async () => {
    using place = scratch()
    write(place.folder, [{ id: 'stay-0', from: 0, to: 30 }, { id: 'stay-1', from: 0, to: null, bed: 'bed-2', device: 'monitor-2' }])
    const ward = openWard(place.folder, wardClock())
    await runUntil(ward, 30 + 59)
    expect(ward.central.calls).toEqual([])
    await runUntil(ward, 30 + 25 * 60 + 1)
    const visits = ofType(ward.central, 'visit')
    expect(visits.map(({ metadata }) => metadata?.details['minutes'])).toEqual([30])
    const [subject] = visits.map(({ patientId }) => patientId)
    expect(new Set(sentTo(ward.central).map(({ partitionKey, patientId }) => partitionKey ?? patientId))).toEqual(new Set([subject]))
    // A heart rate each minute and twelve values each minute, of which the heart rate is one.
    expect(valuesIn(ofType(ward.central, 'vital-signs'))).toBe(30 * 13)
    expect([ofType(ward.central, 'alerts').length, ofType(ward.central, 'gaps').length]).toEqual([1, 1])
    expect([...acknowledgedCounts(place.folder).values()].reduce((sum, count) => sum + count, 0)).toBe(30 * 13)
    ward.close()
  })

  it('shows every stay from the first instant of its year, in whole seconds, with its intervals as they were', async () => {
    using place = scratch()
    write(place.folder, [{ id: 'stay-0', from: 5, to: 15 }])
    const ward = openWard(place.folder, wardClock())
    await runUntil(ward, 2 * DAY_MIN)
    const year = Date.UTC(2026, 0, 1)
    const times = ofType(ward.central, 'vital-signs').flatMap(({ timestamp, data }) => (data?.t ?? []).map((t) => Date.parse(timestamp ?? '') + t))
    expect(new Set(times)).toEqual(new Set(Array.from({ length: 10 }, (_, minute) => [year + minute * 60_000, year + minute * 60_000 + 20_000]).flat()))
    expect(ofType(ward.central, 'visit')[0]?.metadata?.timestamp).toBe('2026-01-01T00:00:00.000Z')
    expect(ofType(ward.central, 'alerts')[0]?.timestamp).toBe('2026-01-01T00:01:00.000Z')
    ward.close()
  })

  it('names lane, method and a key epoch of its own, and nothing of the log, the ward or the time of the cut', async () => {
    using place = scratch()
    write(place.folder, many(5))
    const ward = openWard(place.folder, wardClock())
    await runUntil(ward, 2 * DAY_MIN)
    for (const { metadata } of bodies(ward.central)) {
      expect(Object.keys(metadata).toSorted()).toEqual(
        ['gatewayId', 'historical', 'keyEpoch', 'lane', 'method', 'organizationId', 'schemaVersion', 'sha256', 'size', 'source', 'stays', 'timestamp'],
      )
      expect(metadata).toMatchObject({ timestamp: '2026-01-01T00:00:00.000Z', lane: 'release', method: 'safe-harbor', historical: true })
      for (const name of ['organizationId', 'gatewayId', 'keyEpoch']) expect(metadata[name]).toMatch(/^[0-9a-f]{32}$/)
    }
    const text = textOf(ward.central)
    for (const secret of ['"gw"', 'org"', 'stay-', 'bed-', 'monitor-', 'Doe', 'MRN-', ward.log.epoch, 'alert-stay', '2026-01-15']) expect(text).not.toContain(secret)
    ward.close()
  })

  it('draws all that stands for something anew for each release, and for each stay', async () => {
    using place = scratch()
    // One after the other in one bed, on one monitor.
    write(place.folder, many(6, (index) => ({ from: index * 30, to: index * 30 + 20, bed: 'bed-1', device: 'monitor-1' })))
    const ward = openWard(place.folder, wardClock())
    await runUntil(ward, 3 * DAY_MIN)
    const releases = new Map(bodies(ward.central).map(({ metadata }) => [metadata['keyEpoch'], metadata]))
    expect(releases.size).toBeGreaterThan(1)
    expect(new Set([...releases.values()].flatMap(({ organizationId, gatewayId }) => [organizationId, gatewayId])).size).toBe(2 * releases.size)
    const streams = new Map<string, Set<string>>()
    for (const { streamId = '', partitionKey = '' } of ofType(ward.central, 'vital-signs')) streams.set(streamId, (streams.get(streamId) ?? new Set()).add(partitionKey))
    expect(streams.size).toBe(6)
    expect([...streams.values()].every((subjects) => subjects.size === 1)).toBe(true)
    // Nothing that could join it to a stay is left on the ward either.
    expect(ward.ledger.releases.stays(SINK).map(({ state, told }) => [state, told])).toEqual(Array.from({ length: 6 }, () => ['released', '']))
    expect(ward.ledger.releases.surrogateOf(String([...releases.keys()][0]), 'stay', 'stay-0')).not.toBe(sentTo(ward.central)[0]?.partitionKey)
    ward.close()
  })

  it('waits until several may leave together, and no longer than it is told to', async () => {
    using place = scratch()
    write(place.folder, many(3))
    const ward = openWard(place.folder, wardClock(), { settings: { staysMin: 4, gatherMs: 60 * HOUR_MS } })
    await runUntil(ward, 27 * 60)
    expect(ward.central.calls).toEqual([])
    await runUntil(ward, 90 * 60)
    expect(new Set(bodies(ward.central).map(({ metadata }) => metadata['stays']))).toEqual(new Set([3]))
    ward.close()
  })

  it('mixes the stays of a release, in no order that tells anything', async () => {
    using place = scratch()
    write(place.folder, many(5))
    const ward = openWard(place.folder, wardClock(), { settings: { staysMin: 5, gatherMs: 240 * HOUR_MS } })
    await runUntil(ward, 30 * 60)
    const [body] = bodies(ward.central)
    const subjects = (body?.events ?? []).map(({ partitionKey }) => partitionKey)
    const changes = subjects.filter((subject, place) => place > 0 && subject !== subjects[place - 1]).length
    expect(changes).toBeGreaterThan(subjects.length / 2)
    const times = (body?.events ?? []).map(({ timestamp }) => timestamp)
    expect(times).not.toEqual(times.toSorted())
    ward.close()
  })

  it('is taken by the reference central, every event of it', async () => {
    using place = scratch()
    write(place.folder, many(3))
    const ward = openWard(place.folder, wardClock(), { settings: { fields: [{ fields: ['care'], method: 'mask', preserveFormat: true, ttl: null }], values: { 'bed-0': { care: 'HDU' } } } })
    await runUntil(ward, 2 * DAY_MIN)
    expect(ward.central.calls.length).toBeGreaterThan(0)
    for (const { body } of ward.central.calls) {
      const read = readBatch(JSON.parse(Buffer.from(body).toString('utf8')), body.length, () => false)
      expect(read).toMatchObject({ kind: 'batch', batch: { rejected: [], repeatedWithin: 0, through: null } })
    }
    ward.close()
  })

  it('holds what retention may delete until its stays have left, and lets a stay that does not end hold it for a while only', async () => {
    using place = scratch()
    write(place.folder, [{ id: 'stay-0', from: 0, to: 20 }, { id: 'stay-1', from: 30, to: null, bed: 'bed-2', device: 'monitor-2' }, { id: 'stay-2', from: 60, to: 80 }])
    const ward = openWard(place.folder, wardClock(), { settings: { delayFromMs: 2 * HOUR_MS, delayToMs: 2 * HOUR_MS } })
    const last = ward.log.lastSeq()
    await runUntil(ward, 90)
    expect(ward.advanced.at(-1)).toBe(0)
    await runUntil(ward, 5 * 60)
    // What is out: the first stay, and nothing from the minute on in which the one began that lasts.
    const held = ward.advanced.at(-1) ?? 0
    expect(held).toBeGreaterThan(0)
    expect(held).toBeLessThan(last)
    await runUntil(ward, (releaseLimits.stayHoldDaysMax + 1) * DAY_MIN, 6 * HOUR_MS)
    expect(ward.advanced.at(-1)).toBe(last)
    expect(ofType(ward.central, 'visit')).toHaveLength(2)
    ward.close()
  })

  it('never sends what comes of a stay after its release, and counts it', async () => {
    using place = scratch()
    write(place.folder, [{ id: 'stay-0', from: 0, to: 20 }])
    const clock = wardClock()
    const central = fakeCentral()
    const first = openWard(place.folder, clock, { central, settings: { delayToMs: HOUR_MS } })
    await runUntil(first, 2 * 60)
    first.close()
    const events = central.held.size
    expect(events).toBeGreaterThan(0)
    {
      using open = writing(place.folder)
      open.write(tick({ stays: [recordOf({ id: 'stay-0', from: 0, to: null })] }))
      open.write(tick({ snapshots: [1, 2, 3].map((value) => heartRate(value, { stay: 'stay-0', receivedAt: START + 121 * 60_000 + value })) }))
      open.write(tick({ stays: [recordOf({ id: 'stay-0', from: 0, to: 140 })] }))
    }
    const again = openWard(place.folder, clock, { central, seed: 2, settings: { delayToMs: HOUR_MS } })
    await runUntil(again, 3 * DAY_MIN)
    expect(central.held.size).toBe(events)
    expect(again.ledger.withheld(SINK, again.log.epoch)).toContainEqual({ reason: 'after-release', rows: 3, readings: 3 })
    again.close()
  })

  it('sends rows that were put right before the release as they are right, and not as they were', async () => {
    using place = scratch()
    write(place.folder, [{ id: 'stay-0', from: 0, to: 20 }, { id: 'stay-1', from: 0, to: 20, bed: 'bed-2', device: 'monitor-2' }])
    {
      using open = writing(place.folder)
      // From the tenth minute on, the patient of the other bed lay in the first one.
      open.write(tick({
        reissues: [{
          learnedAt: wallMs(START + 21 * 60_000), of: { bed: bedId('bed-1') }, from: wallMs(START + 10 * 60_000), to: wallMs(START + 20 * 60_000),
          devices: [deviceId('monitor-1')], bed: bedId('bed-1'), stay: stayId('stay-1'),
        }],
      }))
      while (open.writer.reissue() !== 'nothing');
    }
    const ward = openWard(place.folder, wardClock())
    await runUntil(ward, 2 * DAY_MIN)
    const [one, other] = [...Map.groupBy(ofType(ward.central, 'vital-signs'), ({ partitionKey }) => partitionKey).values()].map(valuesIn).toSorted((a, b) => a - b)
    expect([one, other]).toEqual([10 * 13, 30 * 13])
    expect(ward.ledger.withheld(SINK, ward.log.epoch)).toContainEqual({ reason: 'superseded', rows: 20, readings: 10 * 13 })
    ward.close()
  })

  it('never releases a stay a second time after its ledger was lost', async () => {
    using place = scratch()
    write(place.folder, [{ id: 'stay-0', from: 0, to: 20 }])
    const ward = openWard(place.folder, wardClock())
    const log = { ...ward.log, epochs: [{ epoch: ward.log.epoch, firstSeq: ward.log.lastSeq() + 1, why: 'ledger-lost' as const }] }
    const other = openWard(place.folder, wardClock(), { over: { log } })
    await runUntil(other, 2 * DAY_MIN)
    expect(other.central.calls.length).toBe(0)
    expect(other.ledger.releases.states(SINK)).toEqual({ released: 1 })
    other.close()
    ward.close()
  })

  it('moves a stay back by days that are drawn for it, where dates are shifted: the time of day stays', async () => {
    using place = scratch()
    write(place.folder, many(4))
    const ward = openWard(place.folder, wardClock(), { settings: { method: 'date-shift' } })
    await runUntil(ward, 2 * DAY_MIN)
    expect(new Set(bodies(ward.central).map(({ metadata }) => metadata['method']))).toEqual(new Set(['date-shift']))
    const visits = ofType(ward.central, 'visit').map(({ metadata }) => ({ at: Date.parse(metadata?.timestamp ?? ''), minutes: Number(metadata?.details['minutes']) }))
    const shifts = visits.map(({ at, minutes }) => (START + (minutes - 20) * 3 * 60_000 - at) / (DAY_MIN * 60_000))
    expect(shifts.every((days) => Number.isInteger(days) && days >= 1 && days <= releaseLimits.shiftDaysMax)).toBe(true)
    expect(new Set(shifts).size).toBeGreaterThan(1)
    // The same for all that is of one stay.
    const days = new Map<string, Set<string>>()
    for (const { partitionKey = '', timestamp = '' } of ofType(ward.central, 'vital-signs')) days.set(partitionKey, (days.get(partitionKey) ?? new Set()).add(timestamp.slice(0, 10)))
    expect([...days.values()].map((of) => of.size)).toEqual([1, 1, 1, 1])
    ward.close()
  })

  it('tells age, sex and the fields of the site where five stays of the release share them, and of none else', async () => {
    using place = scratch()
    const all = many(11, (index) => ({ mrn: `MRN-${index}`, bed: index < 6 ? 'bed-1' : 'bed-2', device: index < 6 ? 'monitor-1' : 'monitor-2' }))
    write(place.folder, all)
    {
      using open = writing(place.folder)
      open.write(tick({
        facts: all.map(({ mrn = '' }, index) => ({
          id: index + 1, learnedAt: START, effectiveAt: START, source: 'adt', by: 'his',
          body: { kind: 'described', patient: { mrn, name: null, bornOn: index < 6 ? '1920-03-04' : '1990-05-06', sex: index < 6 ? 'F' : 'M' }, visit: null },
        })),
      }))
    }
    const fields = [{ fields: ['care'], method: 'mask', preserveFormat: true, ttl: null }, { fields: ['bed'], method: 'tokenize', preserveFormat: false, ttl: 3_600 }] as const
    const values = { 'bed-1': { care: 'ICU', bed: '1', phone: '555-0815' }, 'bed-2': { care: 'HDU', bed: '2' } }
    const ward = openWard(place.folder, wardClock(), { settings: { staysMin: 11, gatherMs: 240 * HOUR_MS, fields, values } })
    await runUntil(ward, 30 * 60)
    const told = ofType(ward.central, 'visit').map(({ metadata }) => metadata?.details)
    const token = expect.stringMatching(/^\d{16}$/)
    expect(told.filter((of) => of?.['ageBand'] === '90+')).toMatchObject(Array.from({ length: 6 }, () => ({ sex: 'F', ageGroup: 'adult', site: [{ name: 'care', value: 'AAA' }, { name: 'bed', value: token }] })))
    expect(told.filter((of) => of?.['ageBand'] === '30-39')).toMatchObject(Array.from({ length: 5 }, () => ({ sex: 'M', ageGroup: 'adult', site: [{ name: 'care', value: 'AAA' }, { name: 'bed', value: token }] })))
    expect(['1920-', '555-0815', 'ICU', 'HDU', 'phone'].filter((secret) => textOf(ward.central).includes(secret))).toEqual([])
    ward.close()

    using other = scratch()
    write(other.folder, all.slice(2, 6))
    const few = openWard(other.folder, wardClock(), { settings: { fields, values } })
    await runUntil(few, 30 * 60)
    expect(ofType(few.central, 'visit').map(({ metadata }) => metadata?.details)).toMatchObject(Array.from({ length: 4 }, () => ({ ageBand: 'none', ageGroup: 'none', sex: 'none', site: [] })))
    few.close()
  })

  it('tells nothing of one person who lay there five times', async () => {
    using place = scratch()
    const all = many(5, () => ({ mrn: 'MRN-1' }))
    write(place.folder, all)
    {
      using open = writing(place.folder)
      open.write(tick({ facts: [{ id: 1, learnedAt: START, effectiveAt: START, source: 'adt', by: 'his', body: { kind: 'described', patient: { mrn: 'MRN-1', name: null, bornOn: '1960-03-04', sex: 'F' }, visit: null } }] }))
    }
    const ward = openWard(place.folder, wardClock(), { settings: { staysMin: 5, gatherMs: 240 * HOUR_MS } })
    await runUntil(ward, 30 * 60)
    expect(ofType(ward.central, 'visit').map(({ metadata }) => metadata?.details)).toMatchObject(Array.from({ length: 5 }, () => ({ ageBand: 'none', ageGroup: 'none', sex: 'none' })))
    ward.close()
  })

  it('never releases a stay that began before a copy or a backup was made: the other box, or this one, may have released it', async () => {
    for (const why of ['cloned', 'restored'] as const) {
      using place = scratch()
      write(place.folder, [{ id: 'stay-0', from: 0, to: 20 }])
      const ward = openWard(place.folder, wardClock())
      // Made in the tenth minute, when the stay was open.
      const log = { ...ward.log, epochs: [{ epoch: 'before', firstSeq: 1, why: 'created' as const }, { epoch: ward.log.epoch, firstSeq: 20, why }] }
      const other = openWard(place.folder, wardClock(), { over: { log } })
      await runUntil(other, 2 * DAY_MIN)
      expect([why, other.central.calls.length]).toEqual([why, 0])
      expect(other.ledger.releases.states(SINK)).toEqual({ released: 1 })
      other.close()
      ward.close()
    }
  })

  it('lets so many stays leave together and no more, the others with the next', async () => {
    using place = scratch()
    write(place.folder, many(releaseLimits.staysPerReleaseMax + 1, (index) => ({ from: index, to: index + 1 })))
    const ward = openWard(place.folder, wardClock(), { settings: { staysMin: releaseLimits.staysPerReleaseMax, gatherMs: 50 * HOUR_MS, delayToMs: HOUR_MS } })
    await runUntil(ward, 4 * DAY_MIN, 3_600_000)
    expect([...new Map(bodies(ward.central).map(({ metadata }) => [metadata['keyEpoch'], metadata['stays']])).values()]).toEqual([releaseLimits.staysPerReleaseMax, 1])
    ward.close()
  })

  it('splits a batch that central finds too large, with the keys and the words about it as they were', async () => {
    using place = scratch()
    write(place.folder, many(2))
    const ward = openWard(place.folder, wardClock(), { central: fakeCentral(() => 'accept', 100) })
    await runUntil(ward, 2 * DAY_MIN)
    const accepted = bodies(ward.central).filter(({ events }) => events.length <= 100)
    expect(new Set(accepted.flatMap(({ events }) => events.map(({ key }) => key))).size).toBe(ward.central.held.size)
    expect(ward.central.held.size).toBeGreaterThan(100)
    expect(bodies(ward.central).every(({ metadata }) => metadata['lane'] === 'release' && metadata['seqFrom'] === undefined)).toBe(true)
    ward.close()
  })

  it('sends dead letters again under another key epoch, and with the keys that they had', async () => {
    using place = scratch()
    write(place.folder, [{ id: 'stay-0', from: 0, to: 20 }])
    let plan: Plan = 'dead'
    const central = fakeCentral(() => plan)
    const ward = openWard(place.folder, wardClock(), { central })
    await runUntil(ward, 2 * DAY_MIN)
    const letters = ward.ledger.deadLetters(SINK, 1_000)
    expect(letters.length).toBeGreaterThan(10)
    plan = 'accept'
    for (const { id } of letters) ward.ledger.askRetry(id)
    await runUntil(ward, 2 * DAY_MIN + 10)
    expect(central.held.size).toBe(letters.length)
    const [first, last] = [bodies(central)[0], bodies(central).at(-1)]
    expect(last?.metadata['keyEpoch']).not.toBe(first?.metadata['keyEpoch'])
    expect(first?.events.map(({ key }) => key)).toContain(last?.events[0]?.key)
    ward.close()
  })
})

describe('whatever central and the machine do', () => {
  it('each value of each stay that ended is held once, and each stay is one subject', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000 }), fc.array(fc.constantFrom<Plan | 'crash'>('accept', 'lost', 'unavailable', 'duplicate-answer', 'too-large', 'crash'), { maxLength: 25 }), async (seed, plans) => {
        using place = scratch()
        write(place.folder, many(4))
        const clock = wardClock()
        let turn = 0
        const central = fakeCentral(() => {
          const plan = plans[turn++] ?? 'accept'
          if (plan === 'crash') throw new Crash('the power goes')
          return plan
        })
        const sizes = { settings: { staysMin: 2, gatherMs: 24 * HOUR_MS } }
        for (let life = 0; life < 30; life++) {
          const ward = openWard(place.folder, clock, { central, seed: seed + life, ...sizes })
          try {
            await runUntil(ward, 3 * DAY_MIN, 20 * 60_000)
            expect(ward.ledger.releases.states(SINK)).toEqual({ released: 4 })
            expect(ward.ledger.deadCount(SINK)).toBe(0)
            break
          } catch (error) {
            if (!(error instanceof Crash)) throw error
          } finally {
            ward.close()
          }
        }
        const visits = ofType(central, 'visit')
        expect(visits.map(({ metadata }) => metadata?.details['minutes']).toSorted((a, b) => Number(a) - Number(b))).toEqual([20, 21, 22, 23])
        for (const { patientId, metadata } of visits) {
          const values = valuesIn(ofType(central, 'vital-signs').filter(({ partitionKey }) => partitionKey === patientId))
          expect(values).toBe(Number(metadata?.details['minutes']) * 13)
        }
      }),
      { numRuns: 6 },
    )
  })

  it('a stay longer than any batch leaves in several, within the bounds of a batch', async () => {
    using place = scratch()
    write(place.folder, [{ id: 'stay-0', from: 0, to: 2_600 }])
    const ward = openWard(place.folder, wardClock())
    await runUntil(ward, 2_600 + 2 * DAY_MIN)
    expect(ward.central.calls.length).toBeGreaterThan(1)
    expect(ward.central.calls.every(({ events }) => events <= syncLimits.eventsPerBatchMax)).toBe(true)
    expect(valuesIn(ofType(ward.central, 'vital-signs'))).toBe(2_600 * 13)
    ward.close()
  })
})
