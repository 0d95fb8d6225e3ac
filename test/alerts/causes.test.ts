import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HUB_CONDITION, causeRowsOf, coveredOf, placesOf, rowsOf, spokenWith } from '../../src/alerts/causes.ts'
import { type Alert, isLost, LOST_MARK, type Priority, PRIORITIES, rankOf } from '../../src/domain/alert.ts'
import { gravestOf, isAcknowledged, isSounding, type Row, soundingOf, voicesOf } from '../../src/domain/alert-row.ts'
import { alertId, bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { alertLimits } from '../../src/limits.ts'
import { SILENCE_CONDITION } from '../../src/rules/silence.ts'

const BED = bedId('bed-1')
/** When all that is open has been seen. */
const LATER = wallMs(1_000_000)
let count = 0
function alert(condition: string, change: Partial<Alert> = {}): Alert {
  count++
  return {
    id: alertId(change.id ?? `a${count}`), bed: BED, stay: stayId('stay-1'), device: null, condition, state: 'active', priority: 'medium', type: 'physiological', text: condition,
    because: { rule: 'r', version: '1', inputs: [], limit: null, missing: [] }, startedAt: wallMs(count), changedAt: wallMs(count), acknowledged: null, audioPaused: null, ...change,
  }
}
const because = (metric: string, device = 'mon-1'): Alert['because'] => ({ rule: 'r', version: '1', inputs: [], limit: null, missing: [], sensors: [{ device: deviceId(device), metric }] })
const limit = (condition: string, metric: string, change: Partial<Alert> = {}): Alert => alert(condition, { because: because(metric), ...change })
const technical = (condition: string, metric: string, change: Partial<Alert> = {}): Alert => alert(condition, { type: 'technical', priority: 'low', because: because(metric), ...change })
const ofDevice = (condition: string, change: Partial<Alert> = {}): Alert => alert(condition, { stay: null, device: deviceId('mon-1'), type: 'technical', ...change })
const monitor = (id: string, name: string, text: string, change: Partial<Alert> = {}): Alert =>
  ofDevice(`monitor/${id}`, { type: 'physiological', text: `Monitor: ${text}`, because: { rule: 'monitor', version: '1', inputs: [{ name, value: text, unit: '', at: wallMs(0) }], limit: null, missing: [] }, ...change })

const SPO2 = 'MDC_PULS_OXIM_SAT_O2'
const HR = 'MDC_ECG_HEART_RATE'
const spo2Low = (change: Partial<Alert> = {}): Alert => limit('threshold/spo2-low', SPO2, change)
const monitorSpo2Low = (change: Partial<Alert> = {}): Alert => monitor('spo2', `MDC_EVT_LO of ${SPO2}`, 'SpO2 low', change)
const silent = (device = 'mon-1'): Alert => ofDevice(SILENCE_CONDITION, { device: deviceId(device) })
const lost = (one: Alert): Alert => ({ ...one, text: one.text + LOST_MARK })

const shown = (rows: readonly Row<Alert>[]): readonly string[] =>
  rows.map(({ head, others, carried }) => [head.condition, ...(others.length > 0 ? [`with ${others.map(({ condition }) => condition).join(', ')}`] : []), ...(carried.length > 0 ? [`carries ${carried.map(({ condition }) => condition).join(', ')}`] : [])].join(' '))

describe('cause groups', () => {
  it('leads off carry the breaths that are counted through them, and the words of the monitor stand in the same row', () => {
    const alerts = [
      technical('technical/rr-off', 'MDC_TTHOR_RESP_RATE'), technical(`silence/${HR}`, HR), monitor('inop', 'philips:274 of MDC_ECG_ELEC_POTL', 'ECG LEADS OFF', { type: 'technical', priority: 'low' }),
      monitor('flat', 'philips:300 of MDC_ECG_HEART_RATE', 'ECG flat line', { type: 'technical', priority: 'low' }), technical('technical/hr-off', HR),
    ]
    expect(shown(rowsOf(alerts))).toEqual([`monitor/inop with monitor/flat, technical/hr-off carries technical/rr-off, silence/${HR}`])
  })

  it('no beat that a device has measured is never carried by leads off, be it our word or the monitor\'s', () => {
    const asystole = limit('threshold/asystole', HR, { priority: 'high' })
    const monitors = monitor('asystole', `MDC_EVT_ECG_ASYSTOLE of ${HR}`, 'Asystole', { priority: 'high' })
    expect(shown(rowsOf([technical('technical/hr-off', HR), asystole]))).toEqual(['technical/hr-off', 'threshold/asystole'])
    expect(shown(rowsOf([technical('technical/hr-off', HR), monitors, asystole]))).toEqual(['threshold/asystole with monitor/asystole', 'technical/hr-off'])
  })

  it('a hub carries the beds that are silent and no more; a last word on a patient keeps his row', () => {
    const hub = alert(`${HUB_CONDITION}10.1.2.3`, {
      bed: null, stay: null, type: 'technical', because: { ...because('all'), sensors: ['mon-1', 'mon-2', 'mon-3'].map((device) => ({ device: deviceId(device), metric: 'all' })) },
    })
    const at = (number: number): Partial<Alert> => ({ bed: bedId(`bed-${number}`), stay: stayId(`stay-${number}`), device: null })
    const silentAt = (number: number): Alert => ({ ...silent(`mon-${number}`), bed: bedId(`bed-${number}`) })
    const lastWord = { ...lost(spo2Low({ priority: 'high', ...at(2) })), because: because(SPO2, 'mon-2') }
    const gone = { ...technical('technical/rr-off', 'MDC_TTHOR_RESP_RATE', at(3)), because: because('MDC_TTHOR_RESP_RATE', 'mon-3') }
    const all = [silentAt(1), silentAt(2), lastWord, silentAt(3), gone, silentAt(4), hub]
    expect(shown(causeRowsOf(all)).toSorted()).toEqual(['silence/device', 'silence/device with threshold/spo2-low', `${HUB_CONDITION}10.1.2.3 carries silence/device, silence/device, technical/rr-off`])
    expect(shown(rowsOf(all.toReversed())).toSorted()).toEqual(shown(rowsOf(all)).toSorted())
    // Acknowledged for itself at its bed, and the hub for itself.
    expect(spokenWith(all, hub.id, LATER)).toEqual([hub.id])
    expect(spokenWith(all, all[0]?.id ?? hub.id, LATER)).toEqual([all[0]?.id])
    // Over, it carries nothing any more.
    expect(causeRowsOf([silentAt(1), { ...hub, state: 'inactive' }])).toHaveLength(2)
  })

  it('what was last known before the probe came off speaks in the row of the probe, as loud as it was', () => {
    const [row, ...rest] = rowsOf([technical('technical/spo2-off', SPO2), lost(spo2Low({ priority: 'high' }))])
    if (!row) throw new Error('no row')
    expect(rest).toEqual([])
    expect(row.head.condition).toBe('technical/spo2-off')
    expect(gravestOf(row).priority).toBe('high')
    expect(isSounding(row)).toBe(true)
  })

  it('a silent device carries what its silence brings, and not what another device says', () => {
    const alerts = [
      silent(), technical('technical/spo2-off', SPO2), technical(`silence/${HR}`, HR), lost(limit('threshold/hr-high', HR)), monitor('battery', 'x', 'Battery low', { type: 'technical', priority: 'low' }),
      technical('technical/sbp-off', 'MDC_PRESS_BLD_NONINV_SYS', { because: because('MDC_PRESS_BLD_NONINV_SYS', 'cuff-1') }), ofDevice('technical/quarantine'),
    ]
    expect(shown(rowsOf(alerts))).toEqual([
      `${SILENCE_CONDITION} with threshold/hr-high carries technical/spo2-off, silence/${HR}, monitor/battery`, 'technical/sbp-off', 'technical/quarantine',
    ])
  })

  it('a consequence graver than its cause speaks, and one that stays when the cause is over is an alert of its own', () => {
    const cause = technical('technical/hr-off', HR)
    const breaths = technical('technical/rr-off', 'MDC_TTHOR_RESP_RATE', { priority: 'medium' })
    expect(shown(rowsOf([cause, breaths]))).toEqual(['technical/hr-off with technical/rr-off'])
    expect(shown(rowsOf([cause, { ...breaths, priority: 'low' }]))).toEqual(['technical/hr-off carries technical/rr-off'])
    expect(shown(rowsOf([breaths]))).toEqual(['technical/rr-off'])
  })

  it('one cause for each bed: rows never reach over two of them', () => {
    const there = { bed: bedId('bed-2'), stay: stayId('stay-2') }
    expect(rowsOf([silent(), lost(spo2Low()), lost(spo2Low(there))])).toHaveLength(2)
  })
})

describe('the monitor\'s own alarm and ours', () => {
  it('for the same variable and side share one row, headed by the graver', () => {
    expect(shown(rowsOf([spo2Low(), monitorSpo2Low()]))).toEqual(['threshold/spo2-low with monitor/spo2'])
    expect(shown(rowsOf([spo2Low(), monitorSpo2Low({ priority: 'high' })]))).toEqual(['monitor/spo2 with threshold/spo2-low'])
  })

  it('for another variable or the other side do not', () => {
    expect(causeRowsOf([limit('threshold/spo2-high', SPO2), monitorSpo2Low(), limit('threshold/hr-low', HR)])).toHaveLength(3)
  })

  it('one tap is for both, and the row is acknowledged when both are', () => {
    const [ours, theirs] = [spo2Low(), monitorSpo2Low()]
    expect(spokenWith([ours, theirs], ours.id, LATER)).toEqual([ours.id, theirs.id])
    expect(spokenWith([ours, theirs], theirs.id, LATER)).toEqual([ours.id, theirs.id])
    const acknowledged = { by: 'Ana', at: wallMs(1) }
    const rows = (one: Alert, other: Alert): boolean => rowsOf([one, other]).every(isAcknowledged)
    expect(rows({ ...ours, acknowledged }, theirs)).toBe(false)
    expect(rows({ ...ours, acknowledged }, { ...theirs, acknowledged })).toBe(true)
  })

  it('a tap is not for what came into the row while the finger was on its way', () => {
    const [tapped, came] = [spo2Low(), limit('threshold/hr-high', HR, { priority: 'high', startedAt: wallMs(10_000) })]
    for (const laterMs of [-1, 0, alertLimits.tapAimMs - 1]) expect(spokenWith([tapped, came], tapped.id, wallMs(10_000 + laterMs))).toEqual([tapped.id])
    expect(spokenWith([tapped, came], came.id, wallMs(10_001))).toEqual([came.id, tapped.id])
    expect(spokenWith([tapped, came], tapped.id, wallMs(10_000 + alertLimits.tapAimMs))).toEqual([came.id, tapped.id])
  })

  it('a tap on what is carried is for that alone', () => {
    const breaths = technical('technical/rr-off', 'MDC_TTHOR_RESP_RATE')
    expect(spokenWith([technical('technical/hr-off', HR), breaths], breaths.id, LATER)).toEqual([breaths.id])
  })

  it('silencing at the bedside quiets the row here, not what is graver than the alarm that was silenced, and not for ever', () => {
    const bedside = { how: 'audio-paused', at: wallMs(1) } as const
    const sounds = (ours: Partial<Alert>, over: boolean): boolean => rowsOf([spo2Low(ours), monitorSpo2Low({ bedside: over ? { ...bedside, isOver: true } : bedside })]).some(isSounding)
    expect(sounds({}, false)).toBe(false)
    expect(sounds({ priority: 'high' }, false)).toBe(true)
    expect(sounds({}, true)).toBe(true)
  })

  it('silencing at the bedside quiets what was silenced there, and nothing else that is wrong with the patient', () => {
    const bedside = { how: 'alert-acknowledged', at: wallMs(1) } as const
    const fast = [limit('threshold/hr-high', HR), monitor('hr', `MDC_EVT_HI of ${HR}`, 'HR high', { priority: 'high', bedside })]
    expect(rowsOf(fast).flatMap(soundingOf)).toEqual([])
    expect(rowsOf([...fast, spo2Low()]).flatMap(soundingOf).map(({ condition }) => condition)).toEqual(['threshold/spo2-low'])
  })

  it('what was silenced at the bedside and is over there quiets nothing that comes after it', () => {
    const over = monitorSpo2Low({ priority: 'high', state: 'latched', bedside: { how: 'alert-acknowledged', at: wallMs(1) } })
    expect(rowsOf([over, spo2Low()]).flatMap(soundingOf).map(({ condition }) => condition)).toEqual(['threshold/spo2-low'])
  })

  it('ends when both are over: what is latched stands, and is not heard', () => {
    const [row] = rowsOf([monitorSpo2Low({ state: 'latched', priority: 'high' })])
    expect(row && soundingOf(row)).toEqual([])
    expect(shown(rowsOf([spo2Low(), monitorSpo2Low({ state: 'latched', priority: 'high' })]))).toEqual(['monitor/spo2 with threshold/spo2-low'])
  })
})

describe('any alerts, in any order', () => {
  const priority = fc.constantFrom<Priority>(...PRIORITIES)
  const state = fc.constantFrom('active', 'latched')
  const one = fc.record({
    kind: fc.constantFrom('spo2Low', 'hrLow', 'asystole', 'spo2Lost', 'hrLost', 'hrOff', 'rrOff', 'spo2Off', 'hrSilent', 'prSilent', 'silent1', 'silent2', 'mSpo2', 'mAsystole', 'mLeads', 'mProbe', 'quarantine', 'news2'),
    priority, state, acknowledged: fc.boolean(), bed: fc.constantFrom('bed-1', 'bed-2'), device: fc.constantFrom('mon-1', 'mon-2'), startedAt: fc.nat(20),
  })
  type One = typeof one extends fc.Arbitrary<infer Value> ? Value : never
  function made({ kind, priority: grave, state: how, acknowledged, bed, device, startedAt }: One, index: number): Alert {
    const change: Partial<Alert> = {
      id: alertId(`x${index}`), priority: grave, state: how === 'latched' ? 'latched' : 'active', bed: bedId(bed), startedAt: wallMs(startedAt), acknowledged: acknowledged ? { by: 'Ana', at: wallMs(1) } : null,
    }
    const own = { ...change, device: deviceId(device) }
    const rests = (metric: string) => ({ ...change, because: because(metric, device) })
    switch (kind) {
      case 'spo2Low': return spo2Low(rests(SPO2))
      case 'hrLow': return limit('threshold/hr-low', HR, rests(HR))
      case 'asystole': return limit('threshold/asystole', HR, rests(HR))
      case 'spo2Lost': return lost(spo2Low(rests(SPO2)))
      case 'hrLost': return lost(limit('threshold/hr-high', HR, rests(HR)))
      case 'hrOff': return technical('technical/hr-off', HR, rests(HR))
      case 'rrOff': return technical('technical/rr-off', HR, rests('MDC_TTHOR_RESP_RATE'))
      case 'spo2Off': return technical('technical/spo2-off', SPO2, rests(SPO2))
      case 'hrSilent': return technical(`silence/${HR}`, HR, rests(HR))
      case 'prSilent': return technical('silence/pr', HR, rests('MDC_PULS_OXIM_PULS_RATE'))
      case 'silent1': return ofDevice(SILENCE_CONDITION, { ...change, device: deviceId('mon-1') })
      case 'silent2': return ofDevice(SILENCE_CONDITION, { ...change, device: deviceId('mon-2') })
      case 'mSpo2': return monitorSpo2Low(own)
      case 'mAsystole': return monitor('as', `MDC_EVT_ECG_ASYSTOLE of ${HR}`, 'Asystole', own)
      case 'mLeads': return monitor('leads', 'philips:274 of MDC_ECG_ELEC_POTL', 'ECG LEADS OFF', { ...own, type: 'technical' })
      case 'mProbe': return monitor('probe', 'draeger:35', 'SPO2-SENSOR', { ...own, type: 'technical' })
      case 'quarantine': return ofDevice('technical/quarantine', own)
      case 'news2': return alert('news2/total', change)
    }
  }
  const many = fc.array(one, { maxLength: 14 }).map((all) => all.map(made))
  const inWords = (rows: readonly Row<Alert>[]): readonly string[] => rows.map(({ head, others, carried }) => `${head.id} | ${others.map(({ id }) => id).join()} | ${carried.map(({ id }) => id).join()}`).toSorted()

  it('each stands in exactly one row, and the order in which they came changes nothing', () => {
    fc.assert(fc.property(many.chain((alerts) => fc.tuple(fc.constant(alerts), fc.shuffledSubarray(alerts, { minLength: alerts.length }))), ([alerts, shuffled]) => {
      const rows = rowsOf(alerts)
      expect(rows.flatMap((row) => [...voicesOf(row), ...row.carried]).map(({ id }) => id).toSorted()).toEqual(alerts.map(({ id }) => id).toSorted())
      expect(inWords(rowsOf(shuffled))).toEqual(inWords(rows))
    }))
  })

  it('nothing of the patient is ever carried; what is measured and active never stands under a technical head', () => {
    fc.assert(fc.property(many, (alerts) => {
      const silentDevices = new Set(alerts.filter(({ condition, state: how }) => condition === SILENCE_CONDITION && how === 'active').map(({ device }) => device))
      for (const row of rowsOf(alerts)) {
        for (const { type } of row.carried) expect(type).not.toBe('physiological')
        for (const voice of row.others) {
          const isLastKnown = isLost(voice) || (voice.device !== null && silentDevices.has(voice.device))
          if (voice.type === 'physiological' && voice.state === 'active' && !isLastKnown) expect(row.head.type).toBe('physiological')
        }
      }
    }))
  })

  it('a row is never quieter than what it carries, and who speaks unheard sounds', () => {
    fc.assert(fc.property(many, (alerts) => {
      for (const row of rowsOf(alerts)) {
        for (const { priority: its } of row.carried) expect(rankOf(its)).toBeLessThanOrEqual(rankOf(gravestOf(row).priority))
        const heard = voicesOf(row).filter(({ state: how, acknowledged }) => how === 'active' && acknowledged === null)
        expect(soundingOf(row).map(({ id }) => id).toSorted()).toEqual(heard.map(({ id }) => id).toSorted())
      }
    }))
  })

  it('nobody is called for what stands in a row that calls as loud already, and a head is always called for', () => {
    fc.assert(fc.property(many, (alerts) => {
      const rows = rowsOf(alerts)
      const [covered, places] = [coveredOf(rows), placesOf(rows)]
      for (const row of rows) {
        expect(covered.has(row.head.id)).toBe(false)
        const called = voicesOf(row).filter(({ id }) => !covered.has(id)).map(({ priority: its }) => rankOf(its))
        for (const { id, priority: its } of [...row.others, ...row.carried].filter(({ id: other }) => covered.has(other))) {
          expect(places.get(id)?.of).toBe(row.head.id)
          expect(rankOf(its)).toBeLessThanOrEqual(Math.max(...called))
        }
      }
    }))
  })
})

describe('a patient who gets worse', () => {
  const score = (condition: string, change: Partial<Alert> = {}): Alert => alert(condition, change)

  it('is one row: limits, the score that counts them and the prompt that rests on it, the gravest first', () => {
    const alerts = [limit('threshold/rr-low', 'MDC_TTHOR_RESP_RATE'), spo2Low(), score('sepsis/screen'), score('news2/deterioration', { priority: 'high' })]
    expect(shown(rowsOf(alerts))).toEqual(['news2/deterioration with threshold/rr-low, threshold/spo2-low, sepsis/screen'])
  })

  it('stands with what nobody has acknowledged in front, among equals', () => {
    const known = limit('threshold/hr-high', HR, { acknowledged: { by: 'anna', at: wallMs(1) } })
    expect(shown(rowsOf([known, spo2Low()]))).toEqual(['threshold/spo2-low with threshold/hr-high'])
  })

  it('never draws in a heart that stands still, nor what no score counts', () => {
    const alerts = [spo2Low(), score('news2/deterioration', { priority: 'high' }), limit('threshold/asystole', HR, { priority: 'high' }), limit('threshold/etco2-high', 'MDC_AWAY_CO2_ET')]
    expect(shown(rowsOf(alerts)).toSorted()).toEqual(['news2/deterioration with threshold/spo2-low', 'threshold/asystole', 'threshold/etco2-high'])
  })
})
