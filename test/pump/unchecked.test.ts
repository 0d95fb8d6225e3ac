import { expect, test } from 'vitest'
import { bedId } from '../../src/domain/ids.ts'
import { lineDriver } from './fixture.ts'
import { realWard } from './stay-ward.ts'

const serial = { ...lineDriver, integrity: 'none' as const }
type Ward = ReturnType<typeof realWard>
const isUnchecked = ({ pump }: Ward): boolean | undefined => {
  const stay = pump.beds.get(bedId('bed-1'))?.stay
  return stay ? pump.watch.stateOf(stay.id)?.seen.vitals.sources[0]?.good?.unchecked : undefined
}

test('a value of a line without a checksum stays one: when it comes, when a stay begins with it, and after a restart', async () => {
  const ward = realWard({ driver: serial })
  ward.connect('mon-1').say({ hr: 80 })
  expect(isUnchecked(ward)).toBe(true)
  const before = ward.pump.beds.get(bedId('bed-1'))?.stay?.id
  ward.pump.associate({ what: 'scan', patient: { mrn: '4711', name: null }, bed: 'bed-1' }, 'Ana')
  void ward.clock.pass(1_000)
  ward.pump.associate({ what: 'scan', patient: { mrn: '4712', name: null }, bed: 'bed-1' }, 'Ana')
  ward.connect('mon-1').say({ hr: 81 })
  expect(ward.pump.beds.get(bedId('bed-1'))?.stay?.id).not.toBe(before)
  expect(isUnchecked(ward)).toBe(true)
  await new Promise((resolve) => setImmediate(resolve))
  expect(isUnchecked(realWard({ driver: serial, clock: ward.clock, ticks: ward.ticks }))).toBe(true)
  expect(isUnchecked(realWard({ clock: ward.clock, ticks: ward.ticks }))).toBe(false)
})
