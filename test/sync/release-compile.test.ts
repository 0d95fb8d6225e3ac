import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alertId, bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { METRICS } from '../../src/domain/metrics.ts'
import { isSurrogate } from '../../src/domain/batch.ts'
import { wallMs } from '../../src/domain/time.ts'
import { UNWATCHED } from '../../src/domain/watch.ts'
import { WATCHED } from '../../src/rules/armed.ts'
import type { LoggedRow } from '../../src/seams.ts'
import { VOCABULARY, isCondition, isVersion } from '../../src/sync/anonymise-vocabulary.ts'
import { NOBODY } from '../../src/sync/release-classes.ts'
import { type Released, compileRelease, visitOf } from '../../src/sync/release-compile.ts'
import { RELEASE_FIELDS, RELEASE_WORDS, clear } from '../../src/sync/release-schema.ts'
import { type ReleaseMethod, shownAt } from '../../src/sync/release-time.ts'
import { START, alertRow, gatewayRow, phaseEvent, snapshotRow } from './fakes.ts'
import { seeded } from './release-ward.ts'

const STAY = 'stay-1'

function of(method: ReleaseMethod = 'safe-harbor', openedAt = START) {
  const { mint } = seeded(7)
  const known = new Map<string, ReturnType<typeof mint>>()
  const surrogateOf = (kind: string, name: string): ReturnType<typeof mint> => {
    const found = known.get(`${kind}/${name}`) ?? mint()
    known.set(`${kind}/${name}`, found)
    return found
  }
  return { stay: STAY, openedAt, closedAt: wallMs(openedAt + 3_600_000), shiftDays: 10, told: NOBODY, method, mint, surrogateOf }
}

/** Every text in it, names of fields too. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, field]) => [...(Array.isArray(value) ? [] : [name]), ...textsOf(field)])
}
const isProven = (text: string): boolean =>
  isSurrogate(text) || RELEASE_FIELDS.has(text) || RELEASE_WORDS.has(text) || VOCABULARY.has(text) || isCondition(text) || isVersion(text) ||
  /^\d{4}-01-\d{2}T\d{2}:\d{2}:\d{2}\.000Z$/.test(text)

describe('what is compiled for release', () => {
  it('holds no text but words of the vocabulary, surrogates and relative times, whatever stands in the rows', () => {
    const name = fc.oneof(fc.constantFrom('Doe^Jane', '4711-0815', 'SN.77', 'ICU/bed-7', 'limit', 'spo2'), fc.string({ minLength: 1, maxLength: 30 }))
    const idText = fc.stringMatching(/^[a-z][a-z0-9./-]{0,20}$/)
    const anyRow: fc.Arbitrary<(seq: number) => LoggedRow> = fc.oneof(
      fc.tuple(idText, name, fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.constantFrom(...METRICS), fc.integer({ min: -5_000, max: 3_000_000 })).map(([device, channel, value, metric, after]) =>
        (seq: number) => snapshotRow(seq, [{ value, metric: metric.id, channel: channel.slice(0, 20), at: START + after }, { value: null, metric: metric.id }], { device, stay: STAY })),
      fc.record({ alert: idText, device: idText, text: name, condition: name, rule: name, version: name, input: name, value: fc.oneof(name, fc.double({ noNaN: true })), unit: name, limit: name, by: name, missing: name }).map((of) =>
        (seq: number) => alertRow(seq, phaseEvent({
          alertId: alertId(of.alert), device: deviceId(of.device), stay: stayId(STAY), text: of.text, condition: of.condition,
          because: { rule: of.rule, version: of.version, inputs: [{ name: of.input, value: of.value, unit: of.unit, at: START }], limit: { text: of.limit, setBy: of.by }, missing: [of.missing] },
        }))),
      fc.tuple(fc.oneof(fc.constantFrom(...WATCHED), name), fc.constantFrom('armed' as const, ...UNWATCHED), idText).map(([rule, state, bed]) => (seq: number): LoggedRow => ({
        kind: 'event', seq,
        stored: { at: START, kind: 'watch', changes: [{ bed: bedId(bed), stay: stayId(STAY), rule, from: START, state }], subject: { bed: bedId(bed), stay: stayId(STAY), device: null } },
      })),
      fc.constant(gatewayRow),
    )
    fc.assert(fc.property(fc.array(anyRow, { maxLength: 12 }), (makers) => {
      const { events } = compileRelease(makers.map((make, seq) => make(seq + 1)), of())
      for (const { event } of events) expect(textsOf(JSON.parse(JSON.stringify(event))).filter((text) => !isProven(text))).toEqual([])
    }), { numRuns: 300 })
  })

  const eventsOf = (events: readonly Released[]): readonly { readonly eventType: string; readonly timestamp?: string; readonly data?: { readonly t?: unknown; readonly v?: unknown; readonly q?: unknown } }[] =>
    events.map(({ event }) => JSON.parse(JSON.stringify(event)))

  it('has one event for each metric and minute, in the order of time', () => {
    const rows = [
      snapshotRow(1, [{ value: 61, at: START + 61_999 }]), snapshotRow(2, [{ value: 60, at: START + 1_400 }]), snapshotRow(3, [{ value: 62, at: START + 60_001 }]),
      snapshotRow(4, [{ value: null, at: START + 30_000, flags: ['demo'] }]),
    ]
    const { events, withheld } = compileRelease(rows, of())
    expect(eventsOf(events).map(({ timestamp, data }) => [timestamp, data?.t, data?.v, data?.q])).toEqual([
      ['2026-01-01T00:01:00.000Z', [0, 1_000], [62, 61], [0, 0]],
      ['2026-01-01T00:00:00.000Z', [1_000, 30_000], [60, null], [0, 110]],
    ])
    expect([withheld, events.map(({ origin }) => origin?.measured)]).toEqual([[], [2, 1]])
  })

  it('leaves out what was measured before the stay began, what others took the place of, and what is of another stay, and counts its own', () => {
    const before = snapshotRow(1, [{ value: 60, at: START - 1 }])
    const superseded: LoggedRow = { ...snapshotRow(2, [{ value: 60 }, { value: 61 }]), isSuperseded: true } as LoggedRow
    const { events, withheld } = compileRelease([before, superseded, snapshotRow(3, [{ value: 1 }], { stay: 'stay-2' }), alertRow(4, phaseEvent({ stay: stayId('stay-2') }))], of())
    expect([events, withheld]).toEqual([[], [{ reason: 'outside-stay', rows: 0, readings: 1 }, { reason: 'superseded', rows: 1, readings: 2 }]])
  })

  it('tells no time outside of the stay: what was stamped before a clock was set would say, in the distance, what it was set to', () => {
    const at = wallMs(START + 60_000)
    const inputs = [START - 200 * 86_400_000, START + 30_000, START + 3_000_000].map((then) => ({ name: 'HR', value: 60, unit: '/min', at: wallMs(then) }))
    const gap: LoggedRow = {
      kind: 'event', seq: 2,
      stored: { at, kind: 'watch', changes: inputs.map((input) => ({ bed: bedId('bed-1'), stay: stayId(STAY), rule: 'score', from: input.at, state: 'armed' })), subject: { bed: bedId('bed-1'), stay: stayId(STAY), device: null } },
    }
    const { events } = compileRelease([alertRow(1, phaseEvent({ at, because: { rule: 'threshold', version: '1', inputs, limit: null, missing: [] } })), gap], of())
    const told: readonly { readonly data: { readonly t?: readonly number[]; readonly because?: { readonly inputs: readonly { readonly t: number }[] } } }[] = events.map(({ event }) => JSON.parse(JSON.stringify(event)))
    expect(told.map(({ data }) => data.t ?? data.because?.inputs.map(({ t }) => t))).toEqual([[-60_000, -30_000, 0], [-60_000, -30_000, 0]])
  })

  it('says of a stay over New Year the year in which it began', () => {
    const newYear = wallMs(Date.UTC(2026, 11, 31, 23, 30))
    const { events } = compileRelease([snapshotRow(1, [{ value: 60, at: newYear + 3_000_000 }])], of('safe-harbor', newYear))
    expect(eventsOf(events)[0]?.timestamp).toBe('2026-01-01T00:50:00.000Z')
    expect(JSON.stringify(visitOf(of('safe-harbor', newYear)))).toContain('2026-01-01T00:00:00.000Z')
  })

  it('keeps the intervals of a stay, whatever the method', () => {
    const times = { openedAt: START, closedAt: wallMs(START + 1e9), shiftDays: 3 }
    fc.assert(fc.property(fc.constantFrom<ReleaseMethod>('safe-harbor', 'date-shift'), fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 1e6 }), (method, one, other) => {
      const shown = (second: number): number => shownAt(method, times, START + second * 1_000) ?? Number.NaN
      expect(shown(other) - shown(one)).toBe((other - one) * 1_000)
    }))
  })

  it('clears nothing that has not the shape of the lane', () => {
    const { mint } = seeded(1)
    const gap = { streamId: mint(), eventType: 'gaps', partitionKey: mint(), key: mint(), revision: 0, timestamp: '2026-01-01T00:00:00.000Z', data: { rule: ['score'], state: ['armed'], t: [0] } } as const
    expect(clear('gaps', gap).kind).toBe('cleared')
    expect(clear('gaps', { ...gap, partitionKey: 'stay-1' })).toEqual({ kind: 'refused', at: 'partitionKey' })
    expect(clear('gaps', { ...gap, timestamp: '2026-01-15T02:00:00.123Z' })).toEqual({ kind: 'refused', at: 'timestamp' })
  })
})
