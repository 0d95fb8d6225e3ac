import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataFolder } from '../security/support.ts'
import { startWard } from './support.ts'

async function built() {
  const folder = await dataFolder()
  const webFolder = join(folder, 'web')
  await mkdir(join(webFolder, 'assets'), { recursive: true })
  await writeFile(join(webFolder, 'index.html'), '<!doctype html><title>Vigil</title>')
  await writeFile(join(webFolder, 'assets', 'index-3a1b.js'), 'export {}')
  await writeFile(join(webFolder, 'favicon.svg'), '<svg/>')
  await writeFile(join(webFolder, '.secret.txt'), 'hidden')
  await writeFile(join(folder, 'users.json'), 'secret')
  return await startWard({ webFolder })
}

test('the page is served at its address and at every place inside it, and is asked for again each time', async () => {
  const { ask } = await built()
  for (const path of ['/', '/login', '/login?x=1', '/devices/monitor-1']) {
    const response = await ask(path)
    const { headers } = response
    expect([path, response.status, headers.get('content-type'), headers.get('cache-control')]).toEqual([path, 200, 'text/html; charset=utf-8', 'no-cache'])
    expect(await response.text()).toContain('<title>Vigil</title>')
  }
})

test('a file named by its content is kept for a year, any other is asked for again', async () => {
  const { ask } = await built()
  const script = await ask('/assets/index-3a1b.js')
  expect([script.status, script.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
  expect(script.headers.get('content-type')).toContain('javascript')
  const icon = await ask('/favicon.svg')
  expect([icon.status, icon.headers.get('cache-control')]).toEqual([200, 'no-cache'])
})

test.each([
  '/assets/index-0000.js',
  '/nothing.png',
  '/.secret.txt',
  '/../users.json',
  '/%2e%2e/users.json',
  '/assets/..%2f..%2fusers.json',
  '/assets/%2e%2e/%2e%2e/users.json',
  '/users.json',
])(
  '%s is not there, and is not kept as such',
  async (path) => {
    const response = await (await built()).ask(path)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toHaveProperty('detail')
  },
)

test('before the page is built its place says how to build it, and once it is built it is there', async () => {
  const { ask, webFolder } = await startWard()
  const before = await ask('/')
  expect(before.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const text = await before.text()
  expect(text).toContain('npm run build')
  expect(text).not.toMatch(/<(script|style)|style=/)
  await mkdir(webFolder, { recursive: true })
  await writeFile(join(webFolder, 'index.html'), 'built')
  expect(await (await ask('/')).text()).toBe('built')
})
