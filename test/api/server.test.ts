import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ApiRefused, startApi } from '../../src/api/server.ts'
import type { Access } from '../../src/api/route.ts'
import { routesOf } from '../../src/api/routes.ts'
import { SCHEMAS } from '../../src/api/views.ts'
import type { Role } from '../../src/api/wire.ts'
import { apiLimits } from '../../src/limits.ts'
import { linkPath, type LinkFor } from '../../src/security/login-links.ts'
import { disableUser } from '../../src/security/user-file.ts'
import { PASSWORD } from '../security/support.ts'
import { aBed, anAlert, type Asking, cookieOf, fakeWard, FIXTURES, ROLES, startWard, USERS } from './support.ts'

const TLS = { cert: readFileSync(join(FIXTURES, 'tls-cert.pem'), 'utf8'), key: readFileSync(join(FIXTURES, 'tls-key.pem'), 'utf8') }

async function detailOf(response: Response): Promise<string> {
  expect(response.headers.get('content-type')).toContain('application/json')
  const body = (await response.json()) as { detail: string }
  expect(typeof body.detail).toBe('string')
  expect(body.detail.length).toBeGreaterThan(5)
  return body.detail
}

// ── Who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Written out by hand: the table in the source must agree with what people agreed on. */
const MATRIX: Readonly<Record<string, Access>> = {
  'GET /health': 'public',
  'POST /api/login': 'public',
  'POST /api/login/link': 'public',
  'POST /api/logout': ['nurse', 'biomed', 'admin', 'station'],
  'GET /api/me': ['nurse', 'biomed', 'admin', 'station'],
  'GET /api/openapi.json': ['nurse', 'biomed', 'admin'],
  'GET /api/beds': ['nurse', 'biomed', 'admin'],
  'GET /api/beds/{id}/trend': ['nurse', 'biomed', 'admin'],
  'GET /api/alerts': ['nurse', 'biomed', 'admin'],
  'GET /api/alerts/{id}/strip': ['nurse', 'biomed', 'admin'],
  'GET /api/alerts/{id}/deliveries': ['nurse', 'biomed', 'admin'],
  'POST /api/ways/{id}/test': ['biomed', 'admin'],
  'GET /api/handover': ['nurse', 'biomed', 'admin'],
  'GET /api/devices': ['biomed', 'admin'],
  'POST /api/alerts/{id}/acknowledge': ['nurse'],
  'POST /api/alerts/{id}/pause': ['nurse'],
  'POST /api/stays/{id}/context': ['nurse'],
  'GET /api/stays/{id}/freeze': ['nurse'],
  'POST /api/stays/{id}/observations': ['nurse'],
  'POST /api/stays/{id}/observations/take-back': ['nurse'],
  'GET /api/stays/{id}/limits': ['nurse', 'admin'],
  'POST /api/stays/{id}/limits': ['nurse'],
  'POST /api/stays/{id}/limits/ward': ['nurse'],
  'GET /api/associations': ['nurse', 'biomed', 'admin'],
  'GET /api/beds/{id}/association': ['nurse', 'biomed', 'admin'],
  'GET /api/stays/{id}/given': ['nurse', 'admin'],
  'POST /api/associations/scan': ['nurse', 'biomed'],
  'POST /api/associations/type': ['nurse', 'biomed'],
  'POST /api/associations/{fact}/confirm': ['nurse', 'biomed'],
  'POST /api/associations/{fact}/withdraw': ['nurse', 'biomed'],
  'POST /api/beds/{id}/unassign': ['nurse', 'biomed'],
  'POST /api/registry/lookup': ['nurse'],
  'GET /api/shift': ['nurse', 'biomed', 'admin'],
  'POST /api/shift': ['nurse'],
  'POST /api/beds/{id}/state': ['nurse', 'biomed'],
  'POST /api/stays/{id}/goal': ['nurse'],
  'POST /api/stays/{id}/goal/review': ['nurse'],
  'POST /api/ward/mode': ['biomed', 'admin'],
  'GET /api/commissioning': ['nurse', 'biomed', 'admin'],
  'GET /api/sessions': ['admin'],
  'POST /api/sessions/{id}/end': ['admin'],
}

const BODIES: Readonly<Record<string, unknown>> = {
  'POST /api/alerts/{id}/pause': { seconds: 60 },
  'POST /api/stays/{id}/context': { onOxygen: true },
  'POST /api/stays/{id}/observations': { takenAt: 0, values: {}, consciousness: 'A' },
  'POST /api/stays/{id}/observations/take-back': { confirmedAt: 0 },
  'POST /api/stays/{id}/limits': { variable: 'hr', side: 'high', beyond: 140, reason: 'known arrhythmia', hours: null },
  'POST /api/stays/{id}/limits/ward': { variable: 'hr', side: 'high' },
  'POST /api/associations/scan': { mrn: '4711', bed: 'bed-1' },
  'POST /api/associations/type': { mrn: '4711', bed: 'bed-1' },
  'POST /api/registry/lookup': { number: '4711' },
  'POST /api/shift': { what: 'charge', nurse: 'anna' },
  'POST /api/beds/{id}/state': { state: 'occupied' },
  'POST /api/stays/{id}/goal': { goal: 'comfort', decidedBy: 'Dr. Osei', reason: 'as the family wishes', reviewHours: 24 },
  'POST /api/ward/mode': { mode: 'over' },
}

const IDS: readonly (readonly [string, string])[] = [
  ['/beds/{id}', '/beds/bed-1'],
  ['/alerts/{id}', '/alerts/alert-1'],
  ['/stays/{id}', '/stays/stay-bed-1'],
  ['/associations/{fact}', '/associations/7'],
  ['/ways/{id}', '/ways/pagers'],
  ['/sessions/{id}', '/sessions/0123456789abcdef'],
]

const table = () => routesOf({ ward: fakeWard() } as never)
const pathOf = (path: string): string => IDS.reduce((text, [from, to]) => text.replace(from, to), path)

test('the table has exactly the routes and permissions that were agreed on', () => {
  expect(Object.fromEntries(table().map(({ method, path, access }) => [`${method} ${path}`, access]))).toEqual(MATRIX)
})

test('every route answers every role, and nobody, as the table says', async () => {
  const { ask, signIn, ward } = await startWard()
  const cookies = { nurse: await signIn('nurse'), biomed: await signIn('biomed'), admin: await signIn('admin'), station: await signIn('station') }
  // A screen of the ward reads what a nurse reads; what it asks for needs a person.
  const may = (access: readonly Role[], role: Role, method: string): boolean => access.includes(role) || (role === 'station' && method === 'GET' && access.includes('nurse'))
  for (const [name, access] of Object.entries(MATRIX)) {
    const [method = '', path = ''] = name.split(' ')
    if (access === 'public' || path === '/api/logout') continue
    const asking: Asking = { method, ...(method === 'POST' ? { body: BODIES[name] ?? {} } : {}) }
    ward.asked.length = 0
    expect([name, 'nobody', (await ask(pathOf(path), asking)).status]).toEqual([name, 'nobody', 401])
    expect([name, 'stranger', (await ask(pathOf(path), { ...asking, cookie: `__Host-vigil=${'x'.repeat(43)}` })).status]).toEqual([name, 'stranger', 401])
    expect(ward.asked).toEqual([])
    for (const role of ROLES) {
      ward.asked.length = 0
      const { status } = await ask(pathOf(path), { ...asking, cookie: cookies[role] })
      expect([name, role, status]).toEqual([name, role, may(access, role, method) ? 200 : 403])
      if (!may(access, role, method)) expect(ward.asked).toEqual([])
    }
  }
})

test('an administrator sees who is signed in where, and signs one screen out: that one, and no other', async () => {
  const { ask, signIn } = await startWard()
  const [admin, one, other] = [await signIn('admin'), await signIn('station'), await signIn('station')]
  const list = async () => SCHEMAS.Sessions.parse(await (await ask('/api/sessions', { cookie: admin })).json())
  const before = await list()
  expect(before.map(({ role, from, isThis }) => [role, from, isThis])).toEqual([['admin', '127.0.0.1', true], ['station', '127.0.0.1', false], ['station', '127.0.0.1', false]])
  expect((await ask(`/api/sessions/${before[1]?.id}/end`, { method: 'POST', cookie: admin, body: {} })).status).toBe(200)
  expect([(await ask('/api/me', { cookie: one })).status, (await ask('/api/me', { cookie: other })).status, (await list()).length]).toEqual([401, 200, 2])
})

test('what is in no table is not there, for nobody and for everybody', async () => {
  const { ask, signIn } = await startWard()
  const cookie = await signIn('admin')
  const reads = ['GET /api', 'GET /api/users', 'GET /ws', 'GET /api/../users.json']
  const writes = ['POST /api/beds', 'DELETE /api/beds', 'PUT /api/me', 'OPTIONS /api/login', 'POST /']
  for (const [method = '', path = ''] of [...reads, ...writes].map((words) => words.split(' '))) {
    const response = await ask(path, { method, cookie })
    expect([method, path, response.status]).toEqual([method, path, 404])
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    await detailOf(response)
  }
})

test('an engineer gets the beds without names, on the route as on the socket', async () => {
  const { ask, signIn } = await startWard()
  expect(await (await ask('/api/beds', { cookie: await signIn('nurse') })).text()).toContain('Ada Lovelace')
  const text = await (await ask('/api/beds', { cookie: await signIn('biomed') })).text()
  for (const secret of ['Ada Lovelace', '4711']) expect(text).not.toContain(secret)
})

// ── Signing in and out ───────────────────────────────────────────────────────────────────────────────────────────────

test('signing in sets a cookie that scripts, other sites and plain connections never see', async () => {
  const { ask } = await startWard()
  const response = await ask('/api/login', { method: 'POST', body: { name: 'Anna', password: PASSWORD } })
  expect(await response.json()).toEqual({ name: 'anna', role: 'nurse' })
  const attributes = (response.headers.get('set-cookie') ?? '').split('; ').slice(1).toSorted()
  expect(attributes).toEqual(['HttpOnly', `Max-Age=${12 * 3_600}`, 'Path=/', 'SameSite=Strict', 'Secure'])
  const me = await ask('/api/me', { cookie: cookieOf(response) })
  expect(await me.json()).toEqual({ name: 'anna', role: 'nurse' })
})

test('wrong password, unknown user and disabled user get the same answer', async () => {
  const { ask, place } = await startWard()
  await disableUser(place, 'bert')
  const answers = await Promise.all(
    [{ name: 'anna', password: `${PASSWORD}!` }, { name: 'nobody', password: PASSWORD }, { name: 'bert', password: PASSWORD }].map(async (body) => {
      const response = await ask('/api/login', { method: 'POST', body })
      return [response.status, await detailOf(response), response.headers.get('set-cookie')]
    }),
  )
  expect(answers).toEqual(Array.from({ length: 3 }, () => [401, 'Name or password is wrong.', null]))
})

test('a token that was signed out, by itself or by a new sign-in, opens nothing', async () => {
  const { ask, signIn } = await startWard()
  const cookie = await signIn()
  const out = await ask('/api/logout', { method: 'POST', cookie, body: {} })
  expect(out.headers.get('set-cookie')).toMatch(/^__Host-vigil=;.*(Max-Age=0|1970)/)
  expect((await ask('/api/me', { cookie })).status).toBe(401)
  const before = await signIn()
  const rotated = cookieOf(await ask('/api/login', { method: 'POST', cookie: before, body: { name: 'anna', password: PASSWORD } }))
  expect(rotated).not.toBe(before)
  expect((await ask('/api/me', { cookie: before })).status).toBe(401)
  expect((await ask('/api/me', { cookie: rotated })).status).toBe(200)
})

test.each(['anna', 'nobody'])('the eleventh failure in a row of %s is told to wait 30 s, and open sessions go on', async (name) => {
  const { ask, signIn, clock, ward } = await startWard()
  const cookie = await signIn()
  const attempt = (password: string): Promise<Response> => ask('/api/login', { method: 'POST', body: { name, password } })
  for (let failure = 0; failure < apiLimits.loginFailuresMax; failure += 1) expect((await attempt('not the password')).status).toBe(401)
  const waiting = await attempt(PASSWORD)
  expect(waiting.status).toBe(429)
  expect(waiting.headers.get('retry-after')).toBe('30')
  expect(await detailOf(waiting)).toContain('Wait 30 s')
  expect((await ask('/api/alerts/alert-1/acknowledge', { method: 'POST', cookie, body: {} })).status).toBe(200)
  expect(ward.asked).toEqual(['acknowledge alert-1 by anna'])
  clock.jump(30_000)
  expect((await attempt(PASSWORD)).status).toBe(name === 'anna' ? 200 : 401)
})

test('guesses made side by side are counted before they are checked', async () => {
  const { ask } = await startWard()
  const guess = async (): Promise<number> => (await ask('/api/login', { method: 'POST', body: { name: 'anna', password: 'not the password' } })).status
  const statuses = await Promise.all(Array.from({ length: 25 }, guess))
  expect(statuses.filter((status) => status === 401)).toHaveLength(apiLimits.loginFailuresMax)
  expect(statuses.filter((status) => status === 429)).toHaveLength(25 - apiLimits.loginFailuresMax)
})

test('a login link signs in once, and its token stands in no address', async () => {
  const { ask, links, log } = await startWard()
  const nurse: LinkFor = { name: 'nurse by link', role: 'nurse', epoch: null }
  const issued = await links.issue(nurse, 10)
  if (issued.kind === 'refused') throw new Error(issued.why)
  expect((await ask(linkPath(issued.token))).status).toBe(200)
  const take = () => ask('/api/login/link', { method: 'POST', body: { token: issued.token } })
  const answers = await Promise.all([take(), take(), take()])
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401, 401])
  const first = answers.find(({ status }) => status === 200)
  expect(await first?.json()).toEqual({ name: 'nurse by link', role: 'nurse' })
  expect(log.text()).not.toContain(issued.token)
})

test('the link of a user dies with a new epoch of the user', async () => {
  const { ask, links, place, users } = await startWard()
  const epoch = users.find('anna')?.epoch ?? null
  const [first, second] = [await links.issue({ name: 'anna', role: 'nurse', epoch }, 10), await links.issue({ name: 'anna', role: 'nurse', epoch }, 10)]
  if (first.kind === 'refused' || second.kind === 'refused') throw new Error('refused')
  expect((await ask('/api/login/link', { method: 'POST', body: { token: first.token } })).status).toBe(200)
  await disableUser(place, 'anna')
  expect((await ask('/api/login/link', { method: 'POST', body: { token: second.token } })).status).toBe(401)
})

// ── Cross-site requests ──────────────────────────────────────────────────────────────────────────────────────────────

const ACKNOWLEDGE = '/api/alerts/alert-1/acknowledge'

test.each([
  ['a form as text', { 'content-type': 'text/plain' }],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['a form with parts', { 'content-type': 'multipart/form-data; boundary=x' }],
  ['almost JSON', { 'content-type': 'application/jsonp' }],
  ['a foreign origin', { origin: 'https://evil.example' }],
  ['a null origin', { origin: 'null' }],
  ['another port of this computer', { origin: 'http://127.0.0.1:1' }],
  ['another site, as the browser says', { 'sec-fetch-site': 'cross-site' }],
  ['another subdomain, as the browser says', { 'sec-fetch-site': 'same-site' }],
])('acknowledging by %s is refused, with a good cookie', async (_, headers) => {
  const { ask, signIn, ward } = await startWard()
  const response = await ask(ACKNOWLEDGE, { method: 'POST', cookie: await signIn(), body: '{}', headers: Object.fromEntries(Object.entries(headers)) })
  expect(response.status).toBe(403)
  await detailOf(response)
  expect(ward.asked).toEqual([])
})

test('a request that changes something and does not say where it comes from is refused', async () => {
  const { api, signIn, ward } = await startWard()
  const headers = { cookie: await signIn(), 'content-type': 'application/json' }
  const response = await fetch(`${api.url}${ACKNOWLEDGE}`, { method: 'POST', headers, body: '{}' })
  expect(response.status).toBe(403)
  expect(ward.asked).toEqual([])
})

test('a foreign name that points here is not our origin, though Host and Origin agree', async () => {
  const { port, signIn, ward } = await startWard()
  const cookie = await signIn()
  const head = [`POST ${ACKNOWLEDGE} HTTP/1.1`, `host: evil.example:${port}`, `origin: http://evil.example:${port}`, `cookie: ${cookie}`]
  const answer = await raw(port, `${[...head, 'content-type: application/json', 'content-length: 2', 'connection: close'].join('\r\n')}\r\n\r\n{}`)
  expect(answer).toMatch(/^HTTP\/1.1 403 /)
  expect(ward.asked).toEqual([])
})

async function raw(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString()))
  socket.write(request)
  await once(socket, 'close')
  return text
}

// ── Headers and files ────────────────────────────────────────────────────────────────────────────────────────────────

test.each(['/', '/login', '/assets/none.js', '/health', '/api/me', '/api/nothing', '/%zz'])('%s carries every protecting header', async (path) => {
  const { ask } = await startWard()
  const { headers } = await ask(path)
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy).not.toContain('unsafe')
  const parts = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'"]
  for (const part of parts) expect(policy).toContain(part)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('strict-transport-security')).toBeNull()
})

test('with TLS the browser is told to insist on it for a year, and old TLS is not spoken', async () => {
  const { api, port } = await startWard({ tls: TLS, mode: 'live' })
  expect(api.url).toBe(`https://127.0.0.1:${port}`)
  const { request } = await import('node:https')
  const ask = (options: object) =>
    new Promise<string | undefined>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/health', ca: TLS.cert, ...options }, (response) => {
        response.resume()
        resolve(response.headers['strict-transport-security'])
      })
        .on('error', reject)
        .end()
    })
  expect(await ask({})).toBe('max-age=31536000')
  await expect(ask({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow()
})

describe('what would expose patients is refused in words:', () => {
  test.each([
    ['no TLS beyond loopback', { host: '0.0.0.0', mode: 'live' as const }, /unencrypted.*certificate/],
    ['no TLS on all of IPv6', { host: '::', mode: 'live' as const }, /unencrypted/],
    ['a demo beyond loopback', { host: '0.0.0.0', tls: TLS, mode: 'demo' as const }, /demo.*127\.0\.0\.1/],
  ])('%s', async (_, setting, why) => {
    await expect(startWard(setting)).rejects.toThrow(ApiRefused)
    await expect(startWard(setting)).rejects.toThrow(why)
  })
})

test('localhost and ::1 are loopback', async () => {
  const { api } = await startWard({ host: 'localhost' })
  expect((await fetch(`${api.url}/health`)).status).toBe(200)
})

test('a port that is taken is said, and leaves nothing running', async () => {
  const running = await startWard()
  await expect(startApi({ ...running, webFolder: '/nowhere' })).rejects.toThrow('EADDRINUSE')
})

// ── What is asked and answered ───────────────────────────────────────────────────────────────────────────────────────

test('a markup in a name stays text in JSON', async () => {
  const { ask, signIn, ward } = await startWard()
  const evil = '<img src=x onerror=alert(1)></script><script>'
  ward.heldBeds[0] = aBed('bed-1', evil)
  const response = await ask('/api/beds', { cookie: await signIn() })
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.json()).toMatchObject([{ patient: { name: evil } }, {}])
})

test('the answers have the shapes of the contract', async () => {
  const { ask, signIn, page } = await startWard()
  const cookie = await signIn('admin')
  const read = async (path: string): Promise<unknown> => (await ask(path, { cookie })).json()
  const shapes = {
    '/api/beds': SCHEMAS.Beds,
    '/api/alerts': SCHEMAS.Alerts,
    '/api/devices': SCHEMAS.Devices,
    '/api/beds/bed-1/trend': SCHEMAS.Trend,
    '/api/alerts/alert-1/strip': SCHEMAS.Strip,
    '/api/alerts/alert-1/deliveries': SCHEMAS.Deliveries,
    '/api/handover?hours=8': SCHEMAS.Handover,
    '/api/me': SCHEMAS.You,
    '/health': SCHEMAS.Health,
  }
  for (const [path, schema] of Object.entries(shapes)) {
    const body = await read(path)
    expect(body).toEqual(schema.parse(body))
  }
  const { next } = page(cookie)
  for (const type of ['snapshot', 'heartbeat'] as const) {
    const message = await next(type)
    expect(SCHEMAS.ServerMessage.parse(message)).toEqual(message)
  }
})

test('what a nurse does reaches the ward under her name, and refusals are told apart', async () => {
  const { ask, signIn, ward } = await startWard()
  const cookie = await signIn()
  const post = (path: string, body: unknown) => ask(path, { method: 'POST', cookie, body })
  expect((await post(ACKNOWLEDGE, {})).status).toBe(200)
  expect((await post('/api/alerts/alert-1/pause', { seconds: 120 })).status).toBe(200)
  expect((await post('/api/stays/stay-bed-1/context', { consciousness: null, onOxygen: true })).status).toBe(200)
  expect((await post('/api/alerts/never-was/acknowledge', {})).status).toBe(404)
  const refused = await post('/api/alerts/ended/acknowledge', {})
  expect([refused.status, await detailOf(refused)]).toEqual([409, 'It has ended.'])
  expect(ward.asked).toEqual([
    'acknowledge alert-1 by anna',
    'pause alert-1 by anna for 120000',
    'context stay-bed-1 by anna {"onOxygen":true,"consciousness":null}',
    'acknowledge never-was by anna',
    'acknowledge ended by anna',
  ])
})

test('an id with a slash and letters beyond ASCII finds its alert', async () => {
  const { ask, signIn, ward } = await startWard()
  const id = `ü/${'漢'.repeat(62)}`
  ward.heldAlerts.push(anAlert(id))
  expect((await ask(`/api/alerts/${encodeURIComponent(id)}/acknowledge`, { method: 'POST', cookie: await signIn(), body: {} })).status).toBe(200)
  expect(ward.asked).toEqual([`acknowledge ${id} by anna`])
})

test.each([
  ['/api/alerts/alert-1/pause', { seconds: 0 }, 422],
  ['/api/alerts/alert-1/pause', { seconds: apiLimits.audioPauseSecondsMax + 1 }, 422],
  ['/api/alerts/alert-1/pause', { seconds: 1.5 }, 422],
  ['/api/alerts/alert-1/pause', {}, 422],
  ['/api/alerts/alert-1/acknowledge', { by: 'someone else' }, 422],
  ['/api/alerts/<b>/acknowledge', {}, 404],
  ['/api/stays/stay-bed-1/context', {}, 422],
  ['/api/stays/stay-bed-1/context', { population: 'martian' }, 422],
  ['/api/stays/stay-bed-1/context', { onOxygen: 'yes' }, 422],
  ['/api/alerts/alert-1/acknowledge', '{"a":', 400],
  ['/api/alerts/alert-1/acknowledge', '{"__proto__":{"role":"admin"}}', 400],
  ['/api/alerts/alert-1/acknowledge', 'null', 200],
])('POST %s with %j is answered %i', async (path, body, status) => {
  const { ask, signIn, ward } = await startWard()
  const response = await ask(path, { method: 'POST', cookie: await signIn(), body })
  expect(response.status).toBe(status)
  if (status === 200) return
  expect(ward.asked).toEqual([])
  expect(await detailOf(response)).not.toMatch(/martian|someone else/)
})

test.each([
  ['', 200],
  ['?hours=0.5', 200],
  [`?hours=${apiLimits.trendHoursMax}`, 200],
  [`?hours=${apiLimits.trendHoursMax + 1}`, 422],
  ['?hours=0', 422],
  ['?hours=', 422],
  ['?hours=NaN', 422],
  ['?hours=1&hours=2', 422],
])('a trend of %s is answered %i', async (query, status) => {
  const { ask, signIn } = await startWard()
  expect((await ask(`/api/beds/bed-1/trend${query}`, { cookie: await signIn() })).status).toBe(status)
})

test('waveforms that cannot be read are said to be so; an alert that has none has none', async () => {
  const { ask, signIn, ward } = await startWard()
  const cookie = await signIn()
  expect(await (await ask('/api/alerts/alert-2/strip', { cookie })).json()).toEqual({ lines: [], damaged: 0, isCut: false })
  ward.strip = () => Promise.resolve(null)
  const response = await ask('/api/alerts/alert-1/strip', { cookie })
  expect([response.status, await detailOf(response)]).toEqual([500, 'The waveforms of this alert cannot be read now.'])
})

test('the trend of a bed that is not there is 404', async () => {
  const { ask, signIn, ward } = await startWard()
  expect((await ask('/api/beds/bed-9/trend', { cookie: await signIn() })).status).toBe(404)
  expect(ward.asked).toEqual([])
})

test('a body of one byte more than the limit is refused, one at the limit is read', async () => {
  const { ask, signIn } = await startWard()
  const cookie = await signIn()
  const sized = (bytes: number): string => `{}${' '.repeat(bytes - 2)}`
  expect((await ask(ACKNOWLEDGE, { method: 'POST', cookie, body: sized(apiLimits.requestBytesMax) })).status).toBe(200)
  const refused = await ask(ACKNOWLEDGE, { method: 'POST', cookie, body: sized(apiLimits.requestBytesMax + 1) })
  expect([refused.status, await detailOf(refused)]).toEqual([400, expect.stringContaining('65536')])
})

test('a way out is tried by an engineer, under his name; what did not leave, and what is not there, is said', async () => {
  const { ask, signIn, ward } = await startWard()
  const cookie = await signIn('biomed')
  const post = (way: string) => ask(`/api/ways/${way}/test`, { method: 'POST', cookie, body: {} })
  expect([(await post('pagers')).status, (await post('none')).status]).toEqual([200, 404])
  const refused = await post('broken')
  expect([refused.status, await detailOf(refused)]).toEqual([409, 'The test did not leave: no line'])
  expect(ward.asked.map((words) => words.split(' by ')[0])).toEqual(['test pagers', 'test none', 'test broken'])
})

test('receipts that cannot be read are no empty chain', async () => {
  const { ask, signIn, ward } = await startWard()
  const cookie = await signIn()
  expect(await (await ask('/api/alerts/alert-2/deliveries', { cookie })).json()).toEqual([])
  ward.deliveries = () => Promise.resolve(null)
  expect((await ask('/api/alerts/alert-1/deliveries', { cookie })).status).toBe(500)
})

test('health names the stage at which a synthetic alert ends, and counts the ways out without their names', async () => {
  const { ask, ward } = await startWard()
  const { gateway } = ward
  const health = async (beside: Partial<ReturnType<typeof gateway>>) => {
    ward.gateway = () => ({ ...gateway(), ...beside })
    const response = await ask('/health')
    const text = await response.text()
    expect(text).not.toContain('pagers')
    return [response.status, JSON.parse(text) as object]
  }
  const way = { id: 'pagers', state: 'failing', why: 'no line', waiting: 1, lastSentAt: null } as const
  expect(await health({ sentinel: { kind: 'ok', screen: 'none', okAgoSeconds: 12 }, ways: [way, { ...way, state: 'works' }] })).toEqual([
    200, { status: 'ok', message: 'The ward is watched.', mode: 'demo', sentinel: { state: 'ok', stage: null, okAgoSeconds: 12 }, ways: { configured: 2, failing: 1 } },
  ])
  expect(await health({ sentinel: { kind: 'failing', stage: 'rules', okAgoSeconds: 80 } })).toMatchObject([500, { status: 'failing', sentinel: { state: 'failing', stage: 'rules' } }])
  expect(await health({ sentinel: { kind: 'failing', stage: 'screen', okAgoSeconds: 80 } })).toMatchObject([200, { sentinel: { state: 'failing', stage: 'screen' } }])
})

test('health tells whether the ward is watched, and nothing that an outsider could use', async () => {
  const { ask, ward } = await startWard()
  expect(await (await ask('/health')).json()).toEqual({ status: 'ok', message: 'The ward is watched.', mode: 'demo' })
  ward.store = { kind: 'failing', why: 'EIO on /var/lib/vigil/vigil.db' }
  const response = await ask('/health')
  expect(response.status).toBe(500)
  const text = await response.text()
  expect(text).toContain('"detail":')
  expect(text).not.toContain('/var/lib')
})

test('a fault is answered and logged without the words of the fault', async () => {
  const { ask, signIn, ward, log } = await startWard()
  const canary = 'Canary Patient 4711'
  ward.trend = () => Promise.reject(new Error(canary))
  ward.acknowledge = () => {
    throw new TypeError(canary)
  }
  const cookie = await signIn()
  const answers = [await ask('/api/beds/bed-1/trend', { cookie }), await ask(ACKNOWLEDGE, { method: 'POST', cookie, body: {} })]
  for (const response of answers) {
    expect(response.status).toBe(500)
    expect(await detailOf(response)).not.toContain(canary)
  }
  expect(log.lines.filter(({ sentence }) => sentence.startsWith('A request failed'))).toMatchObject([
    { fields: { route: '/api/beds/:id/trend', error: 'Error' } },
    { fields: { route: '/api/alerts/:id/acknowledge', error: 'TypeError' } },
  ])
  expect(log.text()).not.toContain(canary)
})

test('no patient, no password, no token and no mistyped password reaches the log', async () => {
  const { ask, signIn, page, log } = await startWard()
  const cookie = await signIn()
  await ask('/api/login', { method: 'POST', body: { name: 'my-secret-passphrase', password: 'anna' } })
  await ask('/api/login/link', { method: 'POST', body: { token: 'T'.repeat(43) } })
  await ask('/api/beds/Ada/trend?hours=Lovelace', { cookie })
  await ask('/api/alerts/alert-1/acknowledge', { method: 'POST', cookie, body: '{"Ada Lovelace' })
  await page(cookie).next('heartbeat')
  expect(log.text()).toContain('Sign-in failed')
  for (const secret of ['Ada', 'Lovelace', '4711', PASSWORD, 'my-secret', 'TTTT', cookie.split('=')[1] ?? 'missing']) expect(log.text()).not.toContain(secret)
})

test.each([
  ['no HTTP at all', 'HELLO\r\n\r\n'],
  ['headers without end', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`],
])('%s is answered with a sentence and the door', async (_, request) => {
  const answer = await raw((await startWard()).port, request)
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toHaveProperty('detail')
})

test('after closing nothing answers, and the sessions are on disk', async () => {
  const { api, ask, close, signIn, place } = await startWard()
  await signIn()
  await close()
  await expect(ask('/health')).rejects.toThrow()
  expect(readFileSync(join(place.folder, 'sessions.json'), 'utf8')).toContain(USERS.nurse)
  await api.done
})
