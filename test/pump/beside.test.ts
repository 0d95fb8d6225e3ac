/** What a nurse sees of a storm at one bed, with the real rules: rows counted, and nothing missed. */

import { describe, expect, it } from 'vitest'
import { rowsOf } from '../../src/alerts/causes.ts'
import type { Alert } from '../../src/domain/alert.ts'
import { isAcknowledged, isSounding } from '../../src/domain/alert-row.ts'
import type { DeviceAlarm } from '../../src/domain/reading.ts'
import { alertLimits } from '../../src/limits.ts'
import { AlertPlaces } from '../../src/pump/alert-places.ts'
import { fakeClock } from '../fakes/clock.ts'
import type { Message } from './fixture.ts'
import { realWard } from './stay-ward.ts'

const SPO2 = 'MDC_PULS_OXIM_SAT_O2'
const RESP = 'MDC_TTHOR_RESP_RATE'
const LOW: Partial<DeviceAlarm> = { priority: 'medium', text: 'SpO2 low' }
const OVER: Partial<DeviceAlarm> = { ...LOW, phase: 'end', state: 'inactive' }
const LEADS: Partial<DeviceAlarm> = { id: 'inop', code: 'philips:274', source: 'MDC_ECG_ELEC_POTL', text: 'ECG LEADS OFF', type: 'technical', priority: 'low' }

function bedside(of: Parameters<typeof realWard>[0] = {}) {
  const ward = realWard(of)
  const monitor = ward.connect('mon-1')
  /** The monitor says `message` each second for so long. */
  const lasts = async (seconds: number, message: Message): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await ward.clock.pass(1_000)
      monitor.say(message)
      ward.pump.tick()
    }
  }
  /** Nobody says anything. */
  const silent = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await ward.clock.pass(1_000)
      ward.pump.tick()
    }
  }
  const open = (): readonly Alert[] => [...ward.pump.lifecycle.open.values()]
  const conditions = (): readonly string[] => open().map(({ condition }) => condition).toSorted()
  return { ...ward, say: (message: Message) => monitor.say(message), lasts, silent, open, conditions, rows: () => rowsOf(open()) }
}
const well: Message = { hr: 80, values: { [SPO2]: 97, [RESP]: 16 } }
const at88: Message = { hr: 80, values: { [SPO2]: 88, [RESP]: 16 } }

describe('leads off', () => {
  it('are one row, whatever else has no value because of them, and say what they carry', async () => {
    const bed = bedside()
    await bed.lasts(20, well)
    await bed.lasts(1, { hr: 'absent', values: { [SPO2]: 97, [RESP]: 'lead-off' }, alarms: [LEADS] })
    await bed.lasts(240, { hr: 'absent', values: { [SPO2]: 97, [RESP]: 'lead-off' } })
    expect(bed.conditions()).toEqual(['monitor/inop', 'technical/hr-off', 'technical/rr-off'])
    expect(bed.rows()).toHaveLength(1)
    expect(bed.rows()[0]?.head.condition).toBe('technical/hr-off')
    expect(bed.rows()[0]?.carried.map(({ text }) => text)).toEqual(['RR: lead off'])
    await bed.lasts(2, { ...well, alarms: [{ ...LEADS, phase: 'end', state: 'inactive' }] })
    // They hold for half a minute, then it is over.
    await bed.lasts(32, well)
    expect(bed.open()).toEqual([])
  })

  it('do not hide a heart rate of 0 that the device measures', async () => {
    const bed = bedside()
    await bed.lasts(20, { ...well, alarms: [LEADS] })
    await bed.lasts(3, { hr: 0, values: { [SPO2]: 97, [RESP]: 'lead-off' } })
    const head = bed.rows().find(({ head: { condition } }) => condition === 'threshold/asystole')
    expect(head && isSounding(head)).toBe(true)
  })
})

describe('a desaturation that the monitor alarms about too', () => {
  it('is one row and one alert: ours leaves the word to the monitor', async () => {
    const bed = bedside()
    await bed.lasts(20, well)
    await bed.lasts(5, at88)
    await bed.lasts(1, { ...at88, alarms: [LOW] })
    await bed.lasts(120, at88)
    expect(bed.conditions()).toEqual(['monitor/a1'])
    expect(bed.rows()).toHaveLength(1)
  })

  it('is ours again soon after the monitor says no more, although it goes on, under the id of its onset', async () => {
    const bed = bedside()
    await bed.lasts(20, well)
    await bed.lasts(1, at88)
    const [pending] = [...bed.pump.beds.values()].flatMap(({ stay }) => (stay ? bed.pump.lifecycle.pendingOf(stay.id) : []))
    await bed.lasts(1, { ...at88, alarms: [LOW] })
    await bed.lasts(60, at88)
    await bed.lasts(1, { ...at88, alarms: [OVER] })
    await bed.lasts(alertLimits.monitorGraceMs / 1_000 - 1, at88)
    expect(bed.conditions()).toEqual([])
    await bed.lasts(2, at88)
    expect(bed.open()).toMatchObject([{ condition: 'threshold/spo2-low', id: pending?.id, onsetAt: pending?.onsetAt }])
  })

  it('is said by us a few seconds later where the monitor, whose limit may be wider, says nothing', async () => {
    const bed = bedside()
    await bed.lasts(20, { ...well, quiet: [] })
    await bed.lasts(16 + alertLimits.monitorGraceMs / 1_000 - 1, { ...at88, quiet: [] })
    expect(bed.conditions()).toEqual([])
    await bed.lasts(2, { ...at88, quiet: [] })
    expect(bed.conditions()).toEqual(['threshold/spo2-low'])
  })

  it.each<[string, Message]>([['never said an alarm', {}], ['has its alarms off', { quiet: ['alarm-off'] }], ['has its alarms paused', { quiet: ['alarm-paused'] }]])(
    'is said at once beside a monitor that %s',
    async (_what, how) => {
      const bed = bedside()
      await bed.lasts(20, { ...well, ...how })
      await bed.lasts(17, { ...at88, ...how })
      expect(bed.conditions()).toEqual(['threshold/spo2-low'])
    },
  )

  it('is said at once beside a monitor that has said nothing of its alarms for a day', async () => {
    const said = async (heardAgoMs: number): Promise<readonly string[]> => {
      const bed = bedside()
      await bed.lasts(5, { ...well, quiet: [] })
      await bed.clock.pass(heardAgoMs - 22_000)
      await bed.lasts(5, well)
      await bed.lasts(17, at88)
      return bed.conditions()
    }
    expect(await said(alertLimits.monitorHeardMs)).toEqual(['threshold/spo2-low'])
    expect(await said(alertLimits.monitorHeardMs - 2_000)).toEqual([])
  })

  it('is said at once when it is of high priority: two words in one row, and one tap for both', async () => {
    const bed = bedside()
    await bed.lasts(20, { ...well, quiet: [] })
    await bed.lasts(1, { hr: 80, values: { [SPO2]: 78 }, alarms: [LOW] })
    await bed.lasts(20, { hr: 80, values: { [SPO2]: 78 } })
    expect(bed.conditions()).toEqual(['monitor/a1', 'threshold/spo2-low'])
    const [row] = bed.rows()
    expect(bed.rows()).toHaveLength(1)
    expect(row?.head).toMatchObject({ condition: 'threshold/spo2-low', priority: 'high' })
    bed.pump.acknowledge(row?.head.id ?? bed.open()[0]?.id ?? raise(), 'Ana')
    expect(bed.open().map(({ acknowledged }) => acknowledged?.by)).toEqual(['Ana', 'Ana'])
    expect(bed.rows().every(isAcknowledged)).toBe(true)
  })

  it('is said by both at once where the ward wants that, in one row', async () => {
    const bed = bedside({ site: 'alerts: { besideMonitor: both }\n' })
    await bed.lasts(20, well)
    await bed.lasts(1, { ...at88, alarms: [LOW] })
    await bed.lasts(20, at88)
    expect(bed.conditions()).toEqual(['monitor/a1', 'threshold/spo2-low'])
    expect(bed.rows()).toHaveLength(1)
  })

  it('is quiet here while somebody has silenced it at the bedside, is shown, and sounds again afterwards', async () => {
    const bed = bedside({ site: 'alerts: { besideMonitor: both }\n' })
    await bed.lasts(20, well)
    await bed.lasts(1, { ...at88, alarms: [LOW] })
    await bed.lasts(20, at88)
    expect(bed.rows().map(isSounding)).toEqual([true])
    await bed.lasts(5, { ...at88, alarms: [{ ...LOW, phase: 'update', inactivation: ['audio-paused'] }] })
    expect(bed.rows().map(isSounding)).toEqual([false])
    expect(bed.open().some(({ bedside: quiet }) => quiet?.how === 'audio-paused')).toBe(true)
    await bed.lasts(1, { ...at88, alarms: [{ ...LOW, phase: 'update' }] })
    expect(bed.rows().map(isSounding)).toEqual([true])
  })

  it('which nobody can say any more was silenced, because the monitor fell silent, sounds', async () => {
    const bed = bedside()
    await bed.lasts(20, well)
    await bed.lasts(5, { ...at88, alarms: [{ ...LOW, inactivation: ['audio-paused'] }] })
    expect(bed.rows().some(isSounding)).toBe(false)
    await bed.silent(15)
    expect(bed.rows().some((row) => [row.head, ...row.others].some(({ condition }) => condition === 'monitor/a1') && isSounding(row))).toBe(true)
  })

  it('of which the data is lost while ours is held back, is said as the last that was known', async () => {
    const bed = bedside()
    await bed.lasts(20, { ...well, quiet: [] })
    await bed.lasts(18, { ...at88, quiet: [] })
    await bed.lasts(1, { hr: 80, values: { [SPO2]: 'probe-off' }, quiet: [] })
    expect(bed.open()).toMatchObject([{ condition: 'threshold/spo2-low', text: 'SpO₂ 88 % below 90 (last known; data lost)' }])
  })
})

describe('a limit in its delay', () => {
  it('is pending from its onset, and gone without a word when it clears within the delay', async () => {
    const bed = bedside()
    await bed.lasts(20, well)
    await bed.lasts(5, at88)
    const pending = () => [...bed.pump.beds.values()].flatMap(({ stay }) => (stay ? bed.pump.lifecycle.pendingOf(stay.id) : []))
    expect(pending()).toMatchObject([{ condition: 'threshold/spo2-low', priority: 'medium', text: 'SpO₂ 88 % below 90' }])
    expect((pending()[0]?.dueAt ?? 0) - bed.pump.now().wall).toBe(11_000)
    const events = bed.published.length
    await bed.lasts(5, well)
    expect(pending()).toEqual([])
    expect(bed.published).toHaveLength(events)
  })
})

describe('a cable that is pulled', () => {
  it('is one row: what was last known of the patient stands in it', async () => {
    const bed = bedside()
    await bed.lasts(20, well)
    await bed.lasts(20, at88)
    expect(bed.conditions()).toEqual(['threshold/spo2-low'])
    await bed.silent(180)
    expect(bed.conditions()).toEqual(['silence/device', 'threshold/spo2-low'])
    expect(bed.rows()).toHaveLength(1)
    expect(bed.rows()[0]?.others.map(({ text }) => text)).toEqual(['SpO₂ 88 % below 90 (last known; data lost)'])
  })
})

describe('over a restart', () => {
  it('rows, ids and acknowledgements are what they were', async () => {
    const clock = fakeClock()
    const bed = bedside({ clock })
    await bed.lasts(20, well)
    await bed.lasts(1, { hr: 80, values: { [SPO2]: 78 }, alarms: [LOW] })
    await bed.lasts(30, { hr: 80, values: { [SPO2]: 78 } })
    bed.pump.acknowledge(bed.rows()[0]?.head.id ?? raise(), 'Ana')
    await bed.pump.close()
    const after = bedside({ clock, ticks: bed.ticks })
    const inWords = (rows: ReturnType<typeof bed.rows>) => rows.map(({ head, others, carried }) => ({ head, others, carried }))
    expect(inWords(after.rows())).toEqual(inWords(bed.rows()))
    expect(after.rows()).toHaveLength(1)
    await after.lasts(5, { hr: 80, values: { [SPO2]: 78 } })
    expect(after.rows().map(({ head: { id } }) => id)).toEqual(bed.rows().map(({ head: { id } }) => id))
    expect(after.rows().every(isAcknowledged)).toBe(true)
  })
})

it('whoever shows alerts is told of those that came into another row, and no others', async () => {
  const bed = bedside({ site: 'alerts: { besideMonitor: both }\n' })
  await bed.lasts(20, well)
  await bed.lasts(20, at88)
  const places = new AlertPlaces(() => bed.pump.lifecycle.open.values())
  const [ours] = bed.open()
  if (!ours) throw raise()
  expect(places.of(ours)).toBeNull()
  const before = bed.published.length
  await bed.lasts(1, { ...at88, alarms: [{ ...LOW, priority: 'high' }] })
  expect(places.changed(bed.published.slice(before))).toEqual([ours.id])
  expect(places.of(ours)).toMatchObject({ as: 'with' })
  expect(places.changed(bed.published.slice(before))).toEqual([])
})

function raise(): never {
  throw new Error('no alert')
}
