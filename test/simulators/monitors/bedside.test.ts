import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBedside, type Tick } from '../../../simulators/monitors/bedside.ts'
import type { BedPlan, Transport } from '../../../simulators/monitors/plan.ts'
import { SCENARIO_NAMES } from '../../../simulators/patients/scenarios.ts'

const START = Date.UTC(2026, 0, 1)
const TRANSPORTS = {
  accept: { kind: 'hl7', host: 'x', port: 1, style: 'accept' },
  application: { kind: 'hl7', host: 'x', port: 1, style: 'application' },
  serial: { kind: 'serial', link: '/x' },
  mqtt: { kind: 'mqtt', url: 'mqtt://x', username: 'u', password: 'p' },
} as const satisfies Record<string, Transport>

function ticks(seed: number, scenario: string, transport: Transport, seconds: number): readonly Tick[] {
  const plan: BedPlan = { bed: 'bed-1', device: 'monitor-1', scenario, patient: { mrn: '1', name: 'A B' }, transport }
  const bedside = createBedside(seed, plan, START)
  return Array.from({ length: seconds }, (_, second) => bedside.next(START + second * 1_000))
}

const bytesOf = (all: readonly Tick[]): string => all.map(({ message }) => (message === null ? '' : Buffer.from(message.bytes).toString('hex'))).join('\n')
const textOf = (tick: Tick | undefined): string => Buffer.from(tick?.message?.bytes ?? []).toString('utf8')

describe('a bedside', () => {
  it('sends the same bytes for the same seed, and others for another', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.constantFrom(...Object.values(TRANSPORTS)), fc.constantFrom(...SCENARIO_NAMES), (one, other, transport, scenario) => {
        const bytes = bytesOf(ticks(one, scenario, transport, 120))
        expect(bytesOf(ticks(one, scenario, transport, 120))).toBe(bytes)
        if (one !== other) expect(bytesOf(ticks(other, scenario, transport, 120))).not.toBe(bytes)
      }),
      { numRuns: 30 },
    )
  })

  it.each([['serial', 1], ['mqtt', 2], ['accept', 2]] as const)('on %s sends every %i s', (kind, period) => {
    const sent = ticks(1, 'stable', TRANSPORTS[kind], 60).filter(({ message }) => message !== null)
    expect(sent).toHaveLength(60 / period)
  })

  it('keeps its cable out while it is pulled, and keeps measuring', () => {
    const all = ticks(1, 'cable-pulled@10', TRANSPORTS.mqtt, 200)
    expect([9, 10, 129, 130].map((second) => all[second]?.plug)).toEqual(['plugged', 'pulled', 'pulled', 'plugged'])
    expect(all.slice(10, 130).filter(({ message }) => message !== null)).toHaveLength(60)
  })

  it('tells its own alarms beside what it measures, where it is one that does, and none without power', () => {
    const transport = { ...TRANSPORTS.accept, alarms: 'first' } as const
    const all = ticks(1, 'desaturation@10', transport, 180)
    expect(bytesOf(all)).toBe(bytesOf(ticks(1, 'desaturation@10', TRANSPORTS.accept, 180)))
    const texts = all.flatMap(({ alarms }) => alarms.map(({ bytes }) => Buffer.from(bytes).toString('utf8')))
    expect(texts[0]).toMatch(/^MSH\|.*\|ORU\^R40\^ORU_R40\|acm-1\|/)
    expect(texts.some((text) => text.includes('MDC_EVT_LO_VAL_LT_LIM') && text.includes('|start|'))).toBe(true)
    expect(ticks(1, 'desaturation@10', TRANSPORTS.accept, 180).flatMap(({ alarms }) => alarms)).toEqual([])
    expect(ticks(1, 'monitor-rebooted@10', transport, 35).slice(10).flatMap(({ alarms }) => alarms)).toEqual([])
  })

  it('is silent while it has no power, then counts from 1 with a wrong clock, then with the right one', () => {
    const all = ticks(1, 'monitor-rebooted@10', TRANSPORTS.accept, 80)
    expect(all.slice(10, 35).every(({ message, plug }) => message === null && plug === 'dead')).toBe(true)
    const first = all.slice(35).find(({ message }) => message !== null)
    expect(first?.message?.id).toBe('1')
    expect(textOf(first)).toMatch(/\|\|\|2013010100000[01]\.0000\+0000\|/)
    const later = all.slice(60).find(({ message }) => message !== null)
    expect(textOf(later)).toMatch(/\|\|\|2026010100010[01]\.0000\+0000\|/)
  })

  it('refuses a scenario that does not exist', () => {
    expect(() => ticks(1, 'nonsense', TRANSPORTS.serial, 1)).toThrow(RangeError)
  })
})
