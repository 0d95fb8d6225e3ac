/** What a start makes of what stood before it, where the values alone do not say it. */

import { expect, it } from 'vitest'
import { LOST_MARK } from '../../src/domain/alert.ts'
import { realWard } from './real-ward.ts'

type Ward = ReturnType<typeof realWard>
const physiological = ({ open }: Ward) => open().filter(({ type }) => type === 'physiological')
const say = async (ward: Ward, values: Parameters<Ward['measure']>[0], { times, everySeconds }: { readonly times: number; readonly everySeconds: number }): Promise<void> => {
  for (let time = 0; time < times; time++) {
    ward.measure(values)
    await ward.every(everySeconds)
  }
}

it('an alert that began between two values goes on over a restart, under its id, with its acknowledgement', async () => {
  const before = realWard()
  await say(before, { hr: 80 }, { times: 6, everySeconds: 4 })
  await say(before, { hr: 140 }, { times: 3, everySeconds: 4 })
  const [begun] = physiological(before)
  expect(begun).toMatchObject({ condition: 'threshold/hr-high', state: 'active' })
  if (begun) before.pump.acknowledge(begun.id, 'nurse')
  await before.clock.pass(2_000)
  const after = realWard({ clock: before.clock, disk: before.disk })
  expect(physiological(after)).toMatchObject([{ id: begun?.id, state: 'active', acknowledged: { by: 'nurse' } }])
  await say(after, { hr: 140 }, { times: 3, everySeconds: 4 })
  expect(physiological(after)).toMatchObject([{ id: begun?.id, state: 'active', acknowledged: { by: 'nurse' } }])
  await say(after, { hr: 80 }, { times: 1, everySeconds: 4 })
  expect(physiological(after)).toEqual([])
})

it('what was last known before a restart is last known after it, while other values of the bed go on', async () => {
  const before = realWard()
  await say(before, { hr: 80, spo2: 97 }, { times: 6, everySeconds: 2 })
  await say(before, { hr: 80, spo2: 75 }, { times: 6, everySeconds: 2 })
  await say(before, { hr: 80 }, { times: 70, everySeconds: 2 })
  const [lost] = physiological(before)
  expect(lost?.text).toContain(LOST_MARK)
  await before.clock.pass(2_000)
  const after = realWard({ clock: before.clock, disk: before.disk })
  await say(after, { hr: 80 }, { times: 3, everySeconds: 2 })
  expect(physiological(after)).toMatchObject([{ id: lost?.id, state: 'active', text: lost?.text }])
})
