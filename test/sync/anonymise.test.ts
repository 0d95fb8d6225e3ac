import { describe, expect, it } from 'vitest'
import type { SurrogateKind, Surrogate } from '../../src/domain/batch.ts'
import { surrogate } from '../../src/domain/batch.ts'
import type { AlertEvent, EscalationLevel } from '../../src/domain/alert.ts'
import { alertId, bedId, deviceId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { syncLimits } from '../../src/limits.ts'
import type { LoggedRow } from '../../src/seams.ts'
import { VARIABLES } from '../../src/domain/metrics.ts'
import { EXTREME_CONDITIONS } from '../../src/rules/extreme.ts'
import { NEWS2_CONDITION } from '../../src/rules/news2.ts'
import { SEPSIS_CONDITION } from '../../src/rules/sepsis.ts'
import { SILENCE_CONDITION } from '../../src/rules/silence.ts'
import { OTHER, isCondition, limitNumbers, nameWord, unitWord, valueWord } from '../../src/sync/anonymise-vocabulary.ts'
import { compileLive } from '../../src/sync/anonymise.ts'
import type { Surrogates } from '../../src/sync/ledger.ts'
import { EPOCH, START, alertRow, gatewayRow, phaseEvent, snapshotRow } from './fakes.ts'

function fakeSurrogates(): Surrogates & { readonly known: Map<string, Surrogate> } {
  const known = new Map<string, Surrogate>()
  const sensors = new Map<string, number>()
  const subjects = new Map<string, Surrogate>()
  return {
    known,
    of(kind: SurrogateKind, id: string) {
      const name = `${kind}:${id}`
      const found = known.get(name) ?? surrogate((known.size + 1).toString(16).padStart(32, '0'))
      known.set(name, found)
      return found
    },
    sensorOf(device, metric, channel) {
      const name = `${device}/${metric}/${channel}`
      const before = [...sensors.keys()].filter((other) => other.startsWith(`${device}/${metric}/`)).length
      const number = sensors.get(name) ?? before
      sensors.set(name, number)
      return number
    },
    subjectOfAlert: (alert) => subjects.get(alert) ?? null,
    rememberAlert: (alert, subject) => void subjects.set(alert, subject),
  }
}

function compile(rows: readonly LoggedRow[]) {
  const surrogates = fakeSurrogates()
  const compiled = compileLive(rows, { gatewayId: 'gw', epoch: EPOCH, surrogates })
  return { ...compiled, surrogates, sent: compiled.events.map(({ event }) => JSON.parse(JSON.stringify(event)) as Record<string, never>) }
}

describe('vital signs in the live lane', () => {
  it('are one event of columns for a subject, metric and minute, with true time and the key of the contract', () => {
    const minute = START
    const { sent, surrogates, events } = compile([
      snapshotRow(7, [{ value: 80, at: minute + 1_000 }, { metric: 'MDC_PULS_OXIM_SAT_O2', value: 97, at: minute + 1_000 }]),
      snapshotRow(8, [{ value: 0, at: minute + 2_000 }]),
      snapshotRow(9, [{ value: null, at: minute + 61_000 }]),
    ])
    const subject = surrogates.of('stay', 'stay-1')
    expect(sent).toEqual([
      {
        streamId: surrogates.of('device', 'monitor-1'), eventType: 'vital-signs', partitionKey: subject, key: `gw/e1/${subject}/MDC_ECG_HEART_RATE/7-8/0`, revision: 0,
        data: { metric: 'MDC_ECG_HEART_RATE', mdc: 147842, loinc: '8867-4', unit: '/min', t: [1_000, 2_000], v: [80, 0], q: [0, 0] }, timestamp: '2026-01-05T10:00:00.000Z',
      },
      {
        streamId: surrogates.of('device', 'monitor-1'), eventType: 'vital-signs', partitionKey: subject, key: `gw/e1/${subject}/MDC_PULS_OXIM_SAT_O2/7-7/0`, revision: 0,
        data: { metric: 'MDC_PULS_OXIM_SAT_O2', mdc: 150456, loinc: '59408-5', unit: '%', t: [1_000], v: [97], q: [0] }, timestamp: '2026-01-05T10:00:00.000Z',
      },
      {
        streamId: surrogates.of('device', 'monitor-1'), eventType: 'vital-signs', partitionKey: subject, key: `gw/e1/${subject}/MDC_ECG_HEART_RATE/9-9/0`, revision: 0,
        data: { metric: 'MDC_ECG_HEART_RATE', mdc: 147842, loinc: '8867-4', unit: '/min', t: [1_000], v: [null], q: [10] }, timestamp: '2026-01-05T10:01:00.000Z',
      },
    ])
    expect(events.map(({ origin }) => origin?.measured)).toEqual([2, 1, 0])
  })

  it('never give one key to two events, though one message holds several minutes', () => {
    const { sent, surrogates } = compile([snapshotRow(7, [{ value: 80, at: START + 59_000 }, { value: 81, at: START + 60_000 }, { value: 82, at: START + 172_800_000 }])])
    expect(sent).toMatchObject([
      { timestamp: '2026-01-05T10:00:00.000Z', data: { t: [59_000], v: [80] } },
      { timestamp: '2026-01-05T10:01:00.000Z', data: { t: [0], v: [81] } },
      { timestamp: '2026-01-07T10:00:00.000Z', data: { t: [0], v: [82] } },
    ])
    const prefix = `gw/e1/${surrogates.of('stay', 'stay-1')}/MDC_ECG_HEART_RATE`
    expect(sent.map((event) => event['key'])).toEqual([`${prefix}/7-7/0`, `${prefix}.1/7-7/0`, `${prefix}.2/7-7/0`])
  })

  it('keep two devices and two sensors of one patient apart', () => {
    const { sent } = compile([
      snapshotRow(1, [{ metric: 'MDC_TEMP', value: 37, channel: 'T1' }, { metric: 'MDC_TEMP', value: 36.1, channel: 'T2' }]),
      snapshotRow(2, [{ metric: 'MDC_TEMP', value: 37.4 }], { device: 'monitor-2' }),
      snapshotRow(3, [{ metric: 'MDC_TEMP', value: 36.2, channel: 'T2' }, { value: 70, channel: 'T2' }]),
    ])
    expect(sent.map((event) => event['data'])).toMatchObject([{ v: [37] }, { v: [36.1, 36.2] }, { v: [37.4] }, { v: [70] }])
    const [first, second, other, heart] = sent.map((event) => event['streamId'])
    expect(new Set([first, second, other]).size).toBe(3)
    expect(heart).toBe(first)
  })

  it('never fill one event beyond its bound, and lose nothing by that', () => {
    const values = Array.from({ length: syncLimits.readingsPerEventMax + 1 }, (_, index) => ({ value: index % 200, at: START }))
    const { sent, events } = compile([snapshotRow(1, values)])
    expect(sent.map((event) => (event['data']?.['v'] as unknown as number[]).length)).toEqual([syncLimits.readingsPerEventMax, 1])
    expect(new Set(sent.map((event) => event['key'])).size).toBe(2)
    expect(events.reduce((sum, { origin }) => sum + (origin?.measured ?? 0), 0)).toBe(values.length)
  })

  it('say in the quality code that a monitor shows a demonstration or a test', () => {
    const { sent } = compile([snapshotRow(1, [
      { value: 60 }, { value: 60, flags: ['demo'] }, { value: 60, flags: ['test'] }, { value: null, flags: ['demo'] }, { value: 60, flags: ['questionable', 'zone-assumed'] },
      { value: 60, flags: ['low-signal'] }, { value: 60, flags: ['validated', 'episodic'] }, { value: 60, flags: ['zone-assumed'] },
    ])])
    expect(sent[0]).toMatchObject({ data: { q: [0, 100, 200, 110, 3, 2, 0, 1] } })
  })

  it('drop the noise of a conversion and nothing else', () => {
    const { sent } = compile([snapshotRow(1, [{ metric: 'MDC_TEMP', value: ((97.7 - 32) * 5) / 9 + 1e-14 }, { metric: 'MDC_TEMP', value: 36.123456 }])])
    expect(sent[0]).toMatchObject({ data: { v: [36.5, 36.123456] } })
  })

  it('of a device that is bound to nobody are counted, not sent', () => {
    const { sent, withheld } = compile([snapshotRow(1, [{ value: 80 }, { value: 81 }], { stay: null, bed: null }), gatewayRow(2)])
    expect(sent).toEqual([])
    expect(withheld).toEqual([{ reason: 'no-stay', rows: 1, readings: 2 }, { reason: 'gateway-event', rows: 1, readings: 0 }])
  })

  it('of a metric outside the table are counted, not sent', () => {
    const row = snapshotRow(1, [{ value: 80 }])
    if (row.kind !== 'snapshot') throw new Error('a snapshot')
    const [observation] = row.snapshot.observations
    if (!observation) throw new Error('an observation')
    const strange = { ...observation, metric: { ...observation.metric, id: 'MDC_OF_ROOM_12' } }
    const { sent, withheld } = compile([{ ...row, snapshot: { ...row.snapshot, observations: [strange, observation] } }])
    expect(sent).toHaveLength(1)
    expect(withheld).toEqual([{ reason: 'unknown-metric', rows: 0, readings: 1 }])
  })
})

describe('alerts in the live lane', () => {
  it('are words and numbers: no text, no author, no place', () => {
    const { sent, surrogates } = compile([alertRow(3, phaseEvent())])
    const subject = surrogates.of('stay', 'stay-1')
    const alert = surrogates.of('alert', 'alert-1')
    expect(sent).toEqual([{
      streamId: surrogates.of('device', 'monitor-1'), eventType: 'alerts', partitionKey: subject, key: `gw/e1/${subject}/alerts/3-3/0`, revision: 0, timestamp: '2026-01-05T10:00:00.000Z',
      data: {
        alertId: alert, phase: 'start', state: 'active', priority: 'medium', severity: 'warning', type: 'physiological', rule: 'threshold', version: '1',
        because: { condition: 'threshold/spo2-low', inputs: [{ name: 'SpO₂', value: 84, unit: '%', t: -2_000 }], limit: [90, 85], missing: [] },
      },
    }])
  })

  it('replace every word that is in no list', () => {
    const { sent } = compile([alertRow(3, phaseEvent({
      condition: 'silence/room-12',
      because: {
        rule: 'Jane Doe', version: 'by Jane', missing: ['rr', 'Jane'], limit: { text: 'below 90 since Jane Doe 47110815 asked', setBy: 'x' },
        inputs: [{ name: 'Jane', value: 'Doe', unit: 'ward 3', at: START }, { name: 'consciousness', value: 'V', unit: '', at: START }],
      },
    }))])
    expect(sent[0]).toMatchObject({ data: {
      rule: 'other', version: 'other', because: { condition: 'silence/other', missing: ['rr', 'other'], limit: [], inputs: [{ name: 'other', value: 'other', unit: 'other', t: 0 }, { name: 'consciousness', value: 'V', unit: '', t: 0 }] },
    } })
  })

  it('with a word of a closed list that nobody knows are counted, not sent', () => {
    const { sent, withheld } = compile([alertRow(3, { ...phaseEvent(), phase: 'Jane Doe' as 'start' })])
    expect(sent).toEqual([])
    expect(withheld).toEqual([{ reason: 'unknown-words', rows: 1, readings: 0 }])
  })

  it('become a user interaction when a nurse acknowledges or pauses: about the same subject, the nurse a pseudonym', () => {
    const id = alertId('alert-1')
    const { sent, surrogates, withheld } = compile([
      alertRow(3, phaseEvent()),
      alertRow(4, { kind: 'acknowledged', alertId: id, at: START, by: 'anna' }),
      alertRow(5, { kind: 'audio-paused', alertId: id, at: START, by: 'anna', until: wallMs(START + 120_000) }),
      alertRow(6, { kind: 'audio-resumed', alertId: id, at: START, why: 'expired' }),
      alertRow(7, { kind: 'acknowledgement-removed', alertId: id, at: START, why: 're-trigger' }),
    ])
    const subject = surrogates.of('stay', 'stay-1')
    const rest = { revision: 0, userId: surrogates.of('user', 'anna'), action: 'edit', resource: { type: 'alert', id: surrogates.of('alert', 'alert-1') }, timestamp: '2026-01-05T10:00:00.000Z' }
    expect(sent.slice(1)).toEqual([
      { key: `gw/e1/${subject}/alerts/4-4/0`, ...rest, metadata: { subject, change: 'acknowledged' } },
      { key: `gw/e1/${subject}/alerts/5-5/0`, ...rest, metadata: { subject, change: 'audio-paused', forMs: 120_000 } },
    ])
    expect(withheld).toEqual([{ reason: 'follows-from-alert', rows: 2, readings: 0 }])
  })

  it('of no stay belong to the device, or to the gateway', () => {
    const none = { stay: null, bed: null }
    const { sent, surrogates } = compile([
      alertRow(1, phaseEvent({ ...none, device: deviceId('monitor-9'), alertId: alertId('a') })),
      alertRow(2, phaseEvent({ ...none, device: null, bed: bedId('bed-1'), alertId: alertId('b') })),
    ])
    expect(sent.map((event) => event['partitionKey'])).toEqual([surrogates.of('device', 'monitor-9'), surrogates.of('gateway', 'gw')])
  })

  it('of asystole and apnoea are emergencies', () => {
    const { sent } = compile([
      alertRow(1, phaseEvent({ priority: 'high', condition: 'threshold/asystole' })), alertRow(2, phaseEvent({ priority: 'high' })), alertRow(3, phaseEvent({ priority: 'low' })),
    ])
    expect(sent.map((event) => event['data']?.['severity'])).toEqual(['emergency', 'critical', 'info'])
  })

  it('of a high that nobody answers are emergencies, said once when the buddy is told, and nobody’s name leaves', () => {
    const told = (level: EscalationLevel, to: string | null): AlertEvent => ({ kind: 'escalated', alertId: alertId('alert-1'), at: START, level, to, type: 'physiological', condition: 'threshold/spo2-low', rule: 'threshold', version: '1' })
    const { sent, withheld } = compile([
      alertRow(1, phaseEvent({ priority: 'high' })), alertRow(2, told('nurse', 'anna')), alertRow(3, told('buddy', 'benedikta')), alertRow(4, told('charge', 'carlotta')),
      alertRow(5, phaseEvent({ priority: 'high', phase: 'update', unanswered: true })),
    ])
    expect(sent.map((event) => [event['data']?.['phase'], event['data']?.['severity']])).toEqual([['start', 'critical'], ['escalate', 'emergency'], ['update', 'emergency']])
    expect(sent[1]?.['partitionKey']).toBe(sent[0]?.['partitionKey'])
    expect(withheld).toContainEqual({ reason: 'follows-from-alert', rows: 2, readings: 0 })
    for (const name of ['anna', 'benedikta', 'carlotta']) expect(JSON.stringify(sent)).not.toContain(name)
  })
})

it('The events of a batch are in the order of the log, for each subject.', () => {
  const rows = Array.from({ length: 200 }, (_, index) =>
    index % 10 === 9 ? alertRow(index + 1, phaseEvent()) : snapshotRow(index + 1, [{ value: index }], { device: `m${index % 3}`, stay: `s${index % 3}`, at: START + index * 1_000 }))
  const { sent } = compile(rows)
  const firstSeqs = sent.map((event) => Number(/\/(\d+)-\d+\/0$/.exec(event['key'] ?? '')?.[1]))
  expect(firstSeqs).toEqual(firstSeqs.toSorted((a, b) => a - b))
  expect(new Set(sent.map((event) => event['key'])).size).toBe(sent.length)
})

describe('the vocabulary', () => {
  it('has a word for every condition that rules and pump raise', () => {
    const raised = [
      ...VARIABLES.flatMap((variable) => [`threshold/${variable}-low`, `threshold/${variable}-high`, `threshold/${variable}-implausible`]),
      'threshold/asystole', 'threshold/apnoea', 'news2/deterioration', 'silence/device', 'technical/store-failing', 'technical/rules-faulted', 'technical/control-id-reused',
      'technical/unknown-device', 'technical/patient-conflict', 'technical/quarantine', 'technical/rule-sepsis', 'technical/rule-threshold', SEPSIS_CONDITION, SILENCE_CONDITION, NEWS2_CONDITION, ...EXTREME_CONDITIONS,
      ...VARIABLES.map((variable) => `technical/${variable}-off`),
    ]
    expect(raised.filter((condition) => !isCondition(condition))).toEqual([])
  })

  it('has a word for every input that rules give as a reason, and none for a device', () => {
    const names = ['SpO₂', 'HR', 'NIBP s', 'Temp', 'last SpO₂', 'last frame', 'usual SBP, last 4 h', 'oxygen', 'consciousness', 'SpO₂ scale', 'infection suspected', 'lactate', 'white cells', 'frames', 'RR', 'rr']
    expect(names.filter((name) => nameWord(name) === OTHER)).toEqual([])
    expect(['on oxygen', 'on air', 'V', 'yes', 'not said'].filter((value) => valueWord(value) === OTHER)).toEqual([])
    expect(['mmHg', '°C', '%', '/min', '', 'ACVPU'].filter((unit) => unitWord(unit) === OTHER)).toEqual([])
    expect([nameWord('last monitor-7'), valueWord('monitor-7'), unitWord('bed 7')]).toEqual([OTHER, OTHER, OTHER])
  })

  it.each([
    ['SpO₂ low 90 %; medium below 90, after 15 s', [90]],
    ['Temp high 39 °C; low above 39, after 60 s', [39]],
    ['HR low 45 /min; high below 35, after 3 s or 2 values', [45, 35]],
    ['NEWS2 5 or more (urgent); an estimate from continuous values', [5]],
    ['beyond what can be believed: not scored, not ignored', []],
    ['a prompt, not a diagnosis: NEWS2 5 or more, SIRS 2 or more (vital signs only), SBP below 90, MAP below 65, fall above 40 mmHg', [5, 2, 90, 65, 40]],
    ['silent for 10 s', [10]],
    ['below 90 for Jane Doe', []],
    ['below 90 of 47110815', []],
  ])('reads the numbers of "%s"', (text, numbers) => {
    expect(limitNumbers(text)).toEqual(numbers)
  })
})
