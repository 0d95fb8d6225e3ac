import { expect, it } from 'vitest'
import { bedId } from '../../src/domain/ids.ts'
import { WATCHED } from '../../src/rules/armed.ts'
import { spansOf } from '../../src/domain/watch.ts'
import { realWard } from './real-ward.ts'

const BED = bedId('bed-7')
const UNKNOWN = 'technical/patient-unknown'

/** States of one rule of the bed, in the order in which they came, from the log. */
const statesOf = (ward: ReturnType<typeof realWard>, rule: string): readonly string[] => {
  const changes = [...ward.disk.flatMap((tick) => tick.events), ...ward.pump.committer.filling.events].flatMap((event) => (event.kind === 'watch' ? event.changes : []))
  const time = { from: changes[0]?.from ?? ward.pump.now().wall, to: ward.pump.now().wall }
  return (spansOf(changes, WATCHED, time).get(rule) ?? []).map(({ state }) => state)
}

it('a discharge (ADT A03, over MLLP) while a monitor that names nobody measures never stops watching: whoever lies there is unidentified, and that is told with its time', async () => {
  const ward = realWard()
  ward.adt('A01')
  await ward.every(30, () => ward.measure({ hr: 80, spo2: 96 }))
  expect(ward.bed().stay).toMatchObject({ identity: { mrn: '1001' } })
  ward.adt('A03')
  await ward.every(5, () => ward.measure({ hr: 80, spo2: 96 }))
  expect(ward.bed().stay).toMatchObject({ identity: null, closedAt: null })
  expect(ward.open().find(({ condition }) => condition === UNKNOWN)).toMatchObject({
    bed: 'bed-7', priority: 'medium', text: 'Bed 7: its patient was discharged or moved at 03:00, still measured and watched: who lies here?',
  })
  // He desaturates: it is alarmed as of anybody.
  await ward.every(25, () => ward.measure({ hr: 80, spo2: 82 }))
  expect(ward.open().filter(({ type }) => type === 'physiological').map(({ condition, stay }) => [condition, stay])).toEqual([['threshold/spo2-low', ward.bed().stay?.id]])
  expect(new Set(statesOf(ward, 'limits/spo2').slice(1))).toEqual(new Set(['armed']))
  await ward.stop()
})

it('a discharge in the middle of an alert: the alert is there again for whoever is still measured, without a new word of the monitor on his past', async () => {
  const ward = realWard()
  ward.adt('A01')
  await ward.every(30, () => ward.measure({ hr: 80, spo2: 82 }))
  const before = ward.open().find(({ condition }) => condition === 'threshold/spo2-low')
  expect(before).toMatchObject({ state: 'active' })
  ward.adt('A03')
  await ward.every(20, () => ward.measure({ hr: 80, spo2: 82 }))
  expect(ward.open().filter(({ condition }) => condition === 'threshold/spo2-low')).toEqual([expect.objectContaining({ state: 'active', stay: ward.bed().stay?.id })])
  await ward.stop()
})

it('a discharge of a patient whom the monitor goes on naming ends no watching: he is watched under that name', async () => {
  const ward = realWard()
  ward.adt('A01')
  await ward.every(30, () => ward.measure({ hr: 80, spo2: 96 }, { mrn: '1001' }))
  ward.adt('A03')
  await ward.every(30, () => ward.measure({ hr: 80, spo2: 82 }, { mrn: '1001' }))
  expect(ward.bed().stay?.closedAt).toBe(null)
  expect(ward.open().map(({ condition }) => condition)).toContain('threshold/spo2-low')
  expect(new Set(statesOf(ward, 'limits/spo2').slice(1))).toEqual(new Set(['armed']))
  await ward.stop()
})

it('a discharge of a patient whose wristband was scanned there is told, and a scan after it stands against it', async () => {
  const ward = realWard()
  const scan = () => ward.pump.associate({ what: 'scan', bed: 'bed-7', patient: { mrn: '1001', name: 'Quist^Pelle' } }, 'Ana')
  ward.adt('A01')
  scan()
  await ward.every(30, () => ward.measure({ hr: 80, spo2: 96 }))
  ward.adt('A03')
  await ward.every(30, () => ward.measure({ hr: 80, spo2: 82 }))
  expect(ward.open().map(({ condition }) => condition)).toEqual(expect.arrayContaining([UNKNOWN, 'threshold/spo2-low']))
  scan()
  await ward.every(30, () => ward.measure({ hr: 80, spo2: 82 }))
  expect(ward.bed().stay).toMatchObject({ identity: { mrn: '1001' }, closedAt: null })
  expect(ward.open().map(({ condition }) => condition)).toEqual(expect.arrayContaining(['technical/patient-conflict', 'threshold/spo2-low']))
  expect(ward.open().find(({ bed, condition }) => bed === BED && condition === 'technical/patient-conflict')?.text).toMatch(/elsewhere or discharged, and he was seen here/)
  await ward.stop()
})

it('a discharge of a bed that somebody marked empty in time is quiet, until the next patient is measured', async () => {
  const ward = realWard()
  ward.adt('A01')
  await ward.every(30, () => ward.measure({ hr: 80, spo2: 96 }))
  await ward.every(12)
  ward.adt('A03')
  ward.pump.sayHouse({ what: 'bed', bed: BED, state: 'empty' }, 'Ana')
  await ward.every(120)
  expect(ward.open()).toEqual([])
  ward.measure({ hr: 80, spo2: 96 })
  await ward.every(25, () => ward.measure({ hr: 80, spo2: 82 }))
  expect(ward.open().map(({ condition }) => condition).toSorted()).toEqual(expect.arrayContaining(['technical/bed-measured', 'threshold/spo2-low']))
  await ward.stop()
})
