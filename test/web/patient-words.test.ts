import { describe, expect, it } from 'vitest'
import type { AssociationFact, BedAssociation, RegistryLookup } from '../../src/api/wire.ts'
import { bedId, deviceId } from '../../src/domain/ids.ts'
import { disputeText, factText, lookupText, personText, sourceText, standingText, summaryText } from '../../src/web/patient-words.ts'
import { whoOf } from '../../src/web/patients.ts'
import { isAssociations, isLookup } from '../../src/web/wire-guard.ts'
import { T } from './fixtures.ts'

const ADA = { mrn: '4711', name: 'Lovelace, Ada' }
const bed = (change: Partial<BedAssociation> = {}): BedAssociation => ({ bed: 'bed-1', label: '1', stay: 'stay-1', occupant: { kind: 'patient', patient: ADA, standing: 'confirmed', since: T }, disputes: [], proposals: [], ...change })
const fact = (change: Partial<AssociationFact>): AssociationFact => ({ id: 1, learnedAt: T, effectiveAt: T, source: 'scan', by: 'anna', kind: 'placed', patient: ADA, bed: 'bed-1', ...change })
const labelOf = (id: string): string => id.replace('bed-', '')

describe('who lies where, in words', () => {
  it('says how well it is known', () => {
    expect((['confirmed', 'registered', 'asserted'] as const).map((standing) => standingText({ kind: 'patient', patient: ADA, standing, since: null }))).toEqual([
      'confirmed at the bedside', 'from the registry, not confirmed', 'sent by the monitor, not confirmed',
    ])
    expect([standingText({ kind: 'unidentified' }), standingText({ kind: 'empty' })]).toEqual(['not identified', 'nobody is known to lie here'])
  })

  it('names nobody whom it is not told of', () => {
    expect([personText(ADA), personText({ mrn: '4711', name: null }), personText({ mrn: null, name: null }), personText(null)]).toEqual([
      'Lovelace, Ada · 4711', '4711', 'somebody whose name your role is not shown', 'somebody whose name your role is not shown',
    ])
  })

  it('of each dispute says what to do', () => {
    const at = bedId('bed-1')
    const texts = [
      disputeText({ kind: 'two-patients', bed: at }, labelOf), disputeText({ kind: 'registry-has-another', bed: at }, labelOf), disputeText({ kind: 'registry-has-elsewhere', bed: at, elsewhere: bedId('bed-3') }, labelOf),
      disputeText({ kind: 'registry-has-elsewhere', bed: at, elsewhere: null }, labelOf), disputeText({ kind: 'monitor-names-another', bed: at, device: deviceId('monitor-9') }, labelOf),
    ]
    for (const text of texts) expect(text).toMatch(/Scan the wristband/)
    expect(texts[2]).toContain('Bed 3')
    expect(texts[3]).toContain('discharged')
    expect(texts[4]).toContain('monitor-9')
  })

  it('tells a scan from what was typed, and from the registry', () => {
    expect((['scan', 'hand', 'adt'] as const).map((source) => factText(fact({ source }), labelOf))).toEqual(['Lovelace, Ada · 4711: scanned in Bed 1', 'Lovelace, Ada · 4711: typed for Bed 1', 'Lovelace, Ada · 4711: in Bed 1'])
    expect(factText(fact({ source: 'adt', bed: null }), labelOf)).toContain('no bed of this ward')
    expect([sourceText({ source: 'adt', by: 'adt-1' }), sourceText({ source: 'device', by: 'm-1' }), sourceText({ source: 'hand', by: 'anna' })]).toEqual(['registry (adt-1)', 'monitor m-1', 'anna'])
  })

  it('counts what wants somebody', () => {
    expect(summaryText([bed()])).toBe('nothing wants you')
    const proposals = [{ fact: 1, patient: ADA, by: 'anna', at: T }]
    expect(summaryText([bed({ disputes: [{ kind: 'two-patients', bed: bedId('bed-1') }] }), bed({ occupant: { kind: 'unidentified' }, proposals })])).toBe('1 does not fit together · 1 not identified · 1 waits for a second person')
  })
})

describe('a registry', () => {
  const found = (...names: readonly string[]): RegistryLookup => ({ kind: 'found', patients: names.map((name) => ({ identity: { mrn: `of ${name}`, name }, location: null })), isMore: false })

  it('that does not answer never says that there is no such patient', () => {
    const silent = [lookupText({ kind: 'unknown', why: 'x' }), lookupText({ kind: 'refused', why: 'x' })]
    for (const text of silent) expect(text).not.toMatch(/no patient|nobody/)
    expect(lookupText({ kind: 'nobody' })).toContain('no patient with this number')
  })

  it('that names exactly one is believed for name and number; several are not chosen from', () => {
    expect(whoOf('V-1', found('Ash, Ada'))).toEqual({ mrn: 'of Ash, Ada', name: 'Ash, Ada' })
    for (const looked of [found('A', 'B'), { ...found('A'), isMore: true }, { kind: 'nobody' }, { kind: 'unknown', why: '' }, null] as const) expect(whoOf('V-1', looked)).toEqual({ mrn: 'V-1' })
  })
})

it('what is no such answer is not shown', () => {
  expect(isAssociations({ hasRegistry: false, beds: [bed()] })).toBe(true)
  expect(isAssociations({ hasRegistry: false, beds: [{ ...bed(), occupant: { kind: 'patient' } }] })).toBe(false)
  expect(isLookup({ kind: 'unknown' })).toBe(false)
  expect(isLookup({ kind: 'found', patients: [{ identity: {} }], isMore: false })).toBe(false)
})
