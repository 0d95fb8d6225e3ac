import { expect, test } from 'vitest'
import { apiLimits } from '../../src/limits.ts'
import { changeBadge, changePin, disableUser } from '../../src/security/user-file.ts'
import { startWard } from './support.ts'

const ACKNOWLEDGE = '/api/alerts/alert-1/acknowledge'
const PIN = '4827'
const BADGE = 'B-0042-7719'

async function station() {
  const started = await startWard()
  await changePin(started.place, 'anna', PIN)
  await changeBadge(started.place, 'anna', BADGE)
  await changePin(started.place, 'bert', PIN)
  const cookie = await started.signIn('station')
  const tap = (body: unknown, path = ACKNOWLEDGE): Promise<Response> => started.ask(path, { method: 'POST', cookie, body })
  const detail = async (response: Response): Promise<unknown> => [response.status, ((await response.json()) as { readonly detail?: string }).detail]
  return { ...started, cookie, tap, detail }
}

test('a screen of the ward sees what a nurse sees, and does nothing before it is known who taps', async () => {
  const { ask, cookie, tap, detail, ward } = await station()
  expect(await (await ask('/api/beds', { cookie })).text()).toContain('Ada Lovelace')
  expect(await detail(await tap({}))).toEqual([403, 'Say who you are: scan your badge, or choose your name and type your PIN.'])
  expect(ward.asked).toEqual([])
})

test('PIN and badge name who taps, for this tap alone', async () => {
  const { tap, ward } = await station()
  expect((await tap({ actor: { name: 'anna', pin: PIN } })).status).toBe(200)
  expect((await tap({ actor: { badge: BADGE } })).status).toBe(200)
  expect((await tap({})).status).toBe(403)
  expect(ward.asked).toEqual(['acknowledge alert-1 by anna', 'acknowledge alert-1 by anna'])
})

test('whatever is wrong with a proof, the answer is the same, and it is never that the screen is signed out', async () => {
  const { tap, detail, ward, place } = await station()
  await disableUser(place, 'carla')
  const wrong = [{ name: 'anna', pin: '0000' }, { name: 'nobody', pin: PIN }, { name: 'carla', pin: PIN }, { name: 'screen-1', pin: PIN }, { badge: 'B-0000-0000' }]
  for (const actor of wrong) expect(await detail(await tap({ actor }))).toEqual([403, 'Badge or PIN is not right.'])
  for (const actor of [null, 'anna', {}, { name: 'anna' }, { name: 'anna', pin: PIN, badge: BADGE }]) expect((await tap({ actor })).status).toBe(422)
  expect(ward.asked).toEqual([])
})

test('who proves who she is does what her role may, and no more', async () => {
  const { tap, detail, ward } = await station()
  expect(await detail(await tap({ actor: { name: 'bert', pin: PIN } }))).toEqual([403, 'Your role does not allow this.'])
  expect((await tap({ actor: { name: 'bert', pin: PIN } }, '/api/beds/bed-1/unassign')).status).toBe(200)
  expect(ward.asked).toEqual(['bert {"what":"unassign","bed":"bed-1"}'])
})

test('wrong PINs make the next wait, also the right one; a badge opens meanwhile, and so does another name', async () => {
  const { tap, clock } = await station()
  for (let tries = 0; tries < apiLimits.actorFailuresMax; tries++) expect((await tap({ actor: { name: 'anna', pin: '0000' } })).status).toBe(403)
  const waiting = await tap({ actor: { name: 'anna', pin: PIN } })
  expect([waiting.status, Number(waiting.headers.get('retry-after')) > 0]).toEqual([429, true])
  expect((await tap({ actor: { badge: BADGE } })).status).toBe(200)
  expect((await tap({ actor: { name: 'bert', pin: PIN } }, '/api/beds/bed-1/unassign')).status).toBe(200)
  clock.jump(apiLimits.actorDelayMs)
  expect((await tap({ actor: { name: 'anna', pin: PIN } })).status).toBe(200)
})

test('on a session of one’s own a proof is not needed, and names another where it is there', async () => {
  const { ask, signIn, ward } = await station()
  const cookie = await signIn('nurse')
  const tap = (body: unknown): Promise<Response> => ask(ACKNOWLEDGE, { method: 'POST', cookie, body })
  expect((await tap({})).status).toBe(200)
  expect((await tap({ actor: { name: 'anna', pin: '0000' } })).status).toBe(403)
  expect(ward.asked).toEqual(['acknowledge alert-1 by anna'])
})

test('a screen of the ward is signed in for more than a shift, and ends with its user', async () => {
  const { ask, cookie, clock, place, users } = await station()
  clock.jump(apiLimits.sessionHoursMax * 30 * 3_600_000)
  expect((await ask('/api/me', { cookie })).status).toBe(200)
  await disableUser(place, 'screen-1')
  await users.refresh()
  expect((await ask('/api/me', { cookie })).status).toBe(401)
})

test('the shift names who may be named, spells a name as its account does, and says why it refuses', async () => {
  const { tap, ask, cookie, detail, ward } = await station()
  expect(await (await ask('/api/shift', { cookie })).json()).toMatchObject({ shift: null, people: [{ name: 'anna', pin: true, badge: true }] })
  const actor = { name: 'anna', pin: PIN }
  expect((await tap({ what: 'assign', nurse: 'Anna', beds: ['bed-1'], actor }, '/api/shift')).status).toBe(200)
  expect(ward.asked).toEqual(['shift by anna {"what":"assign","nurse":"anna","beds":["bed-1"]}'])
  expect(await detail(await tap({ what: 'break', nurse: 'anna', minutes: 30, actor }, '/api/shift'))).toEqual([409, 'Nobody would be told in place of anna: name a buddy or a charge nurse who is there.'])
  for (const request of [{ what: 'assign', nurse: '<b>', beds: [] }, { what: 'begin', hours: 25, keep: true }, { what: 'break', nurse: 'anna', minutes: 121 }, { what: 'elope' }]) {
    expect((await tap({ ...request, actor }, '/api/shift')).status).toBe(422)
  }
})
