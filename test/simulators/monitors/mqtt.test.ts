import { createServer, type Socket } from 'node:net'
import { Aedes } from 'aedes'
import { afterEach, describe, expect, it } from 'vitest'
import { mqttWire } from '../../../simulators/monitors/mqtt.ts'
import type { Outgoing, Wire } from '../../../simulators/monitors/wire.ts'
import { until } from '../fake-gateway.ts'

const message = (id: string): Outgoing => ({ id, bytes: new TextEncoder().encode(JSON.stringify({ id })), values: [] })

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type Said = { readonly topic: string; readonly text: string; readonly retain: boolean; readonly qos: number }
type Broker = { readonly port: number; readonly said: Said[]; readonly sessions: () => number; readonly cut: () => void; readonly retained: (topic: string) => string }

/** `take` says what becomes of a reading: stored, refused with a closed connection, or never answered. */
async function broker(take: (nth: number) => 'yes' | 'close' | 'never' = () => 'yes'): Promise<Broker> {
  const said: Said[] = []
  const sockets = new Set<Socket>()
  const kept = new Map<string, string>()
  let sessions = 0
  let readings = 0
  const aedes = await Aedes.createBroker({
    authenticate: (_, name, password, done) => done(null, name === 'monitor-1' && String(password) === 'secret'),
    authorizePublish(client, packet, done) {
      said.push({ topic: packet.topic, text: packet.payload.toString(), retain: packet.retain, qos: packet.qos })
      if (packet.retain) kept.set(packet.topic, packet.payload.toString())
      const verdict = packet.topic.endsWith('/readings') ? take(++readings) : 'yes'
      if (verdict === 'yes' || client === null) done(null)
      else if (verdict === 'close') done(new Error('later'))
    },
  })
  aedes.on('clientReady', () => void sessions++)
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    aedes.handle(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => void server.close(() => resolve()))
    await new Promise<void>((resolve) => aedes.close(() => resolve()))
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    said,
    sessions: () => sessions,
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
    retained: (topic) => kept.get(topic) ?? '',
  }
}

type Running = { readonly wire: Wire; readonly settled: string[]; readonly notes: string[]; readonly stop: () => Promise<void> }

/** Patient, so that a busy machine is not mistaken for a silent broker. */
const PATIENT_MS = 20_000
const IMPATIENT_MS = 500

function start(port: number, { password = 'secret', timeoutMs = PATIENT_MS } = {}): Running {
  const stopper = new AbortController()
  const settled: string[] = []
  const notes: string[] = []
  const wire = mqttWire(
    { url: `mqtt://127.0.0.1:${port}`, device: 'monitor-1', username: 'monitor-1', password, name: 'm', timeoutMs },
    { note: (line) => void notes.push(line), settled: ({ id }, how) => void settled.push(`${id} ${how}`) },
  )
  const running = wire.run(stopper.signal)
  const stop = (): Promise<void> => {
    stopper.abort()
    return running
  }
  closing.push(stop)
  return { wire, settled, notes, stop }
}

const readings = (said: readonly Said[]): readonly string[] => said.filter(({ topic }) => topic.endsWith('/readings')).map(({ text }) => text)

describe('an MQTT publisher', () => {
  it('says that it is online, then publishes in order at QoS 1, readings never retained', async () => {
    const { port, said } = await broker()
    const { wire, settled } = start(port)
    for (const id of ['1', '2', '3']) wire.offer(message(id))
    await until(() => settled.length === 3)
    expect(said[0]).toEqual({ topic: 'vigil/v1/monitor-1/status', text: 'online', retain: true, qos: 1 })
    expect(said.slice(1)).toEqual(['1', '2', '3'].map((id) => ({ topic: 'vigil/v1/monitor-1/readings', text: `{"id":"${id}"}`, retain: false, qos: 1 })))
  })

  it('publishes the same payload again on a new connection when it was not acknowledged', async () => {
    const { port, said, sessions } = await broker((nth) => (nth === 1 ? 'never' : 'yes'))
    const { wire, settled, notes } = start(port, { timeoutMs: IMPATIENT_MS })
    wire.offer(message('1'))
    wire.offer(message('2'))
    await until(() => settled.length === 2)
    expect(readings(said).slice(0, 2)).toEqual(['{"id":"1"}', '{"id":"1"}'])
    expect(readings(said).at(-1)).toBe('{"id":"2"}')
    expect(settled).toEqual(['1 acknowledged', '2 acknowledged'])
    expect(sessions()).toBeGreaterThanOrEqual(2)
    expect(notes.some((line) => line.includes('was not acknowledged'))).toBe(true)
  })

  it('publishes again what a broker refused by closing', async () => {
    const { port, said } = await broker((nth) => (nth === 1 ? 'close' : 'yes'))
    const { wire, settled } = start(port)
    wire.offer(message('1'))
    await until(() => settled.length === 1)
    expect(readings(said)).toEqual(['{"id":"1"}', '{"id":"1"}'])
  })

  it('leaves its last will behind when the cable is pulled, and comes back with what it measured', async () => {
    const { port, said, retained } = await broker()
    const { wire, settled } = start(port)
    wire.offer(message('1'))
    await until(() => settled.length === 1)
    wire.plug('pulled')
    wire.offer(message('2'))
    await until(() => retained('vigil/v1/monitor-1/status') === 'offline')
    expect(readings(said)).toEqual(['{"id":"1"}'])
    wire.plug('plugged')
    await until(() => settled.length === 2)
    expect(retained('vigil/v1/monitor-1/status')).toBe('online')
  })

  it('says goodbye when the ward ends', async () => {
    const { port, retained } = await broker()
    const { wire, settled, stop } = start(port)
    wire.offer(message('1'))
    await until(() => settled.length === 1)
    await stop()
    expect(retained('vigil/v1/monitor-1/status')).toBe('offline')
  })

  it('survives a wrong password, and says so once', async () => {
    const { port } = await broker()
    const { notes, stop } = start(port, { password: 'wrong' })
    await until(() => notes.length > 0)
    expect(notes).toHaveLength(1)
    expect(notes[0]).toContain('does not answer')
    await stop()
  })

  it('comes back when the broker cuts every connection', async () => {
    const { port, cut, sessions } = await broker()
    const { wire, settled } = start(port)
    wire.offer(message('1'))
    await until(() => settled.length === 1)
    cut()
    wire.offer(message('2'))
    await until(() => settled.length === 2)
    expect(sessions()).toBe(2)
  })
})
