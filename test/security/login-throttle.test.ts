import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apiLimits } from '../../src/limits.ts'
import { delayAfter, keyOfAddress, openLoginThrottle } from '../../src/security/login-throttle.ts'
import { addUser, changePassword, disableUser } from '../../src/security/user-file.ts'
import { openUsers } from '../../src/security/users.ts'
import { CHEAP, dataFolder, fakeClock, fakeLog, never, PASSWORD } from './support.ts'

const { loginFailuresMax, loginDelayMs, loginDelayMsMax, loginFailuresInRowMax } = apiLimits

async function door() {
  const folder = await dataFolder()
  const clock = fakeClock()
  const log = fakeLog()
  const place = { folder, clock, stop: never(), cost: CHEAP }
  await addUser(place, { name: 'anna', role: 'nurse', password: PASSWORD })
  const users = await openUsers({ folder, clock, log, cost: CHEAP })
  const throttle = await openLoginThrottle({ folder, clock, users, log })
  const reopen = () => openLoginThrottle({ folder, clock, users, log })
  return { folder, clock, place, users, throttle, reopen }
}

/** Another address each time. */
let last = 0
const elsewhere = (): string => `10.${(last >> 16) & 255}.${(last >> 8) & 255}.${(last += 1) & 255}`

test.each(['anna', 'nobody', '<not a name>'])('the eleventh try in a row for %s waits 30 s, each further one twice as long, up to an hour', async (name) => {
  const { throttle, clock } = await door()
  for (let tries = 0; tries < loginFailuresMax; tries += 1) expect(throttle.attempt(name, elsewhere())).toEqual({ kind: 'go' })
  for (const ms of [30_000, 60_000, 120_000, 240_000, 480_000, 960_000, 1_920_000, 3_600_000, 3_600_000]) {
    expect(throttle.attempt(name, elsewhere())).toEqual({ kind: 'wait', ms })
    clock.pass(ms - 1)
    expect(throttle.attempt(name, elsewhere())).toEqual({ kind: 'wait', ms: 1 })
    clock.pass(1)
    expect(throttle.attempt(name, elsewhere())).toEqual({ kind: 'go' })
  }
})

test.each(['anna', 'nobody'])('before 100 failures in a row the password of %s opens nothing any more, however long one waits', async (name) => {
  const { throttle, clock } = await door()
  let tries = 0
  for (; throttle.attempt(name, elsewhere()).kind === 'go'; tries += 1) clock.pass(loginDelayMsMax)
  expect(tries).toBe(loginFailuresInRowMax)
  expect(tries).toBeLessThan(100)
  clock.pass(365 * 86_400_000)
  expect(throttle.attempt(name, elsewhere())).toEqual({ kind: 'stopped' })
})

test('guesses at many names from one address wait too, and an hour of peace forgives them', async () => {
  const { throttle, clock } = await door()
  for (let tries = 0; tries < loginFailuresMax; tries += 1) throttle.attempt(`name${tries}`, '10.0.0.1')
  expect(throttle.attempt('another', '10.0.0.1')).toEqual({ kind: 'wait', ms: loginDelayMs })
  expect(throttle.attempt('another', '10.0.0.2')).toEqual({ kind: 'go' })
  clock.pass(loginDelayMsMax + loginDelayMs)
  for (let tries = 0; tries < loginFailuresMax; tries += 1) expect(throttle.attempt(`later${tries}`, '10.0.0.1')).toEqual({ kind: 'go' })
})

test('success forgets what one mistyped, on a shared workstation too, but not the guesses of others there', async () => {
  const { throttle } = await door()
  for (let tries = 0; tries < 8; tries += 1) throttle.attempt('anna', '10.0.0.1')
  throttle.succeeded('anna', '10.0.0.1')
  for (let tries = 0; tries < 5; tries += 1) throttle.attempt(`guess${tries}`, '10.0.0.1')
  expect(throttle.attempt('anna', '10.0.0.1')).toEqual({ kind: 'go' })
  throttle.succeeded('anna', '10.0.0.1')
  for (let tries = 0; tries < 5; tries += 1) expect(throttle.attempt(`more${tries}`, '10.0.0.1')).toEqual({ kind: 'go' })
  expect(throttle.attempt('anna', '10.0.0.1').kind).toBe('wait')
})

test('the failures of one user keep no other user out', async () => {
  const { throttle } = await door()
  for (let tries = 0; tries < 50; tries += 1) throttle.attempt('anna', elsewhere())
  expect(throttle.attempt('bert', elsewhere())).toEqual({ kind: 'go' })
})

test('a restart of the gateway does not start the count anew, and a name that nobody has is not written down', async () => {
  const { throttle, reopen, folder } = await door()
  for (let tries = 0; tries < loginFailuresMax; tries += 1) throttle.attempt('anna', elsewhere())
  throttle.attempt('my-secret-passphrase', elsewhere())
  await throttle.settled()
  expect(JSON.parse(await readFile(join(folder, 'login-failures.json'), 'utf8'))).toEqual({ anna: loginFailuresMax })
  expect((await reopen()).attempt('anna', elsewhere())).toEqual({ kind: 'wait', ms: loginDelayMs })
})

test('an administrator lets a stopped user in again, with a new password or a link', async () => {
  const { throttle, clock, place, users } = await door()
  const stopIt = (): void => {
    while (throttle.attempt('anna', elsewhere()).kind === 'go') clock.pass(loginDelayMsMax)
  }
  stopIt()
  await changePassword(place, 'anna', `${PASSWORD} more`)
  await users.refresh()
  expect(throttle.attempt('anna', elsewhere())).toEqual({ kind: 'go' })
  stopIt()
  throttle.forgive('anna')
  expect(throttle.attempt('anna', elsewhere())).toEqual({ kind: 'go' })
  stopIt()
  await disableUser(place, 'anna')
  await users.refresh()
  expect(throttle.attempt('anna', elsewhere())).toEqual({ kind: 'stopped' })
})

test('one key more than the limit forgets the oldest, never a real user', async () => {
  const { throttle } = await door()
  for (let tries = 0; tries < loginFailuresMax; tries += 1) {
    throttle.attempt('anna', elsewhere())
    throttle.attempt('oldest', elsewhere())
  }
  for (let name = 1; name < apiLimits.loginFailureKeysMax; name += 1) throttle.attempt(`n${name}`, elsewhere())
  expect(throttle.attempt('oldest', elsewhere()).kind).toBe('wait')
  throttle.attempt('one-more', elsewhere())
  expect(throttle.attempt('oldest', elsewhere())).toEqual({ kind: 'go' })
  expect(throttle.attempt('anna', elsewhere()).kind).toBe('wait')
})

test('the delay never falls as failures grow, and stays within an hour', () => {
  fc.assert(
    fc.property(fc.nat(200), (failures) => {
      expect(delayAfter(failures + 1)).toBeGreaterThanOrEqual(delayAfter(failures))
      expect(delayAfter(failures)).toBeLessThanOrEqual(3_600_000)
    }),
  )
})

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:aaaa::1', '2001:db8:1:2'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('%s counts as %s', (address, key) => {
  expect(keyOfAddress(address)).toBe(key)
})
