import { expect, test } from 'vitest'
import { AT, startWard } from './support.ts'

const SET = { takenAt: AT, values: { rr: { value: 22, at: AT, frozen: null }, pulse: { value: 88, at: AT } }, onOxygen: false, consciousness: 'A' }
const LIMIT = { variable: 'hr', side: 'high', beyond: 140, reason: 'known fast atrial fibrillation', hours: 12 }

test('a nurse freezes, confirms and takes back, in her own name', async () => {
  const { ask, signIn, ward } = await startWard()
  const cookie = await signIn()
  const frozen = await ask('/api/stays/stay-bed-1/freeze', { cookie })
  expect(await frozen.json()).toMatchObject({ at: AT, missing: ['rr', 'spo2', 'sbp', 'temperature'], values: [{ name: 'pulse', value: 88 }] })
  expect((await ask('/api/stays/stay-bed-1/observations', { method: 'POST', cookie, body: SET })).status).toBe(200)
  expect((await ask('/api/stays/stay-bed-1/observations/take-back', { method: 'POST', cookie, body: { confirmedAt: AT } })).status).toBe(200)
  expect(ward.asked).toEqual([`observe stay-bed-1 by anna ${JSON.stringify(SET)}`, `take back stay-bed-1 by anna ${AT}`])
})

test.each([
  ['what cannot be confirmed is refused with the reason', '/api/stays/stay-bed-1/observations', { takenAt: AT, values: {} }, 409, 'frozen too long ago'],
  ['a value without its time is not understood', '/api/stays/stay-bed-1/observations', { ...SET, values: { rr: { value: 22 } } }, 422, 'values.rr.at'],
  ['a value of no set is not understood', '/api/stays/stay-bed-1/observations', { ...SET, values: { dbp: { value: 22, at: AT } } }, 422, 'not known'],
  ['a set of nobody', '/api/stays/nobody/observations/take-back', { confirmedAt: AT }, 404, 'no such stay'],
  ['a limit beyond what any limit may be', '/api/stays/stay-bed-1/limits', { ...LIMIT, beyond: 250 }, 409, 'not within'],
  ['a limit without a reason', '/api/stays/stay-bed-1/limits', { ...LIMIT, reason: ' a ' }, 422, 'reason'],
  ['a limit that says nothing of its end', '/api/stays/stay-bed-1/limits', { variable: 'hr', side: 'high', beyond: 140, reason: 'because' }, 422, 'hours'],
  ['a limit for ever and a day', '/api/stays/stay-bed-1/limits', { ...LIMIT, hours: 169 }, 422, 'hours'],
  ['a limit of nobody', '/api/stays/nobody/limits', LIMIT, 404, 'no such stay'],
  ['scale 2 without its reason', '/api/stays/stay-bed-1/context', { spo2Scale: 2 }, 422, 'reason'],
  ['an end that is not of scale 2', '/api/stays/stay-bed-1/context', { infectionSuspected: true, hours: 100 }, 422, 'scale 2 alone'],
])('%s', async (_what, path, body, status, why) => {
  const { ask, signIn, ward } = await startWard()
  const answer = await ask(path, { method: 'POST', cookie: await signIn(), body })
  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(why)])
  expect(ward.asked.filter((asked) => asked.startsWith('context'))).toEqual([])
})

test('a limit is said of the stay by who sets it, and the ward’s limit again; scale 2 with its reason and its end', async () => {
  const { ask, signIn, ward } = await startWard()
  const cookie = await signIn()
  expect((await ask('/api/stays/stay-bed-1/limits', { cookie })).status).toBe(200)
  await ask('/api/stays/stay-bed-1/limits', { method: 'POST', cookie, body: LIMIT })
  await ask('/api/stays/stay-bed-1/limits/ward', { method: 'POST', cookie, body: { variable: 'hr', side: 'high' } })
  await ask('/api/stays/stay-bed-1/context', { method: 'POST', cookie, body: { spo2Scale: 2, reason: 'COPD, target 88 to 92', hours: 24 } })
  expect(ward.asked).toEqual([
    `context stay-bed-1 by anna ${JSON.stringify({ limits: [{ variable: 'hr', side: 'high', beyond: 140, reason: LIMIT.reason, by: 'anna', at: AT, until: null }] })} {}`.replace(' {}', ''),
    'context stay-bed-1 by anna {"limits":[]}',
    `context stay-bed-1 by anna {"spo2Scale":2} ${JSON.stringify({ reason: 'COPD, target 88 to 92', until: AT + 86_400_000 })}`,
  ])
})

test.each(['biomed', 'admin'] as const)('a %s confirms nothing and sets no limit', async (role) => {
  const { ask, signIn, ward } = await startWard()
  const cookie = await signIn(role)
  const said = [['observations', SET], ['observations/take-back', { confirmedAt: AT }], ['limits', LIMIT], ['limits/ward', { variable: 'hr', side: 'high' }]] as const
  for (const [path, body] of said) expect((await ask(`/api/stays/stay-bed-1/${path}`, { method: 'POST', cookie, body })).status).toBe(403)
  expect((await ask('/api/stays/stay-bed-1/freeze', { cookie })).status).toBe(403)
  expect((await ask('/api/stays/stay-bed-1/limits', { cookie })).status).toBe(role === 'admin' ? 200 : 403)
  expect(ward.asked).toEqual([])
})
