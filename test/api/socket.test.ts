import { connect } from 'node:net'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { apiLimits } from '../../src/limits.ts'
import { disableUser } from '../../src/security/user-file.ts'
import { aBed, anAlert, ROLES, startWard } from './support.ts'

test.each([
  ['no Origin', {}],
  ['a foreign Origin', { origin: 'https://evil.example' }],
  ['an Origin of another port', { origin: 'http://127.0.0.1:1' }],
  ['the null Origin', { origin: 'null' }],
])('%s is refused with 403, with a good cookie too', async (_, headers) => {
  const { page, signIn } = await startWard()
  expect(await page(await signIn(), Object.fromEntries(Object.entries(headers))).status).toBe(403)
})

test('an Origin of ours under another scheme is foreign', async () => {
  const { api, page, signIn } = await startWard()
  expect(await page(await signIn(), { origin: api.url.replace('http:', 'https:') }).status).toBe(403)
})

test('no session, a made-up one and one that was signed out are refused with 401', async () => {
  const { ask, page, signIn } = await startWard()
  expect(await page(undefined).status).toBe(401)
  expect(await page(`__Host-vigil=${'x'.repeat(43)}`).status).toBe(401)
  const cookie = await signIn()
  expect(await page(cookie).status).toBe(101)
  await ask('/api/logout', { method: 'POST', cookie, body: {} })
  expect(await page(cookie).status).toBe(401)
})

test('another path is no door', async () => {
  const { api, signIn } = await startWard()
  const { openPage } = await import('./support.ts')
  expect(await openPage(`${api.url.replace('http', 'ws')}/api/me`, { cookie: await signIn(), origin: api.url }).status).toBe(404)
})

test('a refusal is JSON with the protecting headers, and closes the connection', async () => {
  const { port } = await startWard()
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString()))
  const upgrade = ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13', 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==']
  socket.write(`${['GET /ws HTTP/1.1', 'host: x', ...upgrade].join('\r\n')}\r\n\r\n`)
  await once(socket, 'close')
  expect(text).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/)
  expect(text).toContain('x-content-type-options: nosniff')
  expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toHaveProperty('detail')
})

test('a page gets a snapshot, alerts at once, the newest beds, and heartbeats', async () => {
  const { page, signIn, ward } = await startWard()
  const { next } = page(await signIn())
  expect(await next('snapshot')).toMatchObject({ you: { name: 'anna', role: 'nurse' }, gateway: { ward: 'Ward 3' }, alerts: [{ id: 'alert-1' }] })
  const evil = '<img src=x onerror=alert(1)>'
  for (let index = 0; index < 50; index += 1) ward.change({ beds: [aBed('bed-1', `${index}`)], alerts: [anAlert(`alert-${index}`, evil)] })
  expect(await next('alerts')).toMatchObject({ alerts: [{ id: 'alert-0', text: evil }] })
  expect(await next('beds')).toMatchObject({ beds: [{ patient: { name: '49' } }] })
  const [first, second] = [await next('heartbeat'), await next('heartbeat')]
  expect(second.seq).toBeGreaterThan(first.seq)
})

test('heartbeats stop when the rules stop, though everything else runs, and return with them', async () => {
  const { page, signIn, ward } = await startWard()
  const { next, messages } = page(await signIn())
  await next('heartbeat')
  ward.isTicking = false
  // What was due when the rules stopped may still be on its way; the beds prove that the loop goes on.
  ward.change({ beds: [aBed('bed-1')] })
  await next('beds')
  const before = messages.filter(({ type }) => type === 'heartbeat').length
  for (let push = 0; push < 3; push += 1) {
    ward.change({ beds: [aBed('bed-1', `${push}`)] })
    await next('beds')
  }
  expect(messages.filter(({ type }) => type === 'heartbeat')).toHaveLength(before)
  ward.isTicking = true
  await next('heartbeat')
})

test('signing out closes every page of the session, and no other', async () => {
  const { ask, page, signIn } = await startWard()
  const cookie = await signIn()
  const [first, second, other] = [page(cookie), page(cookie), page(await signIn())]
  await Promise.all([first.next('snapshot'), second.next('snapshot'), other.next('snapshot')])
  await ask('/api/logout', { method: 'POST', cookie, body: {} })
  expect([(await first.closed).code, (await second.closed).code]).toEqual([4401, 4401])
  expect(other.socket.readyState).toBe(other.socket.OPEN)
})

test('a user disabled by a command while the gateway runs loses page and session', async () => {
  const { ask, page, place, signIn } = await startWard()
  const cookie = await signIn()
  const { closed, next } = page(cookie)
  await next('snapshot')
  await disableUser(place, 'anna')
  expect((await closed).code).toBe(4401)
  expect((await ask('/api/me', { cookie })).status).toBe(401)
})

test('a session that reaches its end closes its page', async () => {
  const { clock, page, signIn } = await startWard()
  const { closed, next } = page(await signIn())
  await next('snapshot')
  clock.jump(apiLimits.sessionHoursMax * 3_600_000)
  expect((await closed).code).toBe(4401)
})

test('a receipt reaches the ward under the name of the nurse, or of the screen; every message of every other role does nothing', async () => {
  const { page, signIn, ward } = await startWard()
  for (const role of ROLES) {
    const { next, say, socket } = page(await signIn(role))
    await next('snapshot')
    for (const type of ['displayed', 'acknowledge', 'pause', 'context', 'subscribe']) say({ type, alerts: ['alert-1'] })
    socket.send(Buffer.from('{"type":"displayed","alerts":["binary"]}'))
    await next('heartbeat')
  }
  expect(ward.asked).toEqual(['displayed alert-1 by anna', 'displayed alert-1 by screen-1'])
})

test('a message of one byte more than the limit closes the page, one at the limit does not', async () => {
  const { page, signIn, ward } = await startWard()
  const { closed, next, say } = page(await signIn())
  await next('snapshot')
  const sized = (bytes: number): string => '{"type":"displayed","alerts":["alert-1"]}'.padEnd(bytes)
  say(sized(apiLimits.socketMessageBytesMax))
  await next('heartbeat')
  expect(ward.asked).toHaveLength(1)
  say(sized(apiLimits.socketMessageBytesMax + 1))
  expect((await closed).code).toBe(1009)
  expect(ward.asked).toHaveLength(1)
})

test('one page more than the limit is refused with 429, and the others stay', async () => {
  const { page, signIn, sessions } = await startWard()
  const cookies: string[] = []
  for (let index = 0; index * apiLimits.socketsPerSessionMax < apiLimits.socketsMax; index += 1) {
    const opened = sessions.open({ you: { name: `nurse ${index}`, role: 'nurse' }, epoch: null })
    if (opened.kind === 'opened') cookies.push(`__Host-vigil=${opened.token}`)
  }
  const pages = cookies.flatMap((cookie) => Array.from({ length: apiLimits.socketsPerSessionMax }, () => page(cookie)))
  expect(await Promise.all(pages.map(({ status }) => status))).toEqual(Array.from({ length: apiLimits.socketsMax }, () => 101))
  const cookie = await signIn()
  expect(await page(cookie).status).toBe(429)
  pages[0]?.socket.close()
  await pages[0]?.closed
  // The server hears of it a moment after us.
  await expect.poll(() => page(cookie).status).toBe(101)
})

test('a page that does not read is cut, and comes back to a whole snapshot', async () => {
  const { page, signIn, ward, log } = await startWard()
  const cookie = await signIn()
  const { next, socket, closed } = page(cookie)
  await next('snapshot')
  socket.pause()
  const large = anAlert('alert-1', 'x'.repeat(1_000_000))
  await expect.poll(() => {
    for (let times = 0; times < 5; times += 1) ward.change({ alerts: [large] })
    return log.text()
  }).toContain('does not read')
  socket.resume()
  expect((await closed).code).toBe(1006)
  ward.heldAlerts.push(anAlert('alert-2'))
  expect((await page(cookie).next('snapshot')).alerts).toHaveLength(2)
})

test('closing the gateway tells every page', async () => {
  const { close, page, signIn } = await startWard()
  const { closed, next } = page(await signIn())
  await next('snapshot')
  await close()
  expect((await closed).code).toBe(1001)
})
