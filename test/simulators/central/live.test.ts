import { createServer } from 'node:http'
import { connect } from 'node:net'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { openLive } from '../../../simulators/central/live.ts'
import { OPERATOR } from '../../../simulators/central/tenants.ts'
import { centralLimits } from '../../../src/limits.ts'
import { TOKEN, alert, batch, fakeClock, openDesk, vitals } from './fixture.ts'
import type { Desk } from './fixture.ts'

let desk: Desk
beforeAll(async () => {
  desk = await openDesk()
})
afterAll(() => desk.close())

type Message = { readonly type: string; readonly metrics?: unknown; readonly alert?: { readonly alertId: string } }

/** A dashboard that keeps what it heard, and hands it out in order. */
function dashboard(name: string, { token = TOKEN, path = `/ws/analytics/${name}/` }: { token?: string; path?: string } = {}) {
  const socket = new WebSocket(desk.url.replace('http', 'ws') + path, { headers: { authorization: `Bearer ${token}` } })
  const heard: Message[] = []
  let wake = (): void => undefined
  socket.on('message', bytes => {
    heard.push(JSON.parse(Buffer.isBuffer(bytes) ? bytes.toString() : ''))
    wake()
  })
  return {
    socket,
    opened: new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve())
      socket.once('error', reject)
    }),
    closed: new Promise<number>(resolve => socket.once('close', code => resolve(code))),
    say: (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    async next(type: string): Promise<Message> {
      for (;;) {
        const position = heard.findIndex(message => message.type === type)
        const [message] = position < 0 ? [] : heard.splice(position, 1)
        if (message !== undefined) return message
        await new Promise<void>(resolve => (wake = resolve))
      }
    },
  }
}

describe('a dashboard', () => {
  test('hears metrics when it subscribes, alerts as they come, and metrics again', async () => {
    const subject = randomUUID()
    const ward = dashboard('ward-7')
    await ward.opened
    ward.say({ type: 'subscribe_metrics', dashboard_id: 'ward-7' })
    await ward.next('live_metrics')
    await desk.send(batch([vitals({ subject, values: [88] }), alert({ subject, alertId: `alert-${subject}` })]))
    expect(await ward.next('alert')).toMatchObject({ alert: { patient_id: subject, alertId: `alert-${subject}`, severity: 'critical' } })
    const { metrics } = await ward.next('live_metrics')
    expect(metrics).toContainEqual(expect.objectContaining({ patient_id: subject, value: 88 }))
    expect((await desk.get('/api/v1/streaming/status')).body['dashboards']).toBe(1)
    ward.socket.close()
    await ward.closed
  })

  test('hears of an event once, though its batch comes twice', async () => {
    const subject = randomUUID()
    const ward = dashboard('w')
    await ward.opened
    ward.say({ type: 'subscribe_metrics', dashboard_id: 'w' })
    await ward.next('live_metrics')
    const again = alert({ subject, alertId: 'first' })
    await desk.send(batch([again]))
    await desk.send(batch([again, alert({ subject, alertId: 'second' })]))
    expect((await ward.next('alert')).alert?.alertId).toBe('first')
    expect((await ward.next('alert')).alert?.alertId).toBe('second')
    ward.socket.close()
    await ward.closed
  })

  test.each(['{', '7', '{"type":"shout"}', '{"type":"subscribe_metrics","dashboard_id":"another"}'])('that says %s is told what is expected', async said => {
    const ward = dashboard('w')
    await ward.opened
    ward.say(said)
    expect(await ward.next('error')).toMatchObject({ detail: expect.any(String) })
    ward.socket.close()
    await ward.closed
  })

  test('wants the token and the right address', async () => {
    await expect(dashboard('w', { token: 'wrong' }).opened).rejects.toThrow('401')
    await expect(dashboard('w', { path: '/ws/analytics/w' }).opened).rejects.toThrow('404')
    await expect(dashboard('w', { path: '/ws/other/' }).opened).rejects.toThrow('404')
  })

  test('may say as much as the limit, and is let go for one byte more', async () => {
    const ward = dashboard('w')
    await ward.opened
    ward.say(' '.repeat(centralLimits.socketMessageBytesMax))
    await ward.next('error')
    ward.say(' '.repeat(centralLimits.socketMessageBytesMax + 1))
    // 1009: message too big (RFC 6455, 7.4.1).
    expect(await ward.closed).toBe(1009)
  })

  test('finds no place when the last one is taken, and finds one when it is free again', async () => {
    const all = Array.from({ length: centralLimits.socketsMax }, (_, index) => dashboard(`w${index}`))
    await Promise.all(all.map(({ opened }) => opened))
    await expect(dashboard('extra').opened).rejects.toThrow('503')
    for (const { socket } of all) socket.close()
    await Promise.all(all.map(({ closed }) => closed))
    const late = dashboard('late')
    await late.opened
    late.socket.close()
    await late.closed
  })
})

test('a dashboard that does not read is cut, and the others go on', async () => {
  const server = createServer()
  const stopping = new AbortController()
  const live = openLive({ server, clock: fakeClock(), stop: stopping.signal, mayEnter: () => OPERATOR, metrics: () => Promise.resolve([]), note: () => undefined })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const deaf = connect(port, '127.0.0.1')
  const headers = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']
  deaf.write(`GET /ws/analytics/w/ HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
  await new Promise(resolve => deaf.once('data', resolve))
  const said = Buffer.from(JSON.stringify({ type: 'subscribe_metrics', dashboard_id: 'w' }))
  // A client frame of RFC 6455, 5.2: text, masked with zeros.
  deaf.write(Buffer.concat([Buffer.from([0x81, 0x80 | said.length, 0, 0, 0, 0]), said]))
  await new Promise(resolve => deaf.once('data', resolve))
  expect(live.dashboards(OPERATOR)).toBe(1)
  deaf.pause()
  // The kernel takes a few megabytes for a socket that nobody reads; then the backlog is ours.
  const large = { text: 'x'.repeat(centralLimits.socketBacklogBytesMax) }
  const published = (): void => {
    for (let turn = 0; turn < 32; turn += 1) live.publish('organization-1', [large])
  }
  published()
  deaf.on('error', () => undefined)
  deaf.resume()
  await new Promise(resolve => deaf.once('close', resolve))
  while (live.dashboards(OPERATOR) > 0) await new Promise(resolve => setImmediate(resolve))
  published()
  stopping.abort()
  await live.close()
  await new Promise(resolve => server.close(resolve))
})
