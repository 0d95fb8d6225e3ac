import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { masimoComposer, masimoLine, type MasimoModel } from '../../../simulators/monitors/masimo-ascii.ts'
import { createPatient, type Sign, type Signs } from '../../../simulators/patients/patient.ts'
import { parseScenario, SCENARIO_NAMES } from '../../../simulators/patients/scenarios.ts'

const AT = Date.UTC(2016, 2, 17, 19, 19, 36)

/** Lines of real devices as public captures show them: the printed shape that ours must have. */
const CAPTURED: Readonly<Record<MasimoModel, string>> = {
  'rad-8': '03/19/16 13:37:12 SN=0000093112 SPO2=---% BPM=---% DESAT=-- PIDELTA=+-- ALARM=0000 EXC=000001',
  'radical-7':
    '03/17/16 19:19:36 SN=---------- SPO2=098% BPM=123 PI=00.55 SPCO=--% SPMET=--.-% SPHB=--.- SPOC=-- RESVD=--- DESAT=-- PIDELTA=+-- PVI=--- ALARM=000000 EXC=0000C00 EXC1=00000000',
}

/** Keys, and how wide each value is, with digits and dashes taken for the same thing. */
const shapeOf = (line: string): string => line.replace(/[0-9A-F-]+(?=[%. \r/:]|$)/g, (value) => '#'.repeat(value.length))

const value = (of: number): Sign => ({ kind: 'value', value: of })
const none = (why: 'probe-off' | 'no-pulse'): Sign => ({ kind: 'none', why })
function signs(change: Partial<Signs>): Signs {
  const patient = createPatient(1, 'bed-1', { name: 'stable', delayS: 0 })
  return { ...patient.next().signs, ...change }
}

describe('a Masimo oximeter', () => {
  it.each(['rad-8', 'radical-7'] as const)('prints lines shaped as those of a real %s, with values and without', (model) => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 100 }), fc.integer({ min: 20, max: 300 }), fc.integer({ min: 2, max: 2_000 }), fc.boolean(), (saturation, pulse, perfusion, lost) => {
        const seen = lost
          ? signs({ saturation: none('probe-off'), pulse: none('probe-off'), perfusion: none('probe-off') })
          : signs({ saturation: value(saturation), pulse: value(pulse), perfusion: value(perfusion / 100) })
        expect(shapeOf(masimoLine(seen, AT, { device: 'm', model }))).toBe(shapeOf(`${CAPTURED[model]}\r\n`))
      }),
    )
  })

  it('prints the captured line for the captured state', () => {
    const line = masimoLine(signs({ saturation: value(98), pulse: value(123), perfusion: value(0.55) }), AT, { device: 'm', model: 'radical-7' })
    const same = (text: string): string => text.replace(/SN=\S+/, 'SN').replace(/EXC=\S+/, 'EXC')
    expect(same(line)).toBe(same(`${CAPTURED['radical-7']}\r\n`))
  })

  it.each([
    ['a probe that fell off', signs({ saturation: none('probe-off'), pulse: none('probe-off'), perfusion: none('probe-off') }), 'EXC=0000820'],
    ['no pulse', signs({ saturation: none('no-pulse'), pulse: none('no-pulse'), perfusion: none('no-pulse') }), 'EXC=0000808'],
    ['weak perfusion', signs({ saturation: value(95), perfusion: value(0.2) }), 'EXC=0000804'],
    ['nothing special', signs({ saturation: value(95), perfusion: value(2) }), 'EXC=0000800'],
  ])('marks %s in EXC', (_, seen, exc) => {
    expect(masimoLine(seen, AT, { device: 'm', model: 'radical-7' })).toContain(exc)
  })

  it('prints dashes where there is no value, never a zero', () => {
    const line = masimoLine(signs({ saturation: none('no-pulse'), pulse: none('no-pulse'), perfusion: none('no-pulse') }), AT, { device: 'm', model: 'radical-7' })
    expect(line).toContain('SPO2=---% BPM=--- PI=--.-- ')
  })

  it('marks its own alarm when the saturation is low', () => {
    expect(masimoLine(signs({ saturation: value(85), pulse: value(80) }), AT, { device: 'm', model: 'radical-7' })).toContain('ALARM=000012')
  })

  it('is heard from the middle of a line at first, and after each replug', () => {
    const patient = createPatient(1, 'bed-1', { name: 'stable', delayS: 0 })
    const composer = masimoComposer('m', 'radical-7')
    const line = (): string => new TextDecoder().decode(composer.compose(patient.next(), AT).bytes)
    expect(line()).toMatch(/^\0\0[^/]+\r\n$/)
    expect(line()).toMatch(/^03\/17\/16 19:19:36 SN=/)
    composer.replug()
    expect(line()).toMatch(/^\0\0/)
    expect(line()).toMatch(/^03\/17\/16 /)
  })

  it.each(SCENARIO_NAMES)('lists as values exactly what its line of %s shows', (name) => {
    const parsed = parseScenario(`${name}@5`)
    if (parsed === null) throw new Error(name)
    const patient = createPatient(1, 'bed-1', parsed)
    const composer = masimoComposer('m', 'radical-7')
    for (let second = 0; second < 60; second++) {
      const { bytes, values } = composer.compose(patient.next(), AT)
      const found = /^\d.* SPO2=([\d-]+)% BPM=([\d-]+) PI=([\d.-]+) /.exec(new TextDecoder().decode(bytes))
      const shown = found === null ? [] : found.slice(1).filter((text) => !text.includes('-')).map(Number)
      expect(values.map((sent) => sent.value)).toEqual(shown)
    }
  })
})
