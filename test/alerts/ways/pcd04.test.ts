import { Message } from 'node-hl7-client'
import { describe, expect, it } from 'vitest'
import hl7 from '../../../drivers/hl7/driver.ts'
import { readHl7 } from '../../../src/codec/hl7.ts'
import { mllpFrame } from '../../../src/codec/mllp.ts'
import type { Alert } from '../../../src/domain/alert.ts'
import { monoMs, wallMs } from '../../../src/domain/time.ts'
import { acmText, dtmOf, type Pcd04Facts, pcd04Message } from '../../../src/alerts/ways/pcd04.ts'
import { isStatusReport, statusesOf, verdictOf } from '../../../src/alerts/ways/pcd05.ts'
import type { Notice } from '../../../src/alerts/ways/way.ts'
import { alertOf, AT, noticeOf, technical } from './alerts.ts'

const FACTS: Pcd04Facts = { gatewayId: 'vigil-1', ward: 'Ward 3', receivingApplication: 'AM', receivingFacility: 'H', patientData: true, mrn: 'MRN|7' }
const lines = (notice: Notice, facts: Partial<Pcd04Facts> = {}): string[] => pcd04Message(notice, { ...FACTS, ...facts }).split('\r')
const medium = alertOf('a1', { priority: 'medium' })

describe('a PCD-04 message', () => {
  it('of a limit that was crossed is laid out as in the profile', () => {
    expect(lines(noticeOf(medium))).toEqual([
      'MSH|^~\\&|VIGIL^vigil-1^L|Ward 3|AM|H|20260115020000.000+0000||ORU^R40^ORU_R40|a1|P|2.6|||AL|NE||UNICODE UTF-8|||IHE_PCD_ACM_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.4.1^ISO',
      'PID|||MRN\\F\\7^^^^PI',
      'PV1||I|Ward 3^^Bed 7',
      `OBR|1|a1^VIGIL^vigil-1^L|a1^VIGIL^vigil-1^L|196616^MDC_EVT_ALARM^MDC|||20260115020000.000+0000${'|'.repeat(22)}`,
      'OBX|1|ST|196674^MDC_EVT_LO_VAL_LT_LIM^MDC|1.1.1.150456.1|**SpO2 84<90|||L~PM~SP|||R|||20260115020000.000+0000',
      'OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1.1.150456.2|84|262688^MDC_DIM_PERCENT^MDC|>90||||R',
      'OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.1.1.150456.3|start||||||R',
      'OBX|4|ST|68482^MDC_ATTR_ALARM_STATE^MDC|1.1.1.150456.4|active||||||R',
      'OBX|5|ST|68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC|1.1.1.150456.5|enabled||||||R',
      'OBX|6|ST|68484^MDC_ATTR_ALARM_PRIORITY^MDC|1.1.1.150456.6|PM||||||R',
      'OBX|7|ST|68485^MDC_ATTR_ALERT_TYPE^MDC|1.1.1.150456.7|SP||||||R',
      '',
    ])
  })

  it('that follows one up has an id of its own, and names the first in OBR-29', () => {
    const quiet: Alert = { ...medium, acknowledged: { by: 'N', at: AT }, audioPaused: { by: 'N', until: AT } }
    const said = lines(noticeOf(quiet, { id: 'n2', phase: 'update' }))
    expect(said[0]?.split('|')[9]).toBe('n2')
    expect(said[3]?.split('|')[3]).toBe('n2^VIGIL^vigil-1^L')
    expect(said[3]?.split('|')[29]).toBe('^a1&VIGIL&vigil-1&L')
    expect(said[8]?.split('|')[5]).toBe('audio-paused~alert-acknowledged')
  })

  it('of a technical alert carries its code where the text says as much, and the text as original text', () => {
    expect(lines(noticeOf(alertOf('t1', { ...technical, text: 'HR: lead off' })))[3]).toMatch(/^OBX\|1\|CWE\|196616\^MDC_EVT_ALARM\^MDC\|1\.1\.1\.0\.1\|196882\^MDC_EVT_LEADS_OFF\^MDC\^\^\^\^\^\^\*HR: lead off\|/)
    expect(lines(noticeOf(alertOf('t2', technical)))[3]).toContain('|196616^MDC_EVT_ALARM^MDC^^^^^^*Central is 3 hours behind|')
  })

  it('without patient data says the bed and nothing of the patient', () => {
    const said = pcd04Message(noticeOf(medium), { ...FACTS, patientData: false })
    expect(said).toContain('|**Bed 7: open Vigil|')
    expect(said).not.toMatch(/PID|MRN|84[^\d]9|\|84\||150456|LO_VAL/)
  })

  it('writes crossed limits as bedside monitors do, and other texts as they are', () => {
    const text = (change: Parameters<typeof alertOf>[1]): string => acmText(noticeOf(alertOf('x', change)), true)
    expect(text({ text: 'HR 152 /min above 130; repeat to confirm', condition: 'threshold/hr-high' })).toBe('***HR 152>130')
    expect(text({ text: 'Temp 39.4 °C (weak signal) above 38.5', condition: 'threshold/temperature-high' })).toBe('***Temp 39.4>38.5')
    expect(text({ text: 'SpO₂ 91 %, was below 90' })).toBe('***SpO2 91 %, was below 90')
    expect(text({ text: 'NEWS2 7', condition: 'news2/urgent' })).toBe('***NEWS2 7')
  })

  it('is read by an independent parser', () => {
    const parsed = new Message({ text: pcd04Message(noticeOf(medium), FACTS) })
    expect(parsed.get('PID.3.1').toString()).toBe('MRN|7')
    expect(parsed.get('OBX').toArray()).toHaveLength(7)
  })

  it('is read by our own driver of monitors as the alarm that it is', () => {
    const read = (notice: Notice) => {
      const frames = hl7.open({}).receive(mllpFrame(new TextEncoder().encode(pcd04Message(notice, FACTS))), monoMs(0)).frames
      const frame = frames[0]
      if (frame?.kind !== 'good') throw new Error(JSON.stringify(frame))
      expect(frame.faults).toEqual([])
      return frame.alarms[0]
    }
    expect(read(noticeOf(medium))).toMatchObject({ text: '**SpO2 84<90', priority: 'medium', type: 'physiological', phase: 'start', state: 'active', inactivation: [] })
    expect(read(noticeOf({ ...medium, acknowledged: { by: 'N', at: AT } }, { id: 'n2', phase: 'continue' }))).toMatchObject({ phase: 'continue', inactivation: ['alert-acknowledged'] })
  })

  it('tells times in UTC', () => {
    expect(dtmOf(wallMs(Date.UTC(2026, 11, 31, 23, 59, 59, 7)))).toBe('20261231235959.007+0000')
  })
})

describe('what the alarm manager answers', () => {
  const read = (text: string) => {
    const found = readHl7(new TextEncoder().encode(text), { segmentsMax: 50 })
    if (found.kind !== 'message') throw new Error(found.why)
    return found.message
  }
  const head = (type: string): string => `MSH|^~\\&|AM|H|VIGIL|W|20260115020000||${type}|k1|P|2.6\r`

  it.each([['AA', 'accepted'], ['CA', 'accepted'], ['AE', 'error'], ['CE', 'error'], ['AR', 'rejected'], ['CR', 'rejected']] as const)('%s is %s', (code, kind) => {
    expect(verdictOf(read(`${head('ACK^R40^ACK')}MSA|${code}|a1|no such unit`))).toEqual({ of: 'a1', verdict: { kind, code, text: 'no such unit' } })
  })

  it('anything else is no answer', () => {
    expect(verdictOf(read(`${head('ACK')}MSA|XX|a1`))).toBeNull()
    expect(verdictOf(read(head('ACK')))).toBeNull()
  })

  it('a status is one of the profile\'s words, alone in its value, below an OBR that names the alert', () => {
    const report = read(`${head('ORA^R41^ORA_R41')}OBR|1||s1|196616^MDC_EVT_ALARM^MDC${'|'.repeat(25)}^a1&VIGIL\rPRT||UC||RO|77^Blue^Nora\rOBX|1|ST|x||Read\rOBX|2|ST|x||was accepted by somebody\rOBX|3|CWE|x||ACC^Accepted Positive`)
    expect(isStatusReport(report)).toBe(true)
    expect(statusesOf(report)).toEqual([
      { ids: ['a1', 's1'], step: 'displayed', word: 'Read', by: 'Nora Blue' },
      { ids: ['a1', 's1'], step: 'accepted', word: 'Accepted Positive', by: 'Nora Blue' },
    ])
  })

  it('of nothing that is named nothing is believed', () => {
    expect(statusesOf(read(`${head('ORA^R41^ORA_R41')}OBX|1|ST|x||Accepted`))).toEqual([])
  })
})
