import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apiLimits } from '../../src/limits.ts'
import { openSessions, type SessionFor } from '../../src/security/sessions.ts'
import { addUser, disableUser } from '../../src/security/user-file.ts'
import { openUsers } from '../../src/security/users.ts'
import { CHEAP, dataFolder, fakeClock, fakeLog, never, PASSWORD } from './support.ts'

const HOUR = 3_600_000
const LIFETIME = apiLimits.sessionHoursMax * HOUR

async function ward() {
  const folder = await dataFolder()
  const clock = fakeClock()
  const log = fakeLog()
  const place = { folder, clock, stop: never(), cost: CHEAP }
  await addUser(place, { name: 'anna', role: 'nurse', password: PASSWORD })
  const users = await openUsers({ folder, clock, log, cost: CHEAP })
  const reopen = () => openSessions({ folder, clock, users, log })
  const anna = (): SessionFor => ({ you: { name: 'anna', role: 'nurse' }, epoch: users.find('anna')?.epoch ?? null })
  return { folder, clock, log, place, users, reopen, anna, sessions: await reopen() }
}

const BY_LINK: SessionFor = { you: { name: 'nurse by link', role: 'nurse' }, epoch: null }

function opened(sessions: { open: (who: SessionFor) => { kind: string } }, who: SessionFor) {
  const result = sessions.open(who)
  if (result.kind !== 'opened' || !('token' in result)) throw new Error(result.kind)
  return result as Extract<Awaited<ReturnType<typeof openSessions>>['open'] extends (who: SessionFor) => infer R ? R : never, { kind: 'opened' }>
}

test('a token opens its session, and only its hash is on disk', async () => {
  const { sessions, anna, folder } = await ward()
  const { token, session } = opened(sessions, anna())
  expect(sessions.find(token)?.you).toEqual({ name: 'anna', role: 'nurse' })
  await sessions.settled()
  const text = await readFile(join(folder, 'sessions.json'), 'utf8')
  expect(text).not.toContain(token)
  expect(text).toContain(session.id)
  expect(Buffer.from(token, 'base64url').length).toBeGreaterThanOrEqual(16)
})

test('what is no token finds nothing, least of all the hash of one', async () => {
  const { sessions, anna } = await ward()
  const { session } = opened(sessions, anna())
  for (const text of ['', session.id, 'x'.repeat(43), '__proto__']) expect(sessions.find(text)).toBeNull()
})

test('a restart throws nobody out', async () => {
  const { sessions, anna, reopen, clock } = await ward()
  const { token } = opened(sessions, anna())
  const byLink = opened(sessions, BY_LINK)
  await sessions.settled()
  clock.pass(HOUR)
  const after = await reopen()
  expect(after.find(token)?.you.name).toBe('anna')
  expect(after.find(byLink.token)?.you.role).toBe('nurse')
})

test('a session ends at its time, across a restart too, and says so', async () => {
  const { sessions, anna, reopen, clock } = await ward()
  const { token, session } = opened(sessions, anna())
  await sessions.settled()
  clock.pass(LIFETIME - 1)
  const after = await reopen()
  expect(after.find(token)).not.toBeNull()
  clock.pass(1)
  expect(after.find(token)).toBeNull()
  const ended: string[] = []
  after.onEnd((id) => void ended.push(id))
  after.sweep()
  expect(ended).toEqual([session.id])
})

test('a date set a year ahead throws nobody out, and one set back lengthens nothing', async () => {
  const { sessions, anna, reopen, clock } = await ward()
  const { token } = opened(sessions, anna())
  clock.step(365 * 24 * HOUR)
  expect(sessions.find(token)).not.toBeNull()
  opened(sessions, BY_LINK)
  await sessions.settled()
  clock.step(-2 * 365 * 24 * HOUR)
  const after = await reopen()
  expect(after.find(token)).not.toBeNull()
  clock.pass(LIFETIME)
  expect(after.find(token)).toBeNull()
})

test('a disabled user is out at once, everywhere, and stays out after a restart', async () => {
  const { sessions, anna, reopen, place, users } = await ward()
  const first = opened(sessions, anna())
  const second = opened(sessions, anna())
  const other = opened(sessions, BY_LINK)
  const ended: string[] = []
  sessions.onEnd((id) => void ended.push(id))
  await disableUser(place, 'anna')
  await users.refresh()
  expect(ended).toEqual([first.session.id, second.session.id])
  expect(sessions.find(first.token)).toBeNull()
  expect(sessions.find(other.token)).not.toBeNull()
  await sessions.settled()
  expect((await reopen()).find(second.token)).toBeNull()
})

test('a session that was ended cannot come back with a restart', async () => {
  const { sessions, anna, reopen } = await ward()
  const { token, session } = opened(sessions, anna())
  await sessions.end(session.id)
  expect(sessions.find(token)).toBeNull()
  expect((await reopen()).find(token)).toBeNull()
})

test('one session more than a user may have ends the oldest of that user, and of nobody else', async () => {
  const { sessions, anna } = await ward()
  const other = opened(sessions, BY_LINK)
  const mine = Array.from({ length: apiLimits.sessionsPerUserMax + 1 }, () => opened(sessions, anna()))
  expect(mine.map(({ token }) => sessions.find(token) !== null)).toEqual([false, ...Array.from({ length: apiLimits.sessionsPerUserMax }, () => true)])
  expect(sessions.find(other.token)).not.toBeNull()
})

test('one session more than the gateway holds is refused, and ends none', async () => {
  const { sessions } = await ward()
  const all = Array.from({ length: apiLimits.sessionsMax }, (_, index) => opened(sessions, { you: { name: `nurse ${index}`, role: 'nurse' }, epoch: null }))
  expect(sessions.open(BY_LINK)).toEqual({ kind: 'full' })
  expect(all.every(({ token }) => sessions.find(token) !== null)).toBe(true)
})

test('a damaged file means signing in again, not a gateway that does not start', async () => {
  const { reopen, folder, log } = await ward()
  await writeFile(join(folder, 'sessions.json'), '{"sessions":[{"id":')
  const after = await reopen()
  expect(opened(after, BY_LINK).session.you.role).toBe('nurse')
  expect(log.text()).toContain('everybody signs in again')
  const god = { id: 'a'.repeat(64), you: { name: 'x', role: 'god' }, epoch: null, endsAt: 9e15 }
  await writeFile(join(folder, 'sessions.json'), JSON.stringify({ sessions: [null, 7, { id: 'x' }, god] }))
  expect((await reopen()).open(BY_LINK).kind).toBe('opened')
})
