/** A ward made of sine waves, in the shapes of the wire: the same instant always gives the same numbers. For screenshots and tests of the page. */

import type { AlertView, AssociationFact, BedAssociation, BedView, DeliveryView, DeviceView, GatewayView, GivenView, HandoverView, Role, ScoreView, StripView, TrendView, ValueView, WaveSignal, WavesView } from '../../src/api/wire.ts'
import { alertId, bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import type { Signs } from '../../simulators/patients/patient.ts'
import { createWaves } from '../../simulators/patients/waves.ts'

export type Scene = {
  /** `rows`: a cause with what it carries, the monitor's own alarm with ours, a limit in its delay. */
  readonly alerts: 'none' | 'some' | 'storm' | 'rows'
  /** Beds with old, missing and doubtful values. */
  readonly faults: boolean
  readonly beds: number
  readonly role: Role
  readonly mode: 'demo' | 'live'
  readonly speed: number
  readonly storeFails: boolean
  /** Beds that are away, empty, cleaned and tested, and goals of stays. */
  readonly house?: 'some'
  /** Not there: live, and nobody said so. */
  readonly watching?: 'commissioning' | 'live' | 'maintenance'
}

export const CALM: Scene = { alerts: 'none', faults: false, beds: 12, role: 'nurse', mode: 'live', speed: 1, storeFails: false }

type Signal = { readonly metric: string; readonly label: string; readonly unit: string; readonly decimals: number; readonly mean: number; readonly swing: number; readonly everyMs: number }

const SIGNALS = {
  hr: { metric: 'MDC_ECG_HEART_RATE', label: 'HR', unit: '/min', decimals: 0, mean: 76, swing: 7, everyMs: 1_000 },
  pr: { metric: 'MDC_PULS_OXIM_PULS_RATE', label: 'PR', unit: '/min', decimals: 0, mean: 78, swing: 6, everyMs: 1_000 },
  spo2: { metric: 'MDC_PULS_OXIM_SAT_O2', label: 'SpO₂', unit: '%', decimals: 0, mean: 96.5, swing: 1.4, everyMs: 1_000 },
  pi: { metric: 'MDC_BLD_PERF_INDEX', label: 'PI', unit: '%', decimals: 2, mean: 3.2, swing: 0.8, everyMs: 1_000 },
  rr: { metric: 'MDC_TTHOR_RESP_RATE', label: 'RR imp', unit: '/min', decimals: 0, mean: 16, swing: 2, everyMs: 1_000 },
  sys: { metric: 'MDC_PRESS_BLD_NONINV_SYS', label: 'NIBP s', unit: 'mm[Hg]', decimals: 0, mean: 124, swing: 9, everyMs: 900_000 },
  dia: { metric: 'MDC_PRESS_BLD_NONINV_DIA', label: 'NIBP d', unit: 'mm[Hg]', decimals: 0, mean: 74, swing: 5, everyMs: 900_000 },
  mean: { metric: 'MDC_PRESS_BLD_NONINV_MEAN', label: 'NIBP m', unit: 'mm[Hg]', decimals: 0, mean: 91, swing: 6, everyMs: 900_000 },
  artSys: { metric: 'MDC_PRESS_BLD_ART_ABP_SYS', label: 'ABP s', unit: 'mm[Hg]', decimals: 0, mean: 118, swing: 8, everyMs: 1_000 },
  artDia: { metric: 'MDC_PRESS_BLD_ART_ABP_DIA', label: 'ABP d', unit: 'mm[Hg]', decimals: 0, mean: 66, swing: 5, everyMs: 1_000 },
  artMean: { metric: 'MDC_PRESS_BLD_ART_ABP_MEAN', label: 'ABP m', unit: 'mm[Hg]', decimals: 0, mean: 83, swing: 6, everyMs: 1_000 },
  temp: { metric: 'MDC_TEMP', label: 'Temp', unit: 'Cel', decimals: 1, mean: 36.9, swing: 0.3, everyMs: 240_000 },
} as const satisfies Readonly<Record<string, Signal>>

const KITS: readonly (readonly (keyof typeof SIGNALS)[])[] = [
  ['hr', 'spo2', 'rr', 'sys', 'dia', 'mean', 'temp'],
  ['hr', 'spo2', 'rr', 'artSys', 'artDia', 'artMean', 'temp', 'pr', 'pi'],
  ['spo2', 'pr', 'pi'],
  ['hr', 'spo2', 'rr', 'sys', 'dia', 'mean'],
]
const DRIVERS = ['hl7', 'hl7', 'masimo-ascii1', 'mqtt-json'] as const

const NAMES = [
  'Okafor, Adaeze', 'Lindqvist, Sven', 'Marchetti, Giulia', 'Nakamura, Haruto', 'Fernández-Villanueva, María Concepción', 'Novak, Petr',
  'Haddad, Layla', 'O’Sullivan, Bridget', 'Achieng, Grace', 'Kowalczyk, Zofia', 'Abdi, Yusuf', 'Schmidt, Karl-Heinz',
]

const EMPTY_BED = 10

const kitOf = (bed: number): readonly (keyof typeof SIGNALS)[] => KITS[bed % KITS.length] ?? []

/** Slow and quick waves with a phase for each bed and signal, and a slow fall of SpO₂ in bed 7 where the scene has alerts. */
function valueAt(name: keyof typeof SIGNALS, bed: number, at: number, scene: Scene, now: number): number {
  const { mean, swing } = SIGNALS[name]
  const phase = bed * 1.7 + name.length * 0.9 + name.charCodeAt(0)
  const wave = Math.sin(at / 1_900_000 + phase) * 0.6 + Math.sin(at / 310_000 + phase * 2) * 0.3 + Math.sin(at / 23_000 + phase * 3) * 0.12
  const fallen = scene.alerts !== 'none' && bed === 6 ? Math.min(1, Math.max(0, 1 - (now - at) / 1_500_000)) : 0
  const worse: Partial<Record<keyof typeof SIGNALS, number>> = { spo2: -12.5, hr: 38, pr: 38, rr: 11 }
  const bedShift: Partial<Record<keyof typeof SIGNALS, number>> = { hr: (bed % 5) * 4 - 8, pr: (bed % 5) * 4 - 8, spo2: -(bed % 3) }
  const value = mean + wave * swing + (worse[name] ?? 0) * fallen + (bedShift[name] ?? 0)
  return name === 'spo2' ? Math.min(100, value) : value
}

type Trouble = { readonly lateMs: number; readonly absent: string | null; readonly questionable: boolean }

function troubleOf(bed: number, name: keyof typeof SIGNALS, scene: Scene): Trouble {
  const fine: Trouble = { lateMs: 0, absent: null, questionable: false }
  if (!scene.faults) return fine
  if (bed === 3) return { ...fine, lateMs: 41_000 }
  if (bed === 5) return { ...fine, lateMs: 3_720_000 }
  if (bed === 7 && (name === 'spo2' || name === 'pr')) return { ...fine, absent: 'probe-off' }
  if (bed === 8 && (name === 'hr' || name === 'rr')) return { ...fine, absent: 'lead-off' }
  if (bed === 9 && name === 'spo2') return { ...fine, questionable: true }
  return fine
}

function valueView(name: keyof typeof SIGNALS, bed: number, scene: Scene, now: number): ValueView {
  const { metric, label, unit, decimals, everyMs } = SIGNALS[name]
  const { lateMs, absent, questionable } = troubleOf(bed, name, scene)
  const at = now - lateMs - ((now - lateMs) % everyMs)
  const [staleAfterMs, goneAfterMs] = everyMs > 10_000 ? [1_800_000, 43_200_000] : [15_000, 60_000]
  return {
    metric, key: metric, label, unit, decimals, at, staleAfterMs, goneAfterMs, questionable,
    value: absent === null ? { kind: 'measured', value: valueAt(name, bed, at, scene, now) } : { kind: 'absent', reason: absent },
  }
}

const SCORE_MISSING = [['consciousness', 'oxygen'], ['consciousness', 'oxygen'], ['rr', 'sbp', 'temperature', 'consciousness', 'oxygen'], []] as const

function scoreView(bed: number, scene: Scene, now: number): ScoreView {
  const missing = SCORE_MISSING[bed % 4] ?? []
  const total = scene.alerts !== 'none' && bed === 6 ? 7 : scene.alerts !== 'none' && bed === 2 ? 5 : bed % 3
  const most = { consciousness: 3, oxygen: 2, rr: 3, sbp: 3, temperature: 3 } as const
  const max = Math.min(20, total + missing.reduce((sum, name) => sum + most[name], 0))
  return { total, min: total, max, complete: missing.length === 0, missing, parts: {}, at: now - (now % 1_000) }
}

const NO_WAVES = { channels: 0, seconds: 0 }

/** Right, drifting, wrong and jumped, and not known yet. */
const CLOCKS: readonly DeviceView['clock'][] = [
  { offsetMs: 310, boundMs: 900, driftMsPerHour: 20, epoch: 1, lastStep: null },
  { offsetMs: -74_000, boundMs: 900, driftMsPerHour: -360, epoch: 1, lastStep: null },
  { offsetMs: 3_612_000, boundMs: 1_200, driftMsPerHour: 190, epoch: 3, lastStep: { at: wallMs(Date.now() - 7_200_000), byMs: 3_600_000 } },
  null,
]

export function deviceViews(scene: Scene, now: number): readonly DeviceView[] {
  const atBeds = Array.from({ length: scene.beds }, (_, bed) => bed).filter((bed) => bed % 12 !== EMPTY_BED).map((bed): DeviceView => {
    const lateMs = troubleOf(bed, 'hr', scene).lateMs
    const link = lateMs === 0 ? 'live' : lateMs < 60_000 ? 'silent' : 'down'
    return {
      id: `monitor-${bed + 1}`, driver: DRIVERS[bed % 4] ?? 'hl7', bed: String(bed + 1), link, lastFrameAt: now - lateMs - (now % 1_000),
      waves: bed % 4 === 1 || bed === 6 ? { channels: 3, seconds: 1_800 } : NO_WAVES,
      frames: { good: 48_211 + bed * 977, bad: bed === 2 ? 14 : 0, skipped: bed === 2 ? 3 : 0, quarantined: bed === 8 ? 2 : 0 },
      clock: CLOCKS[bed % CLOCKS.length] ?? null,
      note: link === 'silent' ? 'Connected, but silent.' : link === 'down' ? 'Connection lost: the serial port went away. It is tried again every 2 s.' : bed === 8 ? 'Some frames were not believed: see the quarantine.' : '',
    }
  })
  const loose: DeviceView = {
    id: '10.20.4.77', driver: 'hl7', bed: null, link: 'live', lastFrameAt: now - 4_000, waves: NO_WAVES, frames: { good: 311, bad: 0, skipped: 0, quarantined: 0 },
    note: 'Not in the configuration: add it under "devices" and bind it to a bed.',
  }
  const never: DeviceView = {
    id: 'monitor-spare', driver: 'masimo-ascii1', bed: null, link: 'never', lastFrameAt: null, waves: NO_WAVES, frames: { good: 0, bad: 0, skipped: 0, quarantined: 0 },
    note: 'Nothing heard since start: check cable, speed, address and the monitor’s export setting.',
  }
  return scene.role === 'nurse' ? atBeds : [...atBeds, loose, never]
}

export function bedViews(scene: Scene, now: number): readonly BedView[] {
  const devices = deviceViews(scene, now)
  return Array.from({ length: scene.beds }, (_, bed): BedView => {
    const empty = bed % 12 === EMPTY_BED
    const named = !empty && bed % 4 !== 2
    return {
      id: String(bed + 1),
      label: String(bed + 1),
      stay: empty ? null : `stay-${bed + 1}`,
      patient: {
        name: named && scene.role !== 'biomed' ? (NAMES[bed % NAMES.length] ?? null) : null,
        mrn: named && scene.role !== 'biomed' ? `MRN 00${48_201 + bed * 731}` : null,
        identified: named ? (STANDINGS[bed % 3] ?? 'asserted') : 'none',
      },
      devices: devices.filter((device) => device.bed === String(bed + 1)),
      values: empty ? [] : kitOf(bed).map((name) => valueView(name, bed, scene, now)),
      news2: empty ? null : scoreView(bed, scene, now),
      ...(scene.alerts === 'rows' && bed === 4 ? { pending: [{ id: 'pending-1', text: 'SpO₂ 89 % below 90', priority: 'medium' as const, onsetAt: now - 6_000, dueAt: now + 9_000 }] } : {}),
      context: { population: 'adult', spo2Scale: 1, onOxygen: bed % 4 === 3 ? false : null, consciousness: bed % 4 === 3 ? 'A' : null, infectionSuspected: bed === 2 },
    }
  })
}

const STANDINGS = ['confirmed', 'registered', 'asserted'] as const

/** Of each standing some, an empty bed, and one of everything that wants a person. `taken`: what was proposed and is answered. */
export function associationsOf(scene: Scene, now: number, taken: ReadonlySet<number>): readonly BedAssociation[] {
  return bedViews(scene, now).map(({ id, label, stay, patient: { name, mrn, identified } }, place): BedAssociation => ({
    bed: id, label, stay,
    occupant: identified === 'none'
      ? { kind: stay === null ? 'empty' : 'unidentified' }
      : { kind: 'patient', patient: { name, mrn, ...(place % 2 === 0 ? { bornOn: '1951-03-09' } : {}) }, standing: STANDINGS[place % 3] ?? 'asserted', since: place === 5 ? null : now - (place + 1) * 4_000_000 },
    disputes: [
      ...(place === 3 ? [{ kind: 'registry-has-another', bed: bedId(id) } as const] : []),
      ...(place === 9 ? [{ kind: 'registry-has-elsewhere', bed: bedId(id), elsewhere: bedId('7') } as const] : []),
      ...(place === 7 ? [{ kind: 'monitor-names-another', bed: bedId(id), device: deviceId('monitor-8') } as const] : []),
    ],
    proposals: [
      ...(place === 2 ? [{ fact: 31, patient: { mrn: 'MRN 0050117', name: 'Rossi, Marta' }, by: 'T. Brandt', at: now - 240_000 }] : []),
      ...(place === 10 ? [{ fact: 32, patient: { mrn: 'MRN 0050228', name: null }, by: 'M. Ferreira', at: now - 30_000 }] : []),
    ].filter(({ fact }) => !taken.has(fact)),
  }))
}

export function factsOf({ bed, occupant }: BedAssociation, now: number): readonly AssociationFact[] {
  const patient = occupant.kind === 'patient' ? occupant.patient : null
  const fact = (id: number, change: Partial<AssociationFact>): AssociationFact => ({ id, learnedAt: now - (100 - id) * 1_000_000, effectiveAt: now - (100 - id) * 1_000_000, source: 'adt', by: 'registry', kind: 'placed', patient, bed, ...change })
  return patient === null ? [] : [
    fact(98, { source: 'scan', by: 'M. Ferreira' }), fact(95, { effectiveAt: now - 9_800_000 }), fact(91, { source: 'device', by: `monitor-${bed}`, kind: 'asserted' }),
    fact(20, { source: 'hand', by: 'T. Brandt', kind: 'unassigned', patient: null }),
  ]
}

export const givenView = (now: number): GivenView => {
  const one = { code: 'N02BE01', system: 'ATC', route: 'IV', until: null, status: 'complete', action: 'added', flags: [] } as const
  return {
    given: [
      { ...one, id: 'o-3/1', at: now - 600_000, name: 'Norepinephrine', dose: { amount: 0.1, unit: 'ug/kg', per: 'min' }, from: wallMs(now - 900_000) },
      { ...one, id: 'o-2/1', at: now - 3_000_000, name: 'Morphine', dose: { amount: 5, unit: 'mg' }, from: wallMs(now - 3_200_000), action: 'deleted' },
      { ...one, id: 'o-1/1', at: now - 9_000_000, name: 'Paracetamol', dose: { amount: 1, unit: 'g' }, from: wallMs(now - 9_000_000) },
    ],
    isCut: false,
  }
}

type Draft = Pick<AlertView, 'priority' | 'text' | 'type' | 'condition'> & {
  readonly bed: number
  readonly startedAgoMs: number
  readonly inputs: readonly { readonly name: string; readonly value: number | string; readonly unit: string; readonly agoMs: number }[]
  readonly limit?: string
  readonly missing?: readonly string[]
  readonly by?: string
  readonly state?: 'active' | 'latched'
  /** In the row of which one of these, counted from 1. */
  readonly inRow?: { readonly of: number; readonly as: 'with' | 'carried' }
  readonly unseenHigh?: true
  /** Silenced at the bedside so long ago. */
  readonly bedsideAgoMs?: number
}

const SOME: readonly Draft[] = [
  { bed: 7, priority: 'high', type: 'physiological', condition: 'threshold/spo2-low', text: 'SpO₂ 84 % below 88', startedAgoMs: 95_000, inputs: [{ name: 'SpO₂', value: 84, unit: '%', agoMs: 1_000 }], limit: '88 % for 10 s' },
  {
    bed: 3, priority: 'medium', type: 'advisory', condition: 'sepsis/screen', text: 'Consider sepsis: NEWS2 5 or more and infection suspected', startedAgoMs: 640_000,
    inputs: [{ name: 'RR imp', value: 22, unit: '/min', agoMs: 3_000 }, { name: 'HR', value: 112, unit: '/min', agoMs: 3_000 }, { name: 'SpO₂', value: 94, unit: '%', agoMs: 2_000 }, { name: 'Temp', value: 38.4, unit: '°C', agoMs: 190_000 }],
    missing: ['consciousness', 'oxygen'],
  },
  { bed: 2, priority: 'medium', type: 'physiological', condition: 'threshold/hr-high', text: 'HR 128 /min above 120', startedAgoMs: 1_260_000, inputs: [{ name: 'HR', value: 128, unit: '/min', agoMs: 2_000 }], limit: '120 /min for 10 s', by: 'M. Ferreira' },
  { bed: 9, priority: 'low', type: 'technical', condition: 'technical/probe-off', text: 'SpO₂ probe off', startedAgoMs: 45_000, inputs: [{ name: 'last SpO₂', value: 95, unit: '%', agoMs: 4_000 }] },
]

const ROWS: readonly Draft[] = [
  { bed: 7, priority: 'high', type: 'physiological', condition: 'threshold/spo2-low', text: 'SpO₂ 84 % below 88', startedAgoMs: 95_000, inputs: [{ name: 'SpO₂', value: 84, unit: '%', agoMs: 1_000 }], limit: '88 % for 10 s' },
  { bed: 7, priority: 'medium', type: 'physiological', condition: 'monitor/spo2', text: 'Monitor: ** SpO₂ 84<90 (sound paused at the monitor)', startedAgoMs: 90_000, inputs: [], inRow: { of: 1, as: 'with' }, bedsideAgoMs: 20_000 },
  { bed: 2, priority: 'medium', type: 'technical', condition: 'technical/hr-off', text: 'HR: lead off', startedAgoMs: 200_000, inputs: [{ name: 'last HR', value: 81, unit: '/min', agoMs: 200_000 }] },
  { bed: 2, priority: 'low', type: 'technical', condition: 'monitor/inop', text: 'Monitor: ECG LEADS OFF', startedAgoMs: 205_000, inputs: [], inRow: { of: 3, as: 'with' } },
  { bed: 2, priority: 'low', type: 'technical', condition: 'technical/rr-off', text: 'RR: lead off', startedAgoMs: 190_000, inputs: [], inRow: { of: 3, as: 'carried' } },
  { bed: 4, priority: 'medium', type: 'technical', condition: 'silence/device', text: 'No data from monitor-4: look at the monitor', startedAgoMs: 160_000, inputs: [] },
  { bed: 4, priority: 'high', type: 'physiological', condition: 'threshold/spo2-low', text: 'SpO₂ 79 % below 88 (last known; data lost)', startedAgoMs: 200_000, inputs: [], inRow: { of: 6, as: 'with' } },
  { bed: 4, priority: 'low', type: 'technical', condition: 'technical/rr-off', text: 'RR: no value comes any more', startedAgoMs: 100_000, inputs: [], inRow: { of: 6, as: 'carried' } },
  { bed: 6, priority: 'medium', type: 'physiological', condition: 'monitor/hr', text: 'Monitor: ** HR 128>120 (acknowledged at the monitor)', startedAgoMs: 300_000, inputs: [], bedsideAgoMs: 240_000 },
  { bed: 8, priority: 'medium', type: 'physiological', condition: 'threshold/spo2-low', text: 'SpO₂ 91 %, was below 90', startedAgoMs: 420_000, inputs: [], state: 'latched', unseenHigh: true },
]

export function alertViews(scene: Scene, now: number): readonly AlertView[] {
  if (scene.alerts === 'none') return []
  const storm: readonly Draft[] = scene.alerts === 'storm'
    ? Array.from({ length: 9 }, (_, index): Draft => ({ bed: index + 1, priority: 'low', type: 'technical', condition: `technical/silent-${index}`, text: `Monitor monitor-${index + 1} has sent nothing for ${20 + index} s`, startedAgoMs: 30_000 * index, inputs: [] }))
    : []
  return (scene.alerts === 'rows' ? ROWS : [...SOME, ...storm]).map((draft, index): AlertView => ({
    id: alertId(`alert-${index + 1}`), bed: bedId(String(draft.bed)), stay: stayId(`stay-${draft.bed}`), device: deviceId(`monitor-${draft.bed}`),
    bedLabel: String(draft.bed), condition: draft.condition, state: draft.state ?? 'active', priority: draft.priority, type: draft.type, text: draft.text,
    because: {
      rule: draft.condition, version: '1', missing: draft.missing ?? [],
      inputs: draft.inputs.map(({ name, value, unit, agoMs }) => ({ name, value, unit, at: wallMs(now - agoMs) })),
      limit: draft.limit === undefined ? null : { text: draft.limit, setBy: 'ward profile “adult”' },
    },
    startedAt: wallMs(now - draft.startedAgoMs), changedAt: wallMs(now - draft.startedAgoMs),
    acknowledged: draft.by === undefined ? null : { by: draft.by, at: wallMs(now - draft.startedAgoMs + 40_000) }, audioPaused: null, saved: true,
    ...(draft.unseenHigh ? { unseenHigh: true as const } : {}),
    ...(draft.inRow === undefined ? {} : { inRow: { of: alertId(`alert-${draft.inRow.of}`), as: draft.inRow.as } }),
    ...(draft.bedsideAgoMs === undefined ? {} : { bedside: { how: 'audio-paused' as const, at: wallMs(now - draft.bedsideAgoMs) } }),
  }))
}

export const gatewayView = (scene: Scene): GatewayView => ({
  id: 'fake', ward: 'Ward 4 North', mode: scene.mode, version: '0.1.0', speed: scene.speed,
  store: scene.storeFails ? { kind: 'failing', why: 'the disk is full' } : { kind: 'ok' },
  sync: { kind: 'ok', lagRows: 0, why: '' },
})

const sign = (value: number): Signs['pulse'] => ({ kind: 'value', value })
const SIGNS: Signs = {
  heartRate: sign(114), breaths: sign(27), saturation: sign(84), pulse: sign(114), perfusion: sign(1.2), systolic: sign(104), diastolic: sign(58), mean: sign(73), temperature: sign(37.1), carbonDioxide: sign(34),
  cuff: null,
}

/** The high one went to a pager that was out of reach and to another that has it; all of them were displayed. */
export function deliveriesOf(alert: string, at: number, acceptedAt: number | null): readonly DeliveryView[] {
  const one = (ms: number, way: string, step: DeliveryView['step'], more: Partial<DeliveryView> = {}): DeliveryView => ({ at: at + ms, way, step, address: '', by: null, note: null, ...more })
  return [
    one(0, 'vigil', 'raised'),
    one(240, 'screen', 'displayed'),
    ...(alert === 'alert-1' ? [one(900, 'pagers', 'sent', { address: '221' }), one(2_900, 'pagers', 'failed', { address: '222', note: 'no answer' })] : []),
    ...(acceptedAt === null ? [] : [one(acceptedAt - at, 'screen', 'accepted', { by: 'M. Ferreira' })]),
  ]
}

/** Eight hours: most beds watched all the time, one not for a while, and one in which nobody lay. */
export function handoverOf(beds: readonly BedView[], alerts: readonly AlertView[], now: number): HandoverView {
  return {
    from: now - 28_800_000, to: now, isCut: false,
    beds: beds.map(({ id, label, stay, nurse }, place) => {
      const unwatchedSeconds = stay === null ? 28_800 : place === 5 ? 2_580 : 0
      return {
        bed: id, label, watchedSeconds: 28_800 - unwatchedSeconds, unwatchedSeconds,
        reasons: unwatchedSeconds === 0 ? [] : [{ why: stay === null ? 'empty' : 'sensor-off', seconds: unwatchedSeconds }],
        rules: [{ rule: 'limits/spo2', unwatchedSeconds: unwatchedSeconds + (place % 4 === 1 ? 900 : 0) }],
        told: {
          nurse: nurse ?? null,
          alerts: alerts.filter(({ bed }) => bed === id).map(({ text, priority, startedAt, acknowledged }) => ({ text, priority, since: startedAt, acknowledged })),
          limits: place === 6 ? [{ variable: 'spo2', side: 'low', beyond: 86, by: 'M. Ferreira', until: null }] : [],
          observed: place % 3 === 0 ? { at: now - 5_400_000, by: 'anna', news2: 3, complete: true } : null,
        },
      }
    }),
  }
}

/** The waveforms of an alert: an ECG, a pleth with a gap, and an arterial pressure. */
export function stripView(at: number): StripView {
  const waves = createWaves(7)
  const line = (kind: Parameters<typeof waves.next>[0], metric: string, of: { readonly unit: string; readonly scale: number; readonly rateHz: number; readonly seconds?: number; readonly fromMs?: number }) => {
    const { unit, scale, rateHz, seconds = 30, fromMs = -10_000 } = of
    const samples = Array.from(waves.next(kind, SIGNS, rateHz, seconds), (value) => Math.round(value / scale))
    return { at, device: 'monitor-7', metric, channel: '', unit, rateHz, scale, offset: 0, from: at + fromMs, samples }
  }
  return {
    lines: [
      line('ecg', 'MDC_ECG_ELEC_POTL_II', { unit: 'mV', scale: 0.005, rateHz: 250 }),
      line('pleth', 'MDC_PULS_OXIM_PLETH', { unit: '1', scale: 0.001, rateHz: 125, seconds: 14 }),
      line('pleth', 'MDC_PULS_OXIM_PLETH', { unit: '1', scale: 0.001, rateHz: 125, seconds: 13, fromMs: 7_000 }),
      line('art', 'MDC_PRESS_BLD_ART_ABP', { unit: 'mm[Hg]', scale: 0.1, rateHz: 125 }),
    ],
    damaged: 0,
    isCut: false,
  }
}

const LIVE = [
  { kind: 'ecg', metric: 'MDC_ECG_ELEC_POTL_II', unit: 'mV', scale: 0.005, rateHz: 250 },
  { kind: 'art', metric: 'MDC_PRESS_BLD_ART_ABP', unit: 'mm[Hg]', scale: 0.1, rateHz: 125 },
  { kind: 'pleth', metric: 'MDC_PULS_OXIM_PLETH', unit: '1', scale: 0.001, rateHz: 125 },
] as const

/** The live waveforms of a bed from ten seconds before: each call brings what came since the one before. Of bed 2 the pleth stops after a while. */
export function liveWaves(bed: string, startedAt: number): (now: number) => WavesView {
  const waves = createWaves(7)
  let told = startedAt - 10_000
  let isFirst = true
  return (now) => {
    const seconds = Math.floor((now - told) / 40) / 25
    const signals = LIVE.map(({ kind, metric, unit, scale, rateHz }): WaveSignal => {
      const samples = Array.from(waves.next(kind, SIGNS, rateHz, seconds), (value) => Math.round(value / scale))
      const isOver = bed === '2' && kind === 'pleth' && told > startedAt + 5_000
      return { key: metric, metric, channel: '', lines: isOver ? [] : [{ from: told, rateHz, scale, offset: 0, unit, follows: !isFirst, samples }] }
    })
    told += seconds * 1_000
    isFirst = false
    const isThere = bed === '7' || Number(bed) % 4 === 2
    return { bed, signals: isThere ? signals : [], more: isThere ? 1 : 0 }
  }
}

export function trendView(bed: number, scene: Scene, now: number): TrendView {
  if (bed % 12 === EMPTY_BED) return { series: [] }
  return {
    series: kitOf(bed).map((name) => {
      const { metric, label, unit, everyMs } = SIGNALS[name]
      const stepMs = Math.max(everyMs, 10_000)
      const { lateMs } = troubleOf(bed, name, scene)
      const t = Array.from({ length: Math.floor((7_200_000 - lateMs) / stepMs) }, (_, index) => now - (now % stepMs) - 7_200_000 + (index + 1) * stepMs)
      return { metric, label, unit, t, v: t.map((at, index) => (bed === 4 && index > 200 && index < 260 ? null : valueAt(name, bed, at, scene, now))) }
    }),
  }
}
