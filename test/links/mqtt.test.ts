import { once } from 'node:events'
import { type Socket, connect as dial } from 'node:net'
import { type IClientOptions, type MqttClient, connect, connectAsync } from 'mqtt'
import { generate } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { type DeviceId, deviceId } from '../../src/domain/ids.ts'
import { linkLimits, pumpLimits } from '../../src/limits.ts'
import { mqttBroker } from '../../src/links/mqtt-broker.ts'
import { mqttClientLink } from '../../src/links/mqtt-client.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { quiet, recorder } from '../contract/link.ts'

const clock = realClock(REAL_TIME)

async function broker(users: readonly string[] = ['mon-1', 'mon-2']) {
  const stop = new AbortController()
  const recorded = recorder()
  let running: Promise<void> = Promise.resolve()
  const port = await new Promise<number>((resolve) => {
    const passwords = new Map<DeviceId, string>(users.map((name) => [deviceId(name), `secret of ${name}`]))
    running = mqttBroker({ id: 'mqtt', host: '127.0.0.1', port: 0, users: passwords, clock, log: quiet, listening: resolve }).run(recorded.open, stop.signal)
  })
  const login = (device: string, options: IClientOptions = {}): Promise<MqttClient> =>
    connectAsync(`mqtt://127.0.0.1:${port}`, { username: device, password: `secret of ${device}`, reconnectPeriod: 0, ...options }, false)
  const close = async (): Promise<void> => {
    stop.abort()
    await running
  }
  return { ...recorded, port, login, close }
}

describe('the embedded broker', () => {
  it('sends PUBACK only after the reading was stored', async () => {
    const { login, heard, until, close } = await broker()
    const client = await login('mon-1')
    let acknowledged = false
    const published = client.publishAsync('vigil/v1/mon-1/readings', '{"id":"1"}', { qos: 1 }).then(() => (acknowledged = true))
    await until(() => heard.length === 1)
    // A second client's round trip: had the PUBACK been on its way, it would be here.
    const other = await login('mon-2')
    await other.endAsync()
    expect(acknowledged).toBe(false)
    heard[0]?.settled?.({ kind: 'stored' })
    await published
    expect(acknowledged).toBe(true)
    await client.endAsync()
    await close()
  })

  it('breaks the connection instead of acknowledging what was not stored', async () => {
    const { login, heard, until, close } = await broker()
    const client = await login('mon-1')
    client.on('error', () => undefined)
    const gone = new Promise<void>((resolve) => client.once('close', () => resolve()))
    client.publish('vigil/v1/mon-1/readings', '{"id":"1"}', { qos: 1 }, () => undefined)
    await until(() => heard.length === 1)
    heard[0]?.settled?.({ kind: 'retry', why: 'disk full' })
    await gone
    await client.endAsync(true)
    await close()
  })

  it.each([
    ['a wrong password', { password: 'guess' }],
    ['no name at all', { username: '', password: '' }],
    ['an unknown name', { username: 'stranger' }],
  ])('refuses %s', async (_what, options) => {
    const { login, close } = await broker()
    await expect(login('mon-1', options)).rejects.toThrow()
    await close()
  })

  it('lets a device publish below its own name only', async () => {
    const { login, heard, close } = await broker()
    const client = await login('mon-1')
    client.on('error', () => undefined)
    const gone = new Promise<void>((resolve) => client.once('close', () => resolve()))
    client.publish('vigil/v1/mon-2/readings', '{"id":"1"}', { qos: 1 }, () => undefined)
    await gone
    expect(heard).toEqual([])
    await client.endAsync(true)
    await close()
  })

  it('grants nobody a subscription to what others say', async () => {
    const { login, close } = await broker()
    const client = await login('mon-1')
    await expect(client.subscribeAsync('#', { qos: 1 })).rejects.toThrow()
    await client.endAsync()
    await close()
  })

  it('notices a device that vanished, by its last will or its silence', async () => {
    const { login, states, until, close } = await broker()
    const client = await login('mon-1', { will: { topic: 'vigil/v1/mon-1/status', payload: Buffer.from('offline'), qos: 1, retain: true } })
    await until(() => states.includes('up: connected'))
    client.stream.destroy()
    await until(() => states.some((state) => state.startsWith('down')))
    await client.endAsync(true)
    await close()
  })

  it('says that a device is gone when its last connection is, and not before', async () => {
    const { login, states, closed, until, close } = await broker()
    const will = { topic: 'vigil/v1/mon-1/status', payload: Buffer.from('offline'), qos: 1, retain: true } as const
    const first = await login('mon-1', { clientId: 'a', will })
    const second = await login('mon-1', { clientId: 'b', will })
    await until(() => states.length === 2)
    first.stream.destroy()
    // Takes the place of the second, whose connection the broker closes.
    second.on('error', () => undefined)
    const third = await login('mon-1', { clientId: 'b', will })
    // The first one's last will is served in the turn in which its end is seen, and this is a round trip later.
    await third.publishAsync('vigil/v1/mon-1/status', 'online', { qos: 1 })
    expect(states).toEqual(['up: connected', 'up: connected', 'up: connected', 'up: the device said so'])
    expect(closed).toEqual([])
    third.stream.destroy()
    await until(() => states.includes('down: disconnected'))
    expect(closed).toEqual(['disconnected'])
    await Promise.all([first, second, third].map((client) => client.endAsync(true)))
    await close()
  })

  it('lets two devices call themselves the same', async () => {
    const { login, states, until, close } = await broker()
    const [one, other] = [await login('mon-1', { clientId: 'monitor' }), await login('mon-2', { clientId: 'monitor' })]
    await until(() => states.length === 2)
    await one.publishAsync('vigil/v1/mon-1/status', 'online', { qos: 1 })
    await other.publishAsync('vigil/v1/mon-2/status', 'online', { qos: 1 })
    expect(states.some((state) => state.startsWith('down'))).toBe(false)
    await Promise.all([one.endAsync(), other.endAsync()])
    await close()
  })

  it('keeps no session for who is away, and says so', async () => {
    const { port, login, heard, until, close } = await broker()
    const present: boolean[] = []
    const subscriber = await login('mon-1', { clientId: 'a', clean: false })
    await subscriber.subscribeAsync('vigil/v1/mon-1/readings', { qos: 1 })
    await subscriber.endAsync()
    const publisher = await login('mon-1', { clientId: 'b' })
    publisher.publish('vigil/v1/mon-1/readings', '{}', { qos: 1 })
    await until(() => heard.length === 1)
    heard[0]?.settled?.({ kind: 'stored' })
    const again = connect(`mqtt://127.0.0.1:${port}`, { username: 'mon-1', password: 'secret of mon-1', clientId: 'a', clean: false, reconnectPeriod: 0 })
    const got: string[] = []
    again.on('connect', ({ sessionPresent }) => present.push(sessionPresent))
    again.on('message', (topic) => got.push(topic))
    await new Promise<void>((resolve) => again.once('connect', () => resolve()))
    await again.publishAsync('vigil/v1/mon-1/status', 'online', { qos: 1 })
    expect([present, got]).toEqual([[false], []])
    await Promise.all([publisher.endAsync(), again.endAsync(true)])
    await close()
  })

  it('refuses who wants a session and has no name for it', async () => {
    const { port, close } = await broker()
    const socket = dial(port, '127.0.0.1')
    await once(socket, 'connect')
    const packet = generate({ cmd: 'connect', clientId: '', clean: true, keepalive: 10, username: 'mon-1', password: Buffer.from('secret of mon-1'), protocolId: 'MQTT', protocolVersion: 4 })
    // No library of today says so: "clean session" is bit 1 of the connect flags (§3.1.2.4).
    packet[9] = (packet[9] ?? 0) & ~2
    socket.write(packet)
    const [bytes]: Buffer[] = await once(socket, 'data')
    expect([...(bytes ?? [])]).toEqual([0x20, 2, 0, 2])
    await once(socket, 'close')
    await close()
  })

  it('refuses one subscription more than a device may have, and takes it when another was given up', async () => {
    const { login, close } = await broker()
    const client = await login('mon-1')
    const filter = (index: number): string => `vigil/v1/mon-1/${index}`
    for (let index = 0; index < linkLimits.mqttSubscriptionsMax; index++) await client.subscribeAsync(filter(index))
    await expect(client.subscribeAsync(filter(-1))).rejects.toThrow()
    await client.unsubscribeAsync(filter(0))
    await client.subscribeAsync(filter(-1))
    await client.endAsync()
    await close()
  })

  it('cuts a device that releases nothing, at one message more than it may leave unreleased', async () => {
    const { port, heard, until, close } = await broker()
    const socket = dial(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.write(generate({ cmd: 'connect', clientId: 'a', clean: true, keepalive: 10, username: 'mon-1', password: Buffer.from('secret of mon-1'), protocolId: 'MQTT', protocolVersion: 4 }))
    await once(socket, 'data')
    const publish = async (messageId: number): Promise<void> => {
      socket.write(generate({ cmd: 'publish', topic: 'vigil/v1/mon-1/readings', payload: '{}', qos: 2, messageId, dup: false, retain: false }))
      await until(() => heard.length === messageId)
      heard[messageId - 1]?.settled?.({ kind: 'stored' })
    }
    for (let id = 1; id <= linkLimits.mqttUnreleasedMessagesMax; id++) {
      const answered = once(socket, 'data')
      await publish(id)
      await answered
    }
    const gone = once(socket, 'close')
    await publish(linkLimits.mqttUnreleasedMessagesMax + 1)
    await gone
    await close()
  })

  it('refuses one connection more than an address may have, and serves the others', async () => {
    const { port, login, close } = await broker()
    const sockets: Socket[] = []
    const call = async (): Promise<Socket> => {
      const socket = dial(port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      return socket
    }
    const client = await login('mon-1')
    while (sockets.length < linkLimits.socketsPerPeerMax - 1) sockets.push(await call())
    const tooMany = await call()
    await once(tooMany, 'close')
    await client.publishAsync('vigil/v1/mon-1/status', 'online', { qos: 1 })
    for (const socket of sockets) socket.destroy()
    await client.endAsync()
    await close()
  })

  it('cuts a socket that claims a huge first packet, before it is collected', async () => {
    const { port, close } = await broker()
    const socket = dial(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x6f]))
    await once(socket, 'close')
    await close()
  })
})

describe("the client of a hospital's broker", () => {
  /** The hospital's broker: anybody may do anything. */
  async function hospital() {
    const { Aedes } = await import('aedes')
    const { createServer } = await import('node:net')
    const aedes = await Aedes.createBroker()
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      aedes.handle(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const url = `mqtt://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
    const close = async (): Promise<void> => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await new Promise<void>((resolve) => aedes.close(() => resolve()))
    }
    return { aedes, url, close }
  }

  /** `passing`: which of the link's waits are over at once; the others never are. */
  async function session(url: string, passing: number | null = null) {
    const stop = new AbortController()
    const recorded = recorder()
    const sleep = (ms: number): Promise<void> => (ms === passing ? Promise.resolve() : new Promise(() => undefined))
    const running = mqttClientLink({ id: 'hospital', url, clientId: 'vigil-test', username: undefined, password: undefined, clock: { ...clock, sleep }, log: quiet }).run(recorded.open, stop.signal)
    return { ...recorded, close: async () => (stop.abort(), running) }
  }

  /** The hospital's broker, this link, and a monitor that speaks through it. */
  async function behindBroker(passing?: number | null) {
    const { aedes, url, close } = await hospital()
    const link = await session(url, passing)
    await once(aedes, 'subscribe')
    const monitor = await connectAsync(url)
    return {
      aedes, link,
      say: (payload: string): Promise<unknown> => monitor.publishAsync('vigil/v1/mon-9/readings', payload, { qos: 1 }),
      async [Symbol.asyncDispose]() {
        await monitor.endAsync()
        await link.close()
        await close()
      },
    }
  }

  it('acknowledges after the commit, and gets again what was not stored', async () => {
    await using ward = await behindBroker(linkLimits.mqttAgainMs)
    const { aedes, link, say } = ward
    await say('{"id":"1"}')
    await link.until(() => link.heard.length === 1)
    link.heard[0]?.settled?.({ kind: 'retry', why: 'disk full' })
    await link.until(() => link.heard.length === 2)
    const acknowledged = once(aedes, 'ack')
    link.heard[1]?.settled?.({ kind: 'stored' })
    await acknowledged
    expect(link.text()).toBe('{"id":"1"}{"id":"1"}')
    expect(link.heard[1]?.peer).toEqual({ address: 'mqtt:mon-9', device: 'mon-9' })
  })

  it('is heard on while a message waits for the disk, and each is acknowledged in its turn', async () => {
    await using ward = await behindBroker()
    const { aedes, link, say } = ward
    const acknowledged: unknown[] = []
    aedes.on('ack', (packet) => acknowledged.push(JSON.parse(String(packet && 'payload' in packet ? packet.payload : '0'))))
    for (const id of [1, 2, 3]) await say(String(id))
    await link.until(() => link.heard.length === 3)
    link.heard[1]?.settled?.({ kind: 'stored' })
    link.heard[0]?.settled?.({ kind: 'stored' })
    await expect.poll(() => acknowledged).toEqual([1, 2])
  })

  it('is asked for no more acknowledged messages once too many wait, and all of them are heard', async () => {
    await using ward = await behindBroker()
    const { aedes, link, say } = ward
    const again = once(aedes, 'subscribe')
    for (let id = 1; id <= linkLimits.mqttUnansweredMax; id++) await say(String(id))
    await link.until(() => link.heard.length === linkLimits.mqttUnansweredMax)
    await say(String(linkLimits.mqttUnansweredMax + 1))
    const [asked]: unknown[] = await again
    expect(asked).toEqual([expect.objectContaining({ qos: 0 }), expect.objectContaining({ qos: 0 })])
    await link.until(() => link.heard.length === linkLimits.mqttUnansweredMax + 1)
  })

  it.each([['takes nothing', null], ['hangs', linkLimits.mqttPatienceMs]])('whose messages are heard without acknowledgement while the disk %s: none waits behind one that is not stored', async (_, passing) => {
    await using ward = await behindBroker(passing)
    const { aedes, link, say } = ward
    const again = once(aedes, 'subscribe')
    let acknowledged = 0
    aedes.on('ack', () => acknowledged++)
    await say('1')
    await link.until(() => link.heard.length === 1)
    if (passing === null) link.heard[0]?.settled?.({ kind: 'retry', why: 'disk full' })
    const [asked]: unknown[] = await again
    expect(asked).toEqual([expect.objectContaining({ qos: 0 }), expect.objectContaining({ qos: 0 })])
    await say('2')
    await link.until(() => link.heard.length === 2)
    expect(link.heard[1]?.settled).toBeUndefined()
    expect(acknowledged).toBe(0)
  })

  it('never acknowledges to one connection what came by another: there its number is another message', async () => {
    const { createServer } = await import('node:net')
    const sockets: Socket[] = []
    const sent: number[][] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      const types: number[] = []
      sent.push(types)
      socket.on('data', (bytes: Buffer) => {
        const type = bytes.readUInt8(0)
        types.push(type >> 4)
        if (type >> 4 === 1) socket.write(generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }))
        if (type >> 4 === 8) {
          socket.write(generate({ cmd: 'suback', messageId: bytes.readUInt16BE(2), granted: [1, 1] }))
          socket.write(generate({ cmd: 'publish', topic: 'vigil/v1/mon-9/readings', payload: `{"id":"${sockets.length}"}`, qos: 1, messageId: 1, dup: false, retain: false }))
        }
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const link = await session(`mqtt://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`)
    await link.until(() => link.heard.length === 1)
    // The broker falls, and has forgotten the session when it is back.
    sockets[0]?.destroy()
    await link.until(() => link.heard.length === 2)
    link.heard[0]?.settled?.({ kind: 'stored' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(sent[1]).not.toContain(4)
    link.heard[1]?.settled?.({ kind: 'stored' })
    await expect.poll(() => sent[1]).toContain(4)
    await link.close()
    server.close()
  })

  it('hears who comes late, however many devices spoke before', async () => {
    const { aedes, url, close } = await hospital()
    const link = await session(url)
    await once(aedes, 'subscribe')
    const monitor = await connectAsync(url)
    const many = pumpLimits.unknownDevicesMax + linkLimits.socketsMax
    for (let index = 0; index < many; index++) await monitor.publishAsync(`vigil/v1/x-${index}/readings`, '{}', { qos: 0 })
    await link.until(() => link.heard.length === many)
    // Nobody sends QoS 0 again: nobody waits for what became of it.
    expect(link.heard.every(({ settled }) => settled === undefined)).toBe(true)
    await monitor.publishAsync('vigil/v1/mon-9/readings', '{"id":"1"}', { qos: 1 })
    await link.until(() => link.heard.length === many + 1)
    expect(link.heard.at(-1)?.peer.device).toBe('mon-9')
    link.heard.at(-1)?.settled?.({ kind: 'stored' })
    await monitor.endAsync()
    await link.close()
    await close()
  })

  it('never takes a retained message for a new reading, nor a retained "online" for a living device', async () => {
    const { aedes, url, close } = await hospital()
    const monitor = await connectAsync(url)
    await monitor.publishAsync('vigil/v1/mon-9/readings', '{"id":"old"}', { qos: 1, retain: true })
    await monitor.publishAsync('vigil/v1/mon-9/status', 'online', { qos: 1, retain: true })
    await monitor.publishAsync('vigil/v1/mon-8/status', 'offline', { qos: 1, retain: true })
    const link = await session(url)
    await once(aedes, 'subscribe')
    await monitor.publishAsync('vigil/v1/mon-9/readings', '{"id":"new"}', { qos: 1 })
    await link.until(() => link.heard.length === 1)
    link.heard[0]?.settled?.({ kind: 'stored' })
    await link.until(() => link.states.length === 1)
    expect(link.text()).toBe('{"id":"new"}')
    expect(link.states).toEqual(['down: last word of the device'])
    await monitor.endAsync()
    await link.close()
    await close()
  })
})
