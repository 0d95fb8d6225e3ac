import { describe, expect, test } from 'vitest'
import { METRICS } from '../../src/domain/metrics.ts'
import { cellTitle, isOfOneTime, judgeValues, leadOf, pressureSlot, SLOT_METRICS, slotValue } from '../../src/web/slots.ts'
import { bed, moment, T, value } from './fixtures.ts'

const judge = (...values: readonly ReturnType<typeof value>[]) => judgeValues(bed('1', { values }), undefined, moment())
const absent = { value: { kind: 'absent', reason: 'lead-off' } } as const

describe('the place of a number on the tile', () => {
  test('belongs to the ECG as long as it has a number, then to the pulse', () => {
    const ecg = value('MDC_ECG_HEART_RATE')
    const pulse = value('MDC_PULS_OXIM_PULS_RATE')
    expect(slotValue(judge(pulse, ecg), 'hr')?.value).toBe(ecg)
    expect(slotValue(judge(pulse, { ...ecg, ...absent }), 'hr')?.value).toBe(pulse)
    expect(slotValue(judge(pulse, { ...ecg, at: T - 20_000 }), 'hr')?.value).toBe(pulse)
  })

  test('shows the reason when no source has a number', () => {
    expect(slotValue(judge(value('MDC_ECG_HEART_RATE', absent)), 'hr')?.value.value).toEqual(absent.value)
  })

  test('shows a reason that is fresh rather than a number that is gone', () => {
    const gone = value('MDC_PULS_OXIM_PULS_RATE', { at: T - 120_000 })
    expect(slotValue(judge(value('MDC_ECG_HEART_RATE', absent), gone), 'hr')?.value.metric).toBe('MDC_ECG_HEART_RATE')
  })

  test('is empty when nothing feeds it', () => {
    expect(slotValue(judge(value('MDC_TEMP')), 'hr')).toBeNull()
  })

  test('names only metrics that exist', () => {
    const known = new Set(METRICS.map(({ id }) => id))
    for (const metrics of Object.values(SLOT_METRICS)) for (const metric of metrics) expect(known).toContain(metric)
  })

  test('has a short title', () => {
    expect([cellTitle('rr', 'RR imp'), cellTitle('hr', 'PR'), cellTitle('temperature', 'T core')]).toEqual(['RR', 'PR', 'T core'])
  })
})

describe('blood pressure', () => {
  const cuff = [value('MDC_PRESS_BLD_NONINV_SYS', { label: 'NIBP s' }), value('MDC_PRESS_BLD_NONINV_DIA', { label: 'NIBP d' })]

  test('comes from the arterial line while it has numbers, else from the cuff', () => {
    const line = value('MDC_PRESS_BLD_ART_ABP_SYS', { label: 'ABP s' })
    expect(pressureSlot(judge(...cuff, line))?.label).toBe('ABP')
    expect(pressureSlot(judge(...cuff, { ...line, ...absent }))?.label).toBe('NIBP')
  })

  test('never mixes the parts of two sources', () => {
    const pressure = pressureSlot(judge(...cuff, value('MDC_PRESS_BLD_ART_ABP_DIA', { label: 'ABP d', at: T - 20_000 })))
    expect([pressure?.sys?.value.metric, pressure?.dia?.value.metric]).toEqual(['MDC_PRESS_BLD_NONINV_SYS', 'MDC_PRESS_BLD_NONINV_DIA'])
  })

  test('says when its parts were not measured together', () => {
    const together = pressureSlot(judge(...cuff))
    const apart = pressureSlot(judge(value('MDC_PRESS_BLD_NONINV_SYS'), value('MDC_PRESS_BLD_NONINV_DIA', { at: T - 1_000 })))
    expect([together && isOfOneTime(together), apart && isOfOneTime(apart)]).toEqual([true, false])
  })

  test('is led by the mean where that is all there is', () => {
    const mean = pressureSlot(judge(value('MDC_PRESS_BLD_ART_MEAN', { label: 'ART m' })))
    expect(mean && leadOf(mean)?.value.metric).toBe('MDC_PRESS_BLD_ART_MEAN')
  })
})
