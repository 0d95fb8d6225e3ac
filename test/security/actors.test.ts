import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { apiLimits } from '../../src/limits.ts'
import { openActorThrottle } from '../../src/security/login-throttle.ts'
import { badgeCode, hashesOf, hashOfNobody, hashPassword, PASSWORD_COST, pinWeaknessOf, tapCost } from '../../src/security/passwords.ts'
import { addUser, changeBadge, changePassword, changePin, disableUser, parseUsers, userFileOf } from '../../src/security/user-file.ts'
import { openUsers } from '../../src/security/users.ts'
import { CHEAP, dataFolder, fakeClock, fakeLog, never, PASSWORD } from './support.ts'

const PIN = '4827'
const BADGE = 'B-0042-7719'

async function ward() {
  const folder = await dataFolder()
  const clock = fakeClock()
  const log = fakeLog()
  const place = { folder, clock, stop: never(), cost: CHEAP }
  for (const name of ['anna', 'ben']) await addUser(place, { name, role: 'nurse', password: PASSWORD })
  await addUser(place, { name: 'screen-1', role: 'station', password: PASSWORD })
  const users = await openUsers({ folder, clock, log, cost: CHEAP })
  const say = async (what: Promise<{ readonly kind: string }>): Promise<string> => {
    const { kind } = await what
    await users.refresh()
    return kind
  }
  return { folder, clock, log, place, users, say }
}

test('a PIN says who taps together with the name; two may have the same', async () => {
  const { users, place, say } = await ward()
  expect([await say(changePin(place, 'anna', PIN)), await say(changePin(place, 'ben', PIN))]).toEqual(['done', 'done'])
  expect(await users.checkActor({ name: 'Anna', pin: PIN })).toMatchObject({ kind: 'right', account: { name: 'anna', role: 'nurse' } })
  expect(await users.checkActor({ name: 'ben', pin: PIN })).toMatchObject({ kind: 'right', account: { name: 'ben' } })
  expect(await users.checkActor({ name: 'anna', pin: '4828' })).toEqual({ kind: 'wrong' })
  expect(await say(changePin(place, 'anna', null))).toBe('done')
  expect(await users.checkActor({ name: 'anna', pin: PIN })).toEqual({ kind: 'wrong' })
})

test('a badge says by itself who taps, and is nobody else’s', async () => {
  const { users, place, say } = await ward()
  expect(await say(changeBadge(place, 'anna', ` ${BADGE}\n`))).toBe('done')
  expect(await say(changeBadge(place, 'ben', 'B-0043-0001'))).toBe('done')
  expect(await users.checkActor({ badge: BADGE })).toMatchObject({ kind: 'right', account: { name: 'anna' } })
  expect(await users.checkActor({ badge: 'B-0043-0001' })).toMatchObject({ kind: 'right', account: { name: 'ben' } })
  expect(await users.checkActor({ badge: 'B-0042-7718' })).toEqual({ kind: 'wrong' })
  expect(await changeBadge(place, 'ben', BADGE)).toEqual({ kind: 'refused', why: 'This badge is that of anna.' })
  // One's own once more is no quarrel.
  expect(await say(changeBadge(place, 'anna', BADGE))).toBe('done')
})

test('a wrong one, a user without one, a disabled one, a screen, and nobody at all get the same answer at the same cost', async () => {
  const { users, place, say } = await ward()
  await say(changePin(place, 'anna', PIN))
  await say(changePin(place, 'screen-1', PIN))
  await say(changeBadge(place, 'anna', BADGE))
  await say(disableUser(place, 'anna'))
  const proofs = [{ name: 'anna', pin: PIN }, { name: 'ben', pin: PIN }, { name: 'screen-1', pin: PIN }, { name: 'nobody', pin: PIN }, { badge: BADGE }, { badge: 'B-9999-9999' }, { badge: '' }]
  for (const proof of proofs) expect(await users.checkActor(proof)).toEqual({ kind: 'wrong' })
})

test('an unknown badge costs one slow hash, as a known one does, also where nobody has a badge', async () => {
  const known = await hashPassword(BADGE, CHEAP)
  const like = await hashPassword('B-0043-0001', CHEAP, known)
  const other = await hashPassword('B-0044-0001', CHEAP)
  expect(like.split(':').slice(0, 5)).toEqual(known.split(':').slice(0, 5))
  expect(await hashesOf(BADGE, [known, like, other], '')).toEqual([known])
  expect(await hashesOf('B-0044-0001', [known, like, other], '')).toEqual([other])
  expect(await hashesOf(BADGE, [], hashOfNobody(CHEAP))).toEqual([])
  // Whoever steals the file has to pay for each try.
  expect((await hashPassword(PIN, tapCost())).startsWith(`scrypt:${PASSWORD_COST.logN}:${PASSWORD_COST.r}:1:`)).toBe(true)
})

test('neither PIN nor badge stands in the file or in the log, and the list of people says only whether there is one', async () => {
  const { users, place, say, folder, log } = await ward()
  await say(changePin(place, 'anna', '48271'))
  await say(changeBadge(place, 'anna', BADGE))
  const text = await readFile(userFileOf(folder), 'utf8')
  for (const secret of ['48271', BADGE]) expect(`${text}${log.text()}`).not.toContain(secret)
  expect(users.people()).toEqual([{ name: 'anna', pin: true, badge: true }, { name: 'ben', pin: false, badge: false }])
  expect(parseUsers(text.replace(/"pin": "scrypt/, '"pin": "plain'))).toBeNull()
})

test('a new PIN ends no session, a new password leaves the PIN', async () => {
  const { users, place, say } = await ward()
  const before = users.find('anna')?.epoch
  await say(changePin(place, 'anna', PIN))
  expect(users.find('anna')?.epoch).toBe(before)
  await say(changePassword(place, 'anna', `${PASSWORD} again`))
  expect(await users.checkActor({ name: 'anna', pin: PIN })).toMatchObject({ kind: 'right' })
})

test('a PIN has four digits at least, and is no row and no repetition', () => {
  for (const weak of ['123', '1234', '4321', '0000', '12a4', '', 'abcd', '9'.repeat(apiLimits.pinDigitsMax + 1)]) expect([weak, pinWeaknessOf(weak)]).not.toEqual([weak, null])
  for (const good of ['4827', '1235', '1357', '102938475610']) expect([good, pinWeaknessOf(good)]).toEqual([good, null])
  expect(badgeCode('x'.repeat(apiLimits.badgeCharsMin - 1))).toBeNull()
  expect(badgeCode('x'.repeat(apiLimits.badgeCharsMax + 1))).toBeNull()
  expect(badgeCode('x'.repeat(apiLimits.badgeCharsMax))).not.toBeNull()
})

test('after five wrong PINs of a name the next must wait, longer each time; others at the same screen need not', async () => {
  const { users, place, say, folder, clock, log } = await ward()
  await say(changePin(place, 'anna', PIN))
  const pins = await openActorThrottle({ folder, clock, users, log })
  for (let tries = 0; tries < apiLimits.actorFailuresMax; tries++) expect(pins.attempt('anna', 'anna')).toEqual({ kind: 'go' })
  expect(pins.attempt('anna', 'anna')).toEqual({ kind: 'wait', ms: apiLimits.actorDelayMs })
  expect(pins.attempt('ben', 'ben')).toEqual({ kind: 'go' })
  clock.pass(apiLimits.actorDelayMs)
  expect(pins.attempt('anna', 'anna')).toEqual({ kind: 'go' })
  expect(pins.attempt('anna', 'anna')).toEqual({ kind: 'wait', ms: apiLimits.actorDelayMs * 2 })
  // It outlives a restart; a new PIN forgets it.
  await pins.settled()
  const again = await openActorThrottle({ folder, clock, users, log })
  expect(again.attempt('anna', 'anna')).toMatchObject({ kind: 'wait' })
  await say(changePin(place, 'anna', '5927'))
  expect(again.attempt('anna', 'anna')).toEqual({ kind: 'go' })
  await again.settled()
})
