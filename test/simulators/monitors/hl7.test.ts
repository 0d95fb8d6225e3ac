import fc from 'fast-check'
import { Message } from 'node-hl7-client'
import { describe, expect, it } from 'vitest'
import { type Hl7Sender, hl7Composer, type Hl7Style, hl7Text } from '../../../simulators/monitors/hl7.ts'
import { createPatient, type Moment, type Signs } from '../../../simulators/patients/patient.ts'
import { parseScenario, SCENARIO_NAMES } from '../../../simulators/patients/scenarios.ts'

const AT = Date.UTC(2026, 2, 4, 5, 6, 7)
const sender = (style: Hl7Style, change: Partial<Hl7Sender> = {}): Hl7Sender => ({
  device: 'monitor-1', style, patient: { mrn: 'DEMO-0001', name: 'Alma Maria Birch' }, location: { unit: 'WARD', bed: 'bed-1' }, ...change,
})

/** The message of second `second`, all before it composed as well. */
function messageAt(style: Hl7Style, scenario: string, second: number, change: Partial<Hl7Sender> = {}): { readonly moment: Moment; readonly text: string } {
  const parsed = parseScenario(scenario)
  if (parsed === null) throw new Error(scenario)
  const patient = createPatient(11, 'bed-1', parsed)
  const composer = hl7Composer(sender(style, change))
  for (;;) {
    const moment = patient.next()
    const { bytes } = composer.compose(moment, AT + moment.second * 1_000)
    if (moment.second === second) return { moment, text: new TextDecoder().decode(bytes) }
  }
}

/** OBX rows as an independent parser sees them, by reference id. */
type Obx = { readonly type: string; readonly code: string; readonly channel: string; readonly value: string; readonly unit: string; readonly status: string; readonly at: string }
function rowsOf(text: string): ReadonlyMap<string, Obx> {
  const rows = new Map<string, Obx>()
  for (const segment of new Message({ text }).get('OBX').toArray()) {
    const field = (path: string): string => segment.get(`OBX.${path}`).toString()
    rows.set(field('3.2'), { type: field('2'), code: field('3.1'), channel: field('4'), value: field('5'), unit: field('6.2'), status: field('11'), at: field('14') })
  }
  return rows
}

const EXPECTED = {
  MDC_ECG_HEART_RATE: (signs: Signs) => signs.heartRate,
  MDC_RESP_RATE: (signs: Signs) => signs.breaths,
  MDC_PULS_OXIM_SAT_O2: (signs: Signs) => signs.saturation,
  MDC_PULS_OXIM_PULS_RATE: (signs: Signs) => signs.pulse,
  MDC_BLD_PERF_INDEX: (signs: Signs) => signs.perfusion,
  MDC_TEMP: (signs: Signs) => signs.temperature,
} as const

describe('an HL7 monitor', () => {
  it('sends what the patient shows, as an independent parser reads it', () => {
    fc.assert(
      fc.property(fc.constantFrom<Hl7Style>('accept', 'application'), fc.constantFrom(...SCENARIO_NAMES), fc.integer({ min: 0, max: 400 }), (style, scenario, second) => {
        const { moment, text } = messageAt(style, `${scenario}@100`, second)
        const rows = rowsOf(text)
        for (const [reference, pick] of Object.entries(EXPECTED)) {
          const sign = pick(moment.signs)
          const row = rows.get(reference)
          if (sign.kind === 'value') {
            expect(row, reference).toMatchObject({ type: 'NM', status: 'R' })
            expect(Number(row?.value), reference).toBe(sign.value)
          } else if (style === 'accept') expect(row, reference).toMatchObject({ value: '', status: 'X' })
          else expect(row, reference).toBeUndefined()
        }
      }),
      { numRuns: 60 },
    )
  })

  it('says who, where and when in the places of PCD-01', () => {
    const message = new Message({ text: messageAt('accept', 'stable', 0).text })
    const at = (path: string): string => message.get(path).toString()
    expect(at('MSH.3.1')).toBe('monitor-1')
    expect(at('MSH.3.2')).toMatch(/^02A037FFFE[0-9A-F]{6}$/)
    expect(at('MSH.3.3')).toBe('EUI-64')
    expect(at('MSH.7')).toBe('20260304050607.0000+0000')
    expect([at('MSH.9.1'), at('MSH.9.2'), at('MSH.9.3')]).toEqual(['ORU', 'R01', 'ORU_R01'])
    expect([at('MSH.10'), at('MSH.11'), at('MSH.12')]).toEqual(['1', 'P', '2.6'])
    expect([at('PID.3.1'), at('PID.5.1'), at('PID.5.2')]).toEqual(['DEMO-0001', 'Birch', 'Alma Maria'])
    expect([at('PV1.3.1'), at('PV1.3.3')]).toEqual(['WARD', 'bed-1'])
    expect(at('OBR.7')).toBe('20260304050607.0000+0000')
  })

  it('asks for accept acknowledgements in one dialect and for application acknowledgements in the other', () => {
    const modes = (['accept', 'application'] as const).map((style) => {
      const message = new Message({ text: messageAt(style, 'stable', 0).text })
      return [message.get('MSH.15').toString(), message.get('MSH.16').toString()]
    })
    expect(modes).toEqual([['AL', 'NE'], ['NE', 'AL']])
  })

  it('states the same instant in its own zone', () => {
    expect(new Message({ text: messageAt('application', 'stable', 0).text }).get('MSH.7').toString()).toBe('20260304060607+0100')
  })

  it('names its parts in rows of their own, each before what it measures', () => {
    const { text } = messageAt('application', 'stable', 60)
    const places = text.split('\r').filter((line) => line.startsWith('OBX|')).map((line) => line.split('|')[4] ?? '')
    expect(places[0]).toBe('1.0.0.0')
    expect(new Set(places).size).toBe(places.length)
    for (const place of places) {
      const [mds, vmd, channel, metric] = place.split('.')
      if (channel !== '0' && metric !== '0') expect(places.indexOf(`${mds}.${vmd}.0.0`)).toBeLessThan(places.indexOf(place))
    }
    const setIds = text.split('\r').filter((line) => line.startsWith('OBX|')).map((line) => Number(line.split('|')[1]))
    expect(setIds).toEqual(setIds.map((_, index) => index + 1))
    const devices = text.split('\r').filter((line) => line.includes('^MDC_DEV_'))
    for (const line of devices) expect(line).toMatch(/^OBX\|\d+\|\|\d+\^MDC_DEV_\w+\^MDC\|[\d.]+\|\|{6}X$/)
  })

  it('sends a standing heart as the value zero', () => {
    const { text } = messageAt('accept', 'asystole@10', 30)
    expect(rowsOf(text).get('MDC_ECG_HEART_RATE')).toMatchObject({ value: '0', status: 'R' })
    expect(rowsOf(text).get('MDC_PULS_OXIM_SAT_O2')).toMatchObject({ value: '', status: 'X' })
  })

  it('repeats the last cuff value with its own, older time in one dialect', () => {
    const { moment, text } = messageAt('accept', 'stable', 200)
    const cuff = moment.signs.cuff
    expect(cuff).not.toBeNull()
    const at = new Date(AT + (cuff?.second ?? 0) * 1_000).toISOString().replace(/[-:T]|\.\d+Z/g, '')
    expect(rowsOf(text).get('MDC_PRESS_CUFF_SYS')).toMatchObject({ at, value: String(cuff?.systolic.kind === 'value' ? cuff.systolic.value : '') })
  })

  it('sends each cuff value once in the other', () => {
    const patient = createPatient(11, 'bed-1', { name: 'stable', delayS: 0 })
    const composer = hl7Composer(sender('application'))
    const withCuff = Array.from({ length: 700 }, () => patient.next()).filter((moment) => {
      const rows = rowsOf(new TextDecoder().decode(composer.compose(moment, AT).bytes))
      return rows.has('MDC_PRESS_BLD_NONINV_SYS')
    })
    expect(withCuff.map((moment) => moment.second)).toEqual(withCuff.map((moment) => moment.signs.cuff?.second))
    expect(withCuff).toHaveLength(3)
  })

  it('lists as values exactly the rows that carry one', () => {
    const patient = createPatient(3, 'bed-1', { name: 'leads-off', delayS: 0 })
    const { bytes, values } = hl7Composer(sender('accept')).compose(patient.next(), AT)
    const rows = [...rowsOf(new TextDecoder().decode(bytes))].filter(([, row]) => row.type === 'NM' && row.value !== '')
    expect(values).toEqual(rows.map(([metric, row]) => ({ metric, value: Number(row.value) })))
  })

  it('escapes the delimiters of HL7 in names', () => {
    const { text } = messageAt('accept', 'stable', 0, { patient: { mrn: 'A|B^C', name: 'An&na\rB~ir\\ch' } })
    expect(text).toContain('PID|||A\\F\\B\\S\\C^^^Vigil Demo^PI||B\\R\\ir\\E\\ch^An\\T\\na^^^^^L\r')
  })

  it('sends no patient and no bed where it knows none', () => {
    const lines = hl7Text({ sender: sender('accept', { patient: null, location: null }), controlId: 'x', sentAt: AT, observedAt: AT, rows: [] }).split('\r')
    expect(lines[1]).toBe('PID|||^^^Vigil Demo^PI||^^^^^^L')
    expect(lines[2]).toBe('PV1||I')
  })

  it('counts its messages from 1, and from 1 again after a restart', () => {
    const patient = createPatient(3, 'bed-1', { name: 'stable', delayS: 0 })
    const composer = hl7Composer(sender('accept'))
    const ids = [composer.compose(patient.next(), AT).id, composer.compose(patient.next(), AT).id]
    composer.restart(2)
    expect([...ids, composer.compose(patient.next(), AT).id]).toEqual(['1', '2', '1'])
  })
})
