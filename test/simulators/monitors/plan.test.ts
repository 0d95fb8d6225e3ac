import { describe, expect, it } from 'vitest'
import { parseWardPlan } from '../../../simulators/monitors/plan.ts'
import { SERIAL_MODEL_NAMES } from '../../../simulators/monitors/models.ts'
import { simulatorLimits } from '../../../src/limits.ts'

const bed = (change: object = {}): object => ({ bed: 'bed-1', device: 'm-1', scenario: 'stable', patient: null, transport: { kind: 'hl7', host: 'h', port: 2575 }, ...change })
const plan = (...beds: object[]): unknown => ({ seed: 1, beds })
const wrongs = (value: unknown): readonly string[] => {
  const parsed = parseWardPlan(value)
  return parsed.kind === 'wrong' ? parsed.why : []
}

describe('a plan of a ward', () => {
  it('is read with every transport', () => {
    const beds = [
      bed(),
      bed({ bed: 'bed-2', device: 'm-2', scenario: 'sepsis@10', patient: { mrn: '1', name: 'A B' }, transport: { kind: 'serial', link: '/tmp/x', tcpPort: 9, model: 'rad-8' } }),
      bed({ bed: 'bed-3', device: 'm-3', transport: { kind: 'mqtt', url: 'mqtt://x', username: 'u', password: 'p' } }),
      bed({ bed: 'bed-4', device: 'm-4', transport: { kind: 'intellivue', host: 'h', port: 24_105 } }),
      bed({ bed: 'bed-5', device: 'm-5', transport: { kind: 'pds', host: 'h', port: 4_600, ownPort: 4_601 } }),
      bed({ bed: 'bed-6', device: 'm-6', transport: { kind: 'hl7', host: 'h', port: 2_575, style: 'application', alarms: 'own' } }),
      bed({ bed: 'bed-7', device: 'm-7', transport: { kind: 'mqtt', url: 'mqtt://x', username: 'u', password: 'p', speaks: 'teleicu' } }),
      ...SERIAL_MODEL_NAMES.map((model, index) => bed({ bed: `port-${index}`, device: `p-${index}`, transport: { kind: 'serial', link: '/tmp/x', model } })),
    ]
    expect(parseWardPlan(plan(...beds))).toMatchObject({ kind: 'plan', plan: { seed: 1, beds } })
    const registry = { host: 'h', port: 2_575, guests: { bed: 'bed-1', stayS: 150, emptyS: 30 }, admits: 'guests' }
    expect(parseWardPlan({ seed: 1, beds, registry })).toMatchObject({ kind: 'plan', plan: { registry } })
  })

  it.each([
    ['nothing', null, 'plan: must be an object'],
    ['a seed that is no number', { seed: '1', beds: [bed()] }, 'seed: must be a whole number'],
    ['no beds', plan(), 'beds: must be a list of 1 to'],
    ['a key that it does not know', { seed: 1, beds: [bed()], colour: 'red' }, 'unknown key "colour"; known are seed, beds, registry'],
    ['an unknown scenario', plan(bed({ scenario: 'flu' })), 'beds[0].scenario: must be one of stable, '],
    ['a bed without a name', plan(bed({ bed: '' })), 'beds[0].bed: must be 1 to 64'],
    ['two devices of one name', plan(bed(), bed({ bed: 'bed-2' })), 'two of them have the device "m-1"'],
    ['two beds of one name', plan(bed(), bed({ device: 'm-2' })), 'two of them have the bed "bed-1"'],
    ['a patient without a number', plan(bed({ patient: { name: 'A' } })), 'beds[0].patient.mrn: must be a text'],
    ['an unknown transport', plan(bed({ transport: { kind: 'fax' } })), 'beds[0].transport: must be an object whose `kind`'],
    ['a port out of range', plan(bed({ transport: { kind: 'hl7', host: 'h', port: 70_000 } })), 'beds[0].transport.port: must be a port'],
    ['a misspelt key', plan(bed({ transport: { kind: 'serial', lnik: '/x' } })), 'beds[0].transport: unknown key "lnik"'],
    ['an unknown model', plan(bed({ transport: { kind: 'serial', link: '/x', model: 'rad-9' } })), 'beds[0].transport.model: must be one of radical-7, rad-8'],
    ['a Mindray monitor that is nowhere', plan(bed({ transport: { kind: 'pds', host: 'h', port: 4_600 } })), 'beds[0].transport.ownPort: must be a port'],
    ['alarms of no habit', plan(bed({ transport: { kind: 'hl7', host: 'h', port: 1, alarms: 'all' } })), 'beds[0].transport.alarms: must be first or own'],
    ['a bed of guests who stay for no time', { seed: 1, beds: [bed()], registry: { host: 'h', port: 1, guests: { bed: 'bed-1', stayS: 0, emptyS: 30 } } }, 'registry.guests.stayS: must be seconds'],
    ['a registry that is nowhere', { seed: 1, beds: [bed()], registry: { host: 'h' } }, 'registry.port: must be a port'],
    ['an IntelliVue at no port', plan(bed({ transport: { kind: 'intellivue', host: 'h', port: 0 } })), 'beds[0].transport.port: must be a port'],
  ])('with %s is refused, and says where', (_, value, sentence) => {
    expect(wrongs(value).join('\n')).toContain(sentence)
  })

  it('names every mistake at once', () => {
    expect(wrongs({ seed: 'x', beds: [bed({ scenario: 'flu', bed: '' })] })).toHaveLength(3)
  })

  it('holds no more beds than its bound', () => {
    const many = (count: number): object[] => Array.from({ length: count }, (_, index) => bed({ bed: `b-${index}`, device: `m-${index}` }))
    expect(wrongs(plan(...many(simulatorLimits.bedsMax)))).toEqual([])
    expect(wrongs(plan(...many(simulatorLimits.bedsMax + 1)))).toHaveLength(1)
  })
})
