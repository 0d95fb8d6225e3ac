import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { apiLimits } from '../../src/limits.ts'
import { writeWhole } from '../../src/security/files.ts'
import { addUser, changePassword, disableUser, enableUser, parseUsers, userFileOf, userName } from '../../src/security/user-file.ts'
import { openUsers } from '../../src/security/users.ts'
import { CHEAP, dataFolder, fakeClock, fakeLog, never, PASSWORD } from './support.ts'

async function ward() {
  const folder = await dataFolder()
  const clock = fakeClock()
  const log = fakeLog()
  const place = { folder, clock, stop: never(), cost: CHEAP }
  await addUser(place, { name: 'Anna', role: 'nurse', password: PASSWORD })
  return { folder, clock, log, place, users: await openUsers({ folder, clock, log, cost: CHEAP }) }
}

test('a user signs in with the password, however the name is spelt', async () => {
  const { users } = await ward()
  expect(await users.check('ANNA', PASSWORD)).toMatchObject({ kind: 'right', account: { name: 'anna', role: 'nurse' } })
})

test('wrong password, unknown name and disabled user are answered alike', async () => {
  const { users, place } = await ward()
  expect(await users.check('anna', `${PASSWORD}!`)).toEqual({ kind: 'wrong' })
  expect(await users.check('nobody', PASSWORD)).toEqual({ kind: 'wrong' })
  expect(await users.check('../anna', PASSWORD)).toEqual({ kind: 'wrong' })
  await disableUser(place, 'anna')
  await users.refresh()
  expect(await users.check('anna', PASSWORD)).toEqual({ kind: 'wrong' })
})

test('an unknown user costs as much work as a known one', async () => {
  const folder = await dataFolder()
  const cost = { logN: 14, r: 8, p: 1 }
  await addUser({ folder, clock: fakeClock(), stop: never(), cost }, { name: 'anna', role: 'nurse', password: PASSWORD })
  const users = await openUsers({ folder, clock: fakeClock(), log: fakeLog(), cost })
  // The cheapest of three: the machine may be busy.
  const costOf = async (name: string): Promise<number> => {
    const costs: number[] = []
    for (let time = 0; time < 3; time++) {
      const since = performance.now()
      await users.check(name, 'not the password at all')
      costs.push(performance.now() - since)
    }
    return Math.min(...costs)
  }
  // Without the work an unknown name would be answered a thousand times faster.
  expect(await costOf('nobody')).toBeGreaterThan((await costOf('anna')) / 5)
})

test('a running gateway follows what commands do, and says that something changed', async () => {
  const { users, place } = await ward()
  let changes = 0
  const stop = users.onChange(() => void (changes += 1))
  await addUser(place, { name: 'bert', role: 'biomed', password: PASSWORD })
  await users.refresh()
  expect(users.find('bert')).toMatchObject({ role: 'biomed' })
  await disableUser(place, 'bert')
  await users.refresh()
  expect(users.find('bert')).toBeNull()
  await enableUser(place, 'bert')
  await users.refresh()
  expect(users.find('bert')).not.toBeNull()
  await users.refresh()
  expect(changes).toBe(3)
  stop()
  await disableUser(place, 'bert')
  await users.refresh()
  expect(changes).toBe(3)
})

test('following looks again and again until it is stopped', async () => {
  const { users, place } = await ward()
  const stopping = new AbortController()
  const following = users.follow(stopping.signal)
  const changed = new Promise<void>((resolve) => void users.onChange(resolve))
  await disableUser(place, 'anna')
  await changed
  expect(users.find('anna')).toBeNull()
  stopping.abort()
  await following
})

test('a password and a disabling each begin a new epoch', async () => {
  const { users, place } = await ward()
  const first = users.find('anna')?.epoch
  await changePassword(place, 'anna', `${PASSWORD} more`)
  await users.refresh()
  const second = users.find('anna')?.epoch
  await disableUser(place, 'anna')
  await enableUser(place, 'anna')
  await users.refresh()
  expect(new Set([first, second, users.find('anna')?.epoch]).size).toBe(3)
  expect(await users.check('anna', PASSWORD)).toEqual({ kind: 'wrong' })
  expect(await users.check('anna', `${PASSWORD} more`)).toMatchObject({ kind: 'right' })
})

test('a damaged file keeps the users as they were, says so once, and is never overwritten', async () => {
  const { folder, users, place, log } = await ward()
  await writeFile(userFileOf(folder), '{"users":[{"name":"anna"}]}')
  await users.refresh()
  await users.refresh()
  expect(users.find('anna')).not.toBeNull()
  expect(log.lines.map(({ fields }) => fields)).toEqual([{ why: 'damaged' }])
  expect(await disableUser(place, 'anna')).toMatchObject({ kind: 'refused', why: expect.stringContaining('damaged') })
  await rm(userFileOf(folder))
  await users.refresh()
  expect(users.find('anna')).toBeNull()
})

test('the users file is for its owner alone and holds no password', async () => {
  const { folder } = await ward()
  expect((await stat(userFileOf(folder))).mode & 0o777).toBe(0o600)
  expect(JSON.stringify(parseUsers(await readFile(userFileOf(folder), 'utf8')))).not.toContain(PASSWORD)
})

test('a name is taken once, and must be a name', async () => {
  const { place } = await ward()
  const add = (name: string) => addUser(place, { name, role: 'nurse', password: PASSWORD })
  expect(await add('anna')).toMatchObject({ kind: 'refused', why: expect.stringContaining('already') })
  for (const name of ['', 'nurse by link', '<b>', '-x', 'x'.repeat(33)]) expect(await add(name)).toMatchObject({ kind: 'refused' })
  expect(await add('x'.repeat(32))).toMatchObject({ kind: 'done' })
  expect(userName('ＡＮＮＡ')).toBe('anna')
})

test('one user more than the limit is refused, and a file that holds more is not believed', async () => {
  const { folder, place } = await ward()
  const template = parseUsers(await readFile(userFileOf(folder), 'utf8'))?.[0]
  const users = Array.from({ length: apiLimits.usersMax }, (_, index) => ({ ...template, name: `user${index}` }))
  await writeWhole(userFileOf(folder), JSON.stringify({ users }))
  expect(await addUser(place, { name: 'onemore', role: 'nurse', password: PASSWORD })).toMatchObject({ kind: 'refused', why: expect.stringContaining('1000') })
  expect(parseUsers(JSON.stringify({ users }))).toHaveLength(apiLimits.usersMax)
  expect(parseUsers(JSON.stringify({ users: [...users, { ...template, name: 'onemore' }] }))).toBeNull()
})

test('passwords are checked one after the other, and one that waits too many is turned away unchecked', async () => {
  const { users } = await ward()
  const checks = Array.from({ length: apiLimits.loginsWaitingMax }, () => users.check('anna', 'wrong password !'))
  expect(users.isBusy()).toBe(true)
  expect(await users.check('anna', PASSWORD)).toEqual({ kind: 'busy' })
  await Promise.all(checks)
  expect(users.isBusy()).toBe(false)
  expect(await users.check('anna', PASSWORD)).toMatchObject({ kind: 'right' })
})

test('all who ask at the same time see what changed before they asked', async () => {
  const { users, place } = await ward()
  await disableUser(place, 'anna')
  const seen = await Promise.all(Array.from({ length: 5 }, () => users.refresh().then(() => users.find('anna'))))
  expect(seen).toEqual([null, null, null, null, null])
})
