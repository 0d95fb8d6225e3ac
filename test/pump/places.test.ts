import { describe, expect, it } from 'vitest'
import { parseSite } from '../../src/config/load.ts'
import type { PatientFact } from '../../src/domain/reading.ts'
import { wallMs } from '../../src/domain/time.ts'
import { associationLimits } from '../../src/limits.ts'
import { placesOf } from '../../src/pump/places.ts'
import { registryWords } from '../../src/pump/registry-facts.ts'

const siteOf = (beds: string, devices = '[]') => parseSite(`
gateway: { id: gw, ward: Ward, data: /nowhere }
beds: ${beds}
links: [{ kind: mllp-listen, id: in, port: 0 }]
devices: ${devices}
`, 'test.yaml')

function places(beds: string, devices?: string) {
  const loaded = siteOf(beds, devices)
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  const placeOf = placesOf(loaded.site)
  return (location: string | null): string => {
    const place = placeOf(location)
    return place.kind === 'bed' ? place.bed : place.kind
  }
}

describe('a place of the registry', () => {
  it('is the bed that says so; else that of a device which is told by it', () => {
    const place = places("[{ id: bed-1, label: '1', location: ICU^2^W }, { id: bed-2, label: '2' }]", '[{ id: m1, driver: hl7, bed: bed-1, match: { location: ICU^^1 } }, { id: m2, driver: hl7, bed: bed-2, match: { location: ICU^^2 } }]')
    expect(['ICU^2^W', 'ICU^^1', 'ICU^^2', ' ICU^^2 ', 'ICU^^2^more'].map(place)).toEqual(['bed-1', 'elsewhere', 'bed-2', 'bed-2', 'bed-2'])
  })

  it('is the bed that is called so where exactly one is, and no unit says otherwise', () => {
    expect(['^^1', 'ICU^^bed-2', 'ICU^^3', null, 'ICU^^', '^^'].map(places("[{ id: bed-1, label: '1' }, { id: bed-2, label: '2' }]"))).toEqual(['bed-1', 'bed-2', 'elsewhere', 'unsaid', 'unsaid', 'unsaid'])
    // Bed 2 of another ward is not ours.
    expect(['ICU^^2', 'SURGERY^^2'].map(places("[{ id: bed-1, label: '1', location: ICU^^1 }, { id: bed-2, label: '2' }]"))).toEqual(['bed-2', 'elsewhere'])
    expect(places("[{ id: a, label: '1' }, { id: b, label: '1' }]")('^^1')).toBe('elsewhere')
  })

  it('belongs to one bed, and a device that goes from bed to bed has none', () => {
    expect(siteOf("[{ id: a, label: '1', location: X }, { id: b, label: '2', location: X }]")).toMatchObject({ kind: 'wrong', problems: [expect.stringContaining('two beds have the location "X"')] })
    expect(siteOf("[{ id: a, label: '1', location: 'W^1^A' }, { id: b, label: '2', location: 'W^1^ A^HOSPITAL' }]")).toMatchObject({ kind: 'wrong' })
    expect(siteOf("[{ id: a, label: '1' }]", '[{ id: spot, driver: hl7, bed: a, roaming: true }]')).toMatchObject({ kind: 'wrong', problems: [expect.stringContaining('cannot both stand at a bed')] })
  })
})

describe('words of the registry', () => {
  const place = placesOf({ beds: [{ id: 'bed-1', label: '1' }], devices: [] })
  const now = wallMs(1_000_000_000)
  const A = { mrn: 'A', name: 'Meyer^Anna' }
  const said = (fact: Partial<PatientFact>) => registryWords({ kind: 'admitted', patient: A, location: '^^1', visit: 'v', effectiveAt: null, ...fact } as PatientFact, place, now)

  it('count from the time that they name, from now where they name none or one a little ahead', () => {
    const ahead = associationLimits.clockAheadMsMax
    expect([null, wallMs(now - 5), wallMs(now + ahead), wallMs(now + ahead + 1)].map((effectiveAt) => said({ effectiveAt })[0]?.effectiveAt)).toEqual([now, now - 5, now, now + ahead + 1])
  })

  it('without a place say nothing of one; with a place that is erased the patient is in no bed', () => {
    expect(said({ location: null })).toMatchObject([{ body: { kind: 'described' } }])
    expect(said({ location: null, erased: ['location'] })).toMatchObject([{ body: { kind: 'placed', bed: null } }])
    expect(said({ location: 'SURGERY^1^7' })).toMatchObject([{ body: { kind: 'placed', bed: null } }])
  })

  it('about nobody with a number, or with one that is none, are not heard', () => {
    expect(said({ patient: { mrn: null, name: 'Meyer^Anna' } })).toEqual([])
    expect([said({ patient: { mrn: 'x'.repeat(associationLimits.identityCharsMax), name: null } }), said({ patient: { mrn: 'x'.repeat(associationLimits.identityCharsMax + 1), name: null } })].map(({ length }) => length)).toEqual([1, 0])
  })

  it('of a swap are two, or none', () => {
    const B = { mrn: 'B', name: null }
    const swap = (other: typeof A | typeof B | { mrn: null; name: null }): PatientFact => ({ kind: 'swapped', visit: null, effectiveAt: null, patients: [{ patient: A, location: '^^1', visit: null }, { patient: other, location: 'X^^9', visit: null }] })
    expect(registryWords(swap(B), place, now).map(({ body }) => 'bed' in body && body.bed)).toEqual(['bed-1', null])
    expect(registryWords(swap({ mrn: null, name: null }), place, now)).toEqual([])
  })
})
