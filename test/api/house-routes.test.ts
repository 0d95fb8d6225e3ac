import { expect, test } from 'vitest'
import { houseLimits } from '../../src/limits.ts'
import { startWard } from './support.ts'

const AWAY = { state: 'away', reason: 'imaging', words: 'CT head', minutes: 45 }
const GOAL = { goal: 'comfort', decidedBy: 'Dr. Osei', reason: 'as the family wishes', reviewHours: 24 }
const LIVE = { mode: 'live', words: 'Seven days looked through with the ward sister' }

test('a nurse says how a bed is and what a treatment is for, in her own name', async () => {
  const { ask, signIn, ward } = await startWard()
  const cookie = await signIn()
  const said = [['/api/beds/bed-1/state', AWAY], ['/api/beds/bed-1/state', { state: 'empty' }], ['/api/stays/stay-bed-1/goal', GOAL], ['/api/stays/stay-bed-1/goal/review', {}]] as const
  for (const [path, body] of said) expect((await ask(path, { method: 'POST', cookie, body })).status).toBe(200)
  expect(ward.asked).toEqual([
    `house by anna ${JSON.stringify({ what: 'bed', bed: 'bed-1', ...AWAY })}`,
    `house by anna ${JSON.stringify({ what: 'bed', bed: 'bed-1', state: 'empty' })}`,
    `house by anna ${JSON.stringify({ what: 'goal', stay: 'stay-bed-1', ...GOAL })}`,
    `house by anna ${JSON.stringify({ what: 'review', stay: 'stay-bed-1' })}`,
  ])
})

test.each([
  ['away without a time of return', '/api/beds/bed-1/state', { state: 'away', reason: 'imaging' }, 422, 'minutes'],
  ['away for longer than anybody may be', '/api/beds/bed-1/state', { ...AWAY, minutes: houseLimits.awayMinutesMax + 1 }, 422, 'minutes'],
  ['away for a reason of one’s own', '/api/beds/bed-1/state', { ...AWAY, reason: 'smoking' }, 422, 'reason'],
  ['more words than are kept', '/api/beds/bed-1/state', { ...AWAY, words: 'x'.repeat(houseLimits.houseWordsCharsMax + 1) }, 422, 'words'],
  ['a state that there is not', '/api/beds/bed-1/state', { state: 'haunted' }, 422, 'state'],
  ['a test of a monitor that measures somebody', '/api/beds/bed-1/state', { state: 'maintenance', minutes: 30 }, 409, 'measured'],
  ['a test of a monitor without an end', '/api/beds/bed-1/state', { state: 'maintenance', minutes: houseLimits.bedMaintenanceMinutesMax + 1 }, 422, 'minutes'],
  ['a bed that there is not', '/api/beds/bed-9/state', { state: 'empty' }, 404, 'no such bed'],
  ['a goal that nobody answers for', '/api/stays/stay-bed-1/goal', { ...GOAL, decidedBy: '' }, 422, 'decidedBy'],
  ['a goal that is never looked at again', '/api/stays/stay-bed-1/goal', { ...GOAL, reviewHours: houseLimits.goalReviewHoursMax + 1 }, 422, 'reviewHours'],
])('%s is not taken', async (_what, path, body, status, why) => {
  const { ask, signIn } = await startWard()
  const answer = await ask(path, { method: 'POST', cookie: await signIn(), body })
  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(why)])
})

test('an engineer tests a monitor and gives it back, and says nothing of where a patient is', async () => {
  const { ask, signIn, ward } = await startWard()
  const cookie = await signIn('biomed')
  const statusOf = async (body: object): Promise<number> => (await ask('/api/beds/bed-1/state', { method: 'POST', cookie, body })).status
  expect([await statusOf({ state: 'occupied' }), await statusOf({ state: 'maintenance', minutes: 5 }), await statusOf(AWAY), await statusOf({ state: 'empty' })]).toEqual([200, 409, 403, 403])
  expect(ward.asked).toHaveLength(2)
  expect((await ask('/api/stays/stay-bed-1/goal', { method: 'POST', cookie, body: GOAL })).status).toBe(403)
})

test('an administrator alone signs that a ward goes live; an engineer sees to its maintenance, and a nurse to neither', async () => {
  const { ask, signIn, ward } = await startWard()
  const maintenance = { mode: 'maintenance', words: 'new switch', minutes: 30 }
  const statuses = async (role: 'nurse' | 'biomed' | 'admin'): Promise<readonly number[]> => {
    const cookie = await signIn(role)
    const all: number[] = []
    for (const body of [LIVE, maintenance, { mode: 'over' }]) all.push((await ask('/api/ward/mode', { method: 'POST', cookie, body })).status)
    return all
  }
  expect([await statuses('nurse'), await statuses('biomed'), await statuses('admin')]).toEqual([[403, 403, 403], [403, 200, 200], [200, 200, 200]])
  expect(ward.asked).toContain(`house by carla ${JSON.stringify({ what: 'mode', ...LIVE })}`)
  const cookie = await signIn('admin')
  expect((await ask('/api/ward/mode', { method: 'POST', cookie, body: { mode: 'live', words: 'ok' } })).status).toBe(422)
  expect((await ask('/api/ward/mode', { method: 'POST', cookie, body: { mode: 'commissioning' } })).status).toBe(422)
})

test('what the rules said is read by anybody who is signed in, as far back as it is kept', async () => {
  const { ask, signIn, ward } = await startWard()
  const cookie = await signIn()
  expect((await ask('/api/commissioning', { cookie })).status).toBe(200)
  expect((await ask('/api/commissioning?days=7', { cookie })).status).toBe(200)
  expect((await ask(`/api/commissioning?days=${houseLimits.commissioningDaysMax + 1}`, { cookie })).status).toBe(422)
  expect(ward.asked).toEqual(['commissioning null', 'commissioning 7'])
})
