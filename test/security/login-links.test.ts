import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apiLimits } from '../../src/limits.ts'
import { type LinkFor, linkPath, openLoginLinks, readWebAddress, saveWebAddress } from '../../src/security/login-links.ts'
import { dataFolder, fakeClock } from './support.ts'

const NURSE: LinkFor = { name: 'nurse by link', role: 'nurse', epoch: null }

async function place() {
  const folder = await dataFolder()
  const clock = fakeClock()
  const links = openLoginLinks({ folder, clock })
  const issue = async (minutes = 10): Promise<string> => {
    const issued = await links.issue(NURSE, minutes)
    if (issued.kind === 'refused') throw new Error(issued.why)
    return issued.token
  }
  return { folder, clock, links, issue }
}

test('of many who take a link at the same time exactly one gets it, whatever process they are', async () => {
  const { folder, clock, links, issue } = await place()
  const token = await issue()
  const others = openLoginLinks({ folder, clock })
  const taken = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? links : others).take(token)))
  expect(taken.filter((who) => who !== null)).toEqual([NURSE])
  expect(await links.take(token)).toBeNull()
})

test('a link that is too old opens nothing', async () => {
  const { clock, links, issue } = await place()
  const [last, late] = [await issue(10), await issue(10)]
  clock.pass(599_999)
  expect(await links.take(last)).toEqual(NURSE)
  clock.pass(1)
  expect(await links.take(late)).toBeNull()
})

test('only the hash of a link is on disk', async () => {
  const { folder, issue } = await place()
  const token = await issue()
  const names = await readdir(join(folder, 'login-links'))
  expect(names.join()).not.toContain(token)
  for (const name of names) expect(await readFile(join(folder, 'login-links', name), 'utf8')).not.toContain(token)
})

test('the token stands in the fragment, which a browser sends to nobody', () => {
  const url = new URL(linkPath('abc'), 'http://127.0.0.1')
  expect(url.hash).toBe('#token=abc')
  expect(`${url.pathname}${url.search}`).toBe('/login')
})

test.each(['', 'x', '../../users', 'a'.repeat(43)])('%s takes nothing', async (token) => {
  expect(await (await place()).links.take(token)).toBeNull()
})

test('a damaged link takes nothing', async () => {
  const { folder, links, issue } = await place()
  const token = await issue()
  const [name = ''] = await readdir(join(folder, 'login-links'))
  await writeFile(join(folder, 'login-links', name), '{"name":"root","role":"god"}')
  expect(await links.take(token)).toBeNull()
})

test('one link more than the limit is refused until others expire', async () => {
  const { folder, clock, links, issue } = await place()
  await mkdir(join(folder, 'login-links'))
  const expiresAt = clock.wall() + 60_000
  for (let index = 1; index < apiLimits.loginLinksMax; index += 1) {
    await writeFile(join(folder, 'login-links', `${index}.json`), JSON.stringify({ ...NURSE, expiresAt }))
  }
  await issue(1)
  expect(await links.issue(NURSE, 1)).toMatchObject({ kind: 'refused', why: expect.stringContaining('unused') })
  clock.pass(60_000)
  await issue()
  expect(await readdir(join(folder, 'login-links'))).toHaveLength(1)
})

test.each([0, -1, Number.NaN, apiLimits.loginLinkMinutesMax + 1])('a link for %s minutes is refused', async (minutes) => {
  expect(await (await place()).links.issue(NURSE, minutes)).toMatchObject({ kind: 'refused' })
})

test('commands find the address that the gateway saved', async () => {
  const { folder } = await place()
  expect(await readWebAddress(folder)).toBeNull()
  await saveWebAddress(folder, 'http://127.0.0.1:8080')
  expect(await readWebAddress(folder)).toBe('http://127.0.0.1:8080')
  await writeFile(join(folder, 'web-address'), 'rubbish')
  expect(await readWebAddress(folder)).toBeNull()
})
