import { expect, it } from 'vitest'
import { wallMs } from '../../src/domain/time.ts'
import { handoverAlerts, handoverLimits, handoverObserved } from '../../src/web/handover.ts'
import { draftOf, draftText, holders, isChanged, isMine, nurseText, othersToName, ownFirst, shiftNotes, toggled, toldText, wardNote } from '../../src/web/shift.ts'

const nurse = (name: string, beds: readonly string[] = []) => ({ name, beds, buddy: null, onBreak: null })
const SHIFT = { version: 3, startedAt: 0, endsAt: 1, isOver: false, isGone: false, by: 'carla', charge: 'carla', nurses: [nurse('anna', ['1']), nurse('carla')] }
const bed = (label: string, assigned: string | null, holder: string | null) => ({ bed: label, label, assigned, holder, buddy: null })

it('who was told stands on the alert in the order of their being told', () => {
  const at = (minute: number) => wallMs(new Date(2026, 0, 1, 2, minute, 13).getTime())
  expect(toldText({})).toBe('')
  expect(toldText({ escalated: [{ level: 'nurse', to: 'anna', at: at(13) }, { level: 'charge', to: 'carla', at: at(18) }] })).toBe('told: anna 02:13, charge nurse carla 02:18')
  expect(toldText({ escalated: [{ level: 'nurse', to: null, at: at(13) }] })).toBe('told: the whole ward 02:13')
})

it('a tile says whose the bed is, and who has it meanwhile', () => {
  const say = (assigned: string | null, holder: string | null): string => nurseText({ assigned, holder, isStale: false })
  expect([say('anna', 'anna'), say('anna', 'ben'), say(null, 'carla'), say(null, null), say('anna', null), nurseText(undefined)]).toEqual(['anna', 'ben for anna', 'charge: carla', 'whole ward', 'whole ward for anna', ''])
})

it('the screen says when there is nobody to tell by name', () => {
  expect(wardNote({ isSet: false, isOver: false, charge: null })).toContain('Nobody has said who has which bed')
  expect(wardNote({ isSet: true, isOver: false, charge: null })).toContain('No charge nurse is named')
  expect(wardNote({ isSet: true, isOver: true, charge: 'carla' })).toContain('The shift is over')
  expect([wardNote({ isSet: true, isOver: false, charge: 'carla' }), wardNote(undefined)]).toEqual([null, null])
})

it('the page says what is not as it should be', () => {
  expect(shiftNotes({ shift: SHIFT, beds: [bed('1', 'anna', 'anna')] })).toEqual([])
  expect(shiftNotes({ shift: null, beds: [] })).toHaveLength(1)
  expect(shiftNotes({ shift: { ...SHIFT, charge: null, isOver: true, nurses: [{ ...nurse('anna', ['1']), onBreak: { since: 0, until: 1, isOver: true } }] }, beds: [bed('1', 'anna', 'anna'), bed('2', null, null)] })).toEqual([
    'The shift is over: these are still its people. Begin the next shift.', 'No charge nurse is named: the whole ward is told in her place.', 'anna is not back from the break.', 'Bed 2: no nurse.',
  ])
  expect(shiftNotes({ shift: SHIFT, beds: [bed('1', 'anna', 'anna'), bed('2', null, 'carla')] })).toEqual(['Bed 2: no nurse, so carla has it.'])
})

it('tap a nurse, tap her beds: what saving would do is said before it is done', () => {
  const all = [bed('1', 'anna', 'anna'), bed('2', 'ben', 'ben'), bed('3', null, 'carla')]
  const draft = toggled(toggled(draftOf(nurse('anna', ['1'])), '2'), '3')
  expect(draftText(draft, all)).toBe('3 beds, 1 of ben')
  expect([isChanged(draft, ['1']), isChanged(draftOf(nurse('anna', ['1'])), ['1']), isChanged(toggled(draftOf(nurse('anna', ['1'])), '1'), ['1'])]).toEqual([true, false, true])
  expect(othersToName({ people: ['anna', 'dora'].map((name) => ({ name, pin: true, badge: false })), shift: SHIFT })).toEqual(['dora'])
})

it('own beds stand first, and none is left out', () => {
  const beds = [['1', 'anna', 'anna'], ['2', 'ben', 'ben'], ['3', 'anna', 'ben'], ['4', null, 'carla']].map(([id, assigned, holder]) => ({ id, nurse: { assigned: assigned ?? null, holder: holder ?? null, isStale: false } }))
  const order = (me: string | null): (string | null | undefined)[] => ownFirst(beds, me).map(({ id }) => id)
  expect([order('ben'), order('anna'), order(null), order('zoe')]).toEqual([['2', '3', '1', '4'], ['1', '3', '2', '4'], ['1', '2', '3', '4'], ['1', '2', '3', '4']])
  expect(isMine({}, 'anna')).toBe(false)
  expect(holders(beds)).toEqual([['anna', 1], ['ben', 2], ['carla', 1]])
})

it('a handover says what is open and who has it, which limits are the patient’s own, and the last observation', () => {
  const now = new Date(2026, 0, 1, 12).getTime()
  const told = {
    nurse: null,
    alerts: [{ text: 'SpO₂ 84 %', priority: 'high' as const, since: now, acknowledged: null }, { text: 'HR 128', priority: 'medium' as const, since: now, acknowledged: { by: 'anna', at: now } }],
    limits: [{ variable: 'hr', side: 'high', beyond: 140, by: 'ben', until: null }],
    observed: { at: now, by: 'anna', news2: 5, complete: false },
  }
  expect([handoverAlerts(told, now), handoverLimits(told, now), handoverObserved(told, now)]).toEqual(['*** SpO₂ 84 % (not acknowledged); ** HR 128 (anna 12:00)', 'HR high 140 by ben', 'NEWS2 5 (incomplete) 12:00 by anna'])
  expect([handoverAlerts(undefined, now), handoverLimits({ ...told, limits: [] }, now), handoverObserved({ ...told, observed: null }, now)]).toEqual(['', '', ''])
})
