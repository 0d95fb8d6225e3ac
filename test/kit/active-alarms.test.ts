import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeviceAlarm } from '../../src/domain/reading.ts'
import { type ActiveAlarm, ActiveAlarms } from '../../src/kit/active-alarms.ts'

const AT = { deviceAt: null, flags: [] } as const
const alarm = (id: string, text = id, inactivation: ActiveAlarm['inactivation'] = []): ActiveAlarm =>
  ({ id, code: id, text, source: '', priority: 'low', type: 'technical', inactivation })
/** What is said of each list, as `phase id`. */
const said = (isChecked: boolean, ...lists: readonly (readonly ActiveAlarm[])[]): string[] => {
  const alarms = new ActiveAlarms({ isChecked })
  const isRight = ({ phase, state }: DeviceAlarm): boolean => (state === 'active') === (phase !== 'end')
  return lists.map((list) => alarms.take(list, AT).map((change) => `${change.phase} ${change.id}${isRight(change) ? '' : ' in the wrong state'}`).join())
}

describe('a list of what is active', () => {
  it('says of each alarm once that it began, changed and ended', () => {
    const quiet = alarm('a', 'a', ['audio-paused'])
    const lists = [[], [alarm('a')], [alarm('a')], [quiet, alarm('b')], [alarm('b')], [], []]
    expect(said(true, ...lists)).toEqual(['', 'start a', '', 'update a,start b', 'end a', 'end b', ''])
  })

  it('is believed when two in a row agree, where no checksum is', () => {
    expect(said(false, [alarm('a')], [alarm('a')], [], [alarm('a')], [], [], [alarm('b')], [])).toEqual(['', 'start a', '', '', '', 'end a', '', ''])
    expect(said(false, [alarm('a')], [alarm('a')], [alarm('a', 'x')], [alarm('a', 'y')], [alarm('a', 'y')])).toEqual(['', 'start a', '', '', 'update a'])
  })

  it('carries the time and the marks of the list that settled it', () => {
    const alarms = new ActiveAlarms({ isChecked: true })
    const [begun] = alarms.take([alarm('a')], { deviceAt: null, flags: ['zone-assumed'] })
    expect(begun).toMatchObject({ deviceAt: null, flags: ['zone-assumed'], phase: 'start', state: 'active' })
    expect(alarms.take([], AT)).toMatchObject([{ flags: [], phase: 'end', state: 'inactive', text: 'a' }])
  })

  it('never ends what did not begin, nor begins what is there; one wrong list among unchecked ones changes nothing', () => {
    const list = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })
    fc.assert(
      fc.property(fc.array(list, { maxLength: 30 }), fc.boolean(), (lists, isChecked) => {
        const alarms = new ActiveAlarms({ isChecked })
        const open = new Set<string>()
        for (const ids of lists) {
          for (const { id, phase } of alarms.take(ids.map((of) => alarm(of)), AT)) {
            expect(phase === 'start' ? !open.has(id) : open.has(id)).toBe(true)
            if (phase === 'end') open.delete(id)
            else open.add(id)
          }
          if (isChecked) expect([...open].sort()).toEqual([...ids].sort())
        }
      }),
    )
    fc.assert(
      fc.property(list, list, (steady, wrong) => {
        const right = steady.map((id) => alarm(id))
        const quiet = said(false, right, right, wrong.map((id) => alarm(id)), right, right).slice(2)
        expect(quiet).toEqual(['', '', ''])
      }),
    )
  })
})
