import { describe, expect, it } from 'vitest'
import { syncLimits } from '../../src/limits.ts'
import { createScanner } from '../../src/sync/scanner.ts'

const SUBJECT = 'a1'.repeat(16)
const KEY = `gw-ward-3/e1/${SUBJECT}/MDC_ECG_HEART_RATE/1000001-1000099/0`

function scannerOf(...identifiers: string[]) {
  const scanner = createScanner(['gw-ward-3', 'e1'])
  scanner.learn(identifiers)
  return scanner
}
const scan = (event: unknown, ...identifiers: string[]): string => {
  const result = scannerOf(...identifiers).scan(event)
  return result.kind === 'hit' ? result.at : 'clean'
}

describe('the egress scanner', () => {
  it('finds a known identifier in any leaf, in any spelling', () => {
    expect(scan({ data: { condition: 'seen by DOE, JANE' } }, 'Doe^Jane')).toBe('data.condition')
    expect(scan({ data: { because: { inputs: [{ name: 'Jané' }] } } }, 'Doe^Jane')).toBe('data.because.inputs.name')
    expect(scan({ partitionKey: '4711-0815' }, '47110815')).toBe('partitionKey')
    expect(scan({ key: `gw-ward-3/e1/Jane/alerts/1-1/0` }, 'Jane')).toBe('key')
    expect(scan({ streamId: 'MON-1' }, 'mon-1')).toBe('streamId')
  })

  it('finds one in the name of a field, and does not repeat it', () => {
    expect(scan({ data: { 'Jane Doe': 1 } }, 'Doe^Jane')).toBe('data (a field name)')
    expect(scan({ data: { other: { note: 'Jane Doe' } } }, 'Doe^Jane')).toBe('data.*.*')
  })

  it('finds a short identifier as a word, not inside others', () => {
    expect(scan({ data: { condition: 'bed 12' } }, '12')).toBe('data.condition')
    expect(scan({ data: { condition: 'xx 4120 yy' } }, '12')).toBe('clean')
    expect(scan({ data: { condition: 'Li' } }, 'Li^An')).toBe('data.condition')
  })

  it('knows an id that was drawn (of a stay, an alert) as a whole alone: its four digits are those of any token', () => {
    const id = '0f3a77c2-4839-8120-a995-30c1d2e4b5f6'
    expect(scan({ value: '1948392011948392' }, id)).toBe('clean')
    expect(scan({ value: `x ${id.replaceAll('-', '')} y` }, id)).toBe('value')
    expect(scan({ value: '1948392011948392' }, 'MRN-4839')).toBe('value')
  })

  it('lets pass what its form proves, whatever a bed or a patient is called', () => {
    const event = {
      streamId: SUBJECT, eventType: 'vital-signs', partitionKey: SUBJECT, key: KEY, revision: 0, timestamp: '2026-01-05T10:00:00.000Z',
      data: { metric: 'MDC_ECG_HEART_RATE', mdc: 147842, loinc: '8867-4', unit: '/min', t: [12], v: [47110815], q: [0] },
    }
    expect(scan(event, '1', '0', 'min', '1000001', '2026', 'a1a1', 'e1', 'ward', 'Heart', 'vital', '8867')).toBe('clean')
    expect(scan({ ...event, key: KEY.replace('RATE/', 'RATE.3/') }, '3', 'Heart')).toBe('clean')
    expect(scan({ ...event, key: KEY.replace('e1', 'Heart') }, 'Heart')).toBe('key')
  })

  it('does not look for ever into what is nested', () => {
    let deep: unknown = 'Jane'
    for (let level = 0; level < 20; level++) deep = { data: deep }
    expect(scan(deep, 'Doe^Jane')).not.toBe('clean')
    expect(scan(deep)).not.toBe('clean')
  })

  it('forgets the oldest identifier at its bound, not the newest', () => {
    const scanner = scannerOf('Jonathan', 'Margaret')
    const others = Array.from({ length: syncLimits.identifiersMax - 1 }, (_, index) => `X${index}Yz`)
    scanner.learn(others.slice(1))
    scanner.learn(['Jonathan', ...others.slice(0, 1)])
    expect(scanner.scan({ data: 'Margaret' }).kind).toBe('clean')
    expect(scanner.scan({ data: 'Jonathan' }).kind).toBe('hit')
  })
})
