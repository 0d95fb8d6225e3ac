/**
 * `prove mqtt-hostile`: what a stranger, a broken device or a device that means ill can send to the embedded broker, and
 * what a slow or failing disk does to its acknowledgements. Each claim is one trial against a real gateway.
 */

import { writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { type Packet, generate } from 'mqtt-packet'
import { linkLimits } from '../../src/limits.ts'
import { freePort } from '../free-port.ts'
import { type Prove, type ProveSetting, randomOf } from './prove.ts'
import { RawMqtt, connectPacket, publishPacket, readingOf } from './wire-mqtt.ts'
import { ProvedSite, type SiteProcess, brokerFor, delay, dial, loopback, percentile, residentPeakMb, rounded, settled, strangers } from './wire-site.ts'

const FAULT = new URL('./wire-commit-fault.ts', import.meta.url).href
const GROWTH_MB_MAX = { full: 32, quick: 120 } as const
const CLOSED_MS_MAX = { full: 5_000, quick: 30_000 } as const
/** How long anything is waited for. */
const PATIENCE_MS = 30_000
/** Timers, and a machine that others use too. */
const MARGIN_MS = PATIENCE_MS
const SLOW_COMMIT_MS = 300
const KEEPALIVE_SECONDS = 2

type Figures = Record<string, number | string>
type Trial = { readonly port: number; readonly site: ProvedSite; readonly gateway: SiteProcess; readonly figures: Figures; readonly setting: ProveSetting }
/** What was not as it should be. */
type Wrong = readonly string[]

const USERS = ['honest', 'evil', 'victim', 'frozen', 'mortal', 'releasing', 'retaining']
const topicOf = (device: string, leaf = 'readings'): string => `vigil/v1/${device}/${leaf}`

export const prove: Prove = async (setting) => {
  const figures: Figures = {}
  const [port, hospital] = [await freePort(), await hospitalWithOldReadings()]
  await using site = new ProvedSite({
    links: [brokerFor(port, USERS), { kind: 'mqtt-client', id: 'hospital', url: `mqtt://127.0.0.1:${hospital.port}`, clientId: 'vigil' }],
    devices: strangers(USERS, 'mqtt-json', { silenceSeconds: 600 }),
    beds: [{ id: 'bed-1', label: '1' }],
  })
  const gateway = await site.start()
  const trial: Trial = { port, site, gateway, figures, setting }
  const wrong: string[] = []
  const judge = async (name: string, tried: Promise<Wrong>): Promise<void> => {
    const found = await tried.catch((error: unknown) => [error instanceof Error ? (error.stack ?? error.message) : String(error)])
    setting.say(`${name}: ${found.length === 0 ? 'as it should be' : found.join('; ')}`)
    wrong.push(...found)
  }
  // Alone, because memory is looked at.
  await judge('packets that claim too much', hugePackets(trial))
  await Promise.all([
    judge('bad first packets', badFirstPackets(trial)),
    judge('a subscriber that does not read', frozenSubscriber(trial)),
    judge('topics that are not its own', foreignTopics(trial)),
    judge('messages never released', unreleased(trial)),
    judge('the last will', lastWill(trial)),
    judge('retained readings', retained(trial, hospital.delivered)),
    judge('PUBACK after a slow commit', slowCommit(setting, figures)),
    judge('PUBACK after a failing commit', failingCommit(figures)),
  ])
  const survivor = await RawMqtt.login(port, { user: 'honest' })
  if (!(await survivor.publish(topicOf('honest'), readingOf('after all')))) wrong.push('the gateway does not answer any more')
  await survivor.leave()
  if (!gateway.isAlive()) wrong.push('the gateway died')
  await gateway.stop()
  await hospital.close()
  return { kind: 'judged', pass: wrong.length === 0, figures: { ...figures, wrong: wrong.length }, control: null }
}

// ── bytes before login ───────────────────────────────────────────────────────────────────────────────────────────────

const PACKET_TYPES = Array.from({ length: 14 }, (_, index) => index + 1)
const SOCKETS_PER_TYPE = 5
const CLAIM = [0x80, 0x80, 0x80, 0x2d] // 90 MiB, MQTT 3.1.1 §2.2.3

async function hugePackets({ port, gateway, figures, setting }: Trial): Promise<Wrong> {
  const size = setting.quick ? 'quick' : 'full'
  const bytes = setting.quick ? 4 * 1_048_576 : 90 * 1_048_576
  const before = gateway.residentMb()
  const stop = new AbortController()
  const peak = residentPeakMb(gateway, stop.signal)
  const closedMs = await Promise.all(
    PACKET_TYPES.flatMap((type) => Array.from({ length: SOCKETS_PER_TYPE }, (_, index) => flood(port, loopback(type * 10 + index), Buffer.from([type << 4, ...CLAIM]), bytes))),
  )
  stop.abort()
  const growth = (await peak) - before
  const longest = Math.max(...closedMs)
  figures['hugePacketSockets'] = closedMs.length
  figures['hugePacketsClosedMsMax'] = rounded(longest)
  figures['residentGrowthMb'] = rounded(growth)
  return [...(longest > CLOSED_MS_MAX[size] ? [`closed after ${longest} ms`] : []), ...(growth > GROWTH_MB_MAX[size] ? [`${growth} MB more`] : [])]
}

/** Sends as much as the other end takes; how long that took until it closed, endless when it did not. */
async function flood(port: number, address: string, head: Buffer, bytesMax: number): Promise<number> {
  const socket = await dial(port, address)
  const startedAt = performance.now()
  socket.resume()
  socket.write(head)
  const piece = Buffer.alloc(65_536, 1)
  for (let sent = 0; sent < bytesMax && !socket.destroyed; sent += piece.length) {
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined)
  }
  if (!socket.destroyed) await Promise.race([once(socket, 'close'), delay(PATIENCE_MS)])
  const isClosed = socket.destroyed
  socket.destroy()
  return isClosed ? performance.now() - startedAt : Number.POSITIVE_INFINITY
}

/** Each must be cut, and answered by nothing but a refusal. */
function firstBytes(seed: number): readonly { readonly name: string; readonly bytes: Buffer }[] {
  const random = randomOf(seed)
  const packet = (one: Packet): Buffer => generate(one, { protocolVersion: 4 })
  const hello = packet(connectPacket({ user: 'honest' }))
  const changed = (at: number, byte: number): Buffer => Buffer.concat([hello.subarray(0, at), Buffer.of(byte), hello.subarray(at + 1)])
  return [
    { name: 'PUBLISH', bytes: packet(publishPacket(topicOf('victim'), readingOf('stolen'), { qos: 0 })) },
    { name: 'PUBLISH QoS 1', bytes: packet(publishPacket(topicOf('victim'), readingOf('stolen'))) },
    { name: 'SUBSCRIBE', bytes: packet({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 1 }] }) },
    { name: 'UNSUBSCRIBE', bytes: packet({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['#'] }) },
    { name: 'PINGREQ', bytes: packet({ cmd: 'pingreq' }) },
    { name: 'DISCONNECT', bytes: packet({ cmd: 'disconnect' }) },
    ...(['puback', 'pubrec', 'pubcomp', 'pubrel'] as const).map((cmd) => ({ name: cmd.toUpperCase(), bytes: packet({ cmd, messageId: 1 }) })),
    { name: 'CONNACK', bytes: Buffer.from([0x20, 2, 0, 0]) },
    { name: 'reserved type 0', bytes: Buffer.from([0x00, 0]) },
    { name: 'reserved type 15', bytes: Buffer.from([0xf0, 0]) },
    { name: 'a wrong password', bytes: packet(connectPacket({ user: 'honest', password: 'guess' })) },
    { name: 'an unknown user', bytes: packet(connectPacket({ user: 'nobody' })) },
    { name: 'no name and no password', bytes: packet({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'x', clean: true, keepalive: 60 }) },
    { name: 'another protocol', bytes: changed(4, 0x58) },
    { name: 'protocol level 9', bytes: changed(8, 9) },
    { name: 'reserved bits of the fixed header', bytes: changed(0, 0x1f) },
    { name: 'the reserved connect flag', bytes: changed(9, (hello[9] ?? 0) | 1) },
    { name: 'a keep-alive that is too long', bytes: packet(connectPacket({ user: 'honest', keepalive: linkLimits.mqttKeepaliveSecondsMax + 1 })) },
    { name: 'no keep-alive', bytes: packet(connectPacket({ user: 'honest', keepalive: 0 })) },
    { name: 'half a CONNECT', bytes: hello.subarray(0, hello.length - 5) },
    { name: 'a length that never ends', bytes: Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff]) },
    { name: 'HTTP', bytes: Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n') },
    { name: 'TLS', bytes: Buffer.from([0x16, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1, 3, 3]) },
    ...Array.from({ length: 20 }, (_, index) => ({ name: `random bytes ${index}`, bytes: Buffer.from(random.bytes(64)) })),
    { name: 'silence', bytes: Buffer.alloc(0) },
  ]
}

async function badFirstPackets({ port, site, figures, setting }: Trial): Promise<Wrong> {
  const hello = connectPacket({ user: 'honest' })
  const first = firstBytes(setting.seed)
  const tried = await Promise.all([
    ...first.map(async ({ name, bytes }) => {
      const client = await RawMqtt.call(port, loopback(500))
      client.socket.write(bytes)
      return wrongEnd(client, name)
    }),
    (async () => {
      const client = await RawMqtt.login(port, { user: 'honest', clientId: 'twice' })
      client.send(hello)
      return (await client.closed(PATIENCE_MS)) ? [] : ['a second CONNECT was borne']
    })(),
  ])
  figures['badFirstPackets'] = tried.length
  const stolen = site.query<{ rows: number }>("SELECT count(*) AS rows FROM message WHERE control_id = 'stolen'")[0]?.rows
  return [...tried.flat(), ...(stolen === 0 ? [] : ['what a stranger published was stored'])]
}

async function wrongEnd(client: RawMqtt, name: string): Promise<Wrong> {
  const isClosed = await client.closed(PATIENCE_MS)
  const welcomed = client.packets.some((packet) => packet.cmd !== 'connack' || packet.returnCode === 0)
  client.vanish()
  return [...(isClosed ? [] : [`${name}: not closed`]), ...(welcomed ? [`${name}: was answered`] : [])]
}

// ── devices that mean ill ────────────────────────────────────────────────────────────────────────────────────────────

async function frozenSubscriber({ port, figures, setting }: Trial): Promise<Wrong> {
  const frozen = await RawMqtt.login(port, { user: 'frozen', clientId: 'reader' })
  await frozen.subscribe('vigil/v1/frozen/#')
  frozen.socket.pause()
  const writer = await RawMqtt.login(port, { user: 'frozen', clientId: 'writer' })
  const honest = await RawMqtt.login(port, { user: 'honest', clientId: 'beside' })
  const latencies: number[] = []
  const stop = new AbortController()
  const others = (async () => {
    for (let id = 1; !stop.signal.aborted; id++) {
      const at = performance.now()
      if (!(await honest.publish(topicOf('honest'), readingOf(`beside ${id}`), id))) break
      latencies.push(performance.now() - at)
      await delay(20)
    }
  })()
  // Enough for every buffer of both kernels' ends, and then some.
  const messages = setting.quick ? 100 : 400
  for (let id = 1; id <= messages && !writer.isClosed; id++) writer.send(publishPacket(topicOf('frozen'), readingOf(`frozen ${id}`, 71, 200_000), { messageId: id }))
  const isCut = await settled(linkLimits.mqttDrainMs + PATIENCE_MS, () => frozen.packets.length >= 0 && !isReachable(frozen))
  stop.abort()
  await others
  const slowest = Math.max(...latencies)
  for (const client of [frozen, writer, honest]) client.vanish()
  figures['frozenSubscriberDelaysOthersMsMax'] = rounded(slowest)
  figures['frozenSubscriberDelaysOthersMsP50'] = rounded(percentile(latencies, 0.5))
  return [...(isCut ? [] : ['the frozen subscriber was borne']), ...(slowest <= 10_000 ? [] : [`others waited ${slowest} ms`])]
}

/** Whether the broker still holds this connection: a paused socket hears of its end only when it is written to. */
function isReachable({ socket }: RawMqtt): boolean {
  if (!socket.destroyed) socket.write(generate({ cmd: 'pingreq' }))
  return !socket.destroyed
}

async function foreignTopics({ port, site, figures }: Trial): Promise<Wrong> {
  const wrong: string[] = []
  const deep = Array.from({ length: 101 }, () => 'a').join('/')
  const refused = ['#', '+/+/+/+', 'vigil/v1/+/readings', 'vigil/v1/victim/readings', 'vigil/v1/victim/#', '$SYS/#', 'vigil/v1/evil']
  const ear = await RawMqtt.login(port, { user: 'evil', clientId: 'ear', clean: false })
  for (const topic of refused) if ((await ear.subscribe(topic)) !== 0x80) wrong.push(`may subscribe to ${topic}`)
  if ((await ear.subscribe('vigil/v1/evil/#')) !== 1) wrong.push('may not subscribe to its own')
  const victim = await RawMqtt.login(port, { user: 'victim' })
  if (!(await victim.publish(topicOf('victim'), readingOf('private')))) wrong.push('the victim is not acknowledged')
  await ear.leave()
  // A session that was not kept cannot have gathered what others said meanwhile.
  const again = await RawMqtt.login(port, { user: 'evil', clientId: 'ear', clean: false })
  await victim.publish(topicOf('victim'), readingOf('private too'), 2)
  if (!(await again.ping())) wrong.push('the ear was cut')
  const overheard = [...ear.packets, ...again.packets].filter(({ cmd }) => cmd === 'publish')
  if (overheard.length > 0) wrong.push(`overheard ${overheard.length} messages of others`)
  await again.leave()

  for (const topic of [topicOf('victim'), topicOf('victim', 'status'), 'vigil/v1/evil/other', '$SYS/x', 'a', deep, 'vigil/v1/evil/#']) {
    const client = await RawMqtt.login(port, { user: 'evil', clientId: 'mouth' })
    client.send(publishPacket(topic, readingOf('forged')))
    if (!(await client.closed(PATIENCE_MS)) || client.packets.some(({ cmd }) => cmd === 'puback')) wrong.push(`may publish to ${topic.slice(0, 40)}`)
    client.vanish()
  }
  const deepEar = await RawMqtt.login(port, { user: 'evil', clientId: 'deep' })
  deepEar.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `vigil/v1/evil/${deep}`, qos: 1 }] })
  if (!(await deepEar.closed(PATIENCE_MS))) wrong.push('may subscribe 101 levels deep')
  for (const topic of [topicOf('victim'), topicOf('victim', 'status'), deep]) {
    const client = await RawMqtt.login(port, { user: 'evil', clientId: 'dying', will: { topic, payload: Buffer.from(topic.endsWith('status') ? 'offline' : readingOf('forged')), qos: 1, retain: true } })
    await client.ping()
    client.vanish()
  }
  await victim.ping()
  await victim.publish(topicOf('victim'), readingOf('private three'), 3)
  const forged = site.query<{ rows: number }>("SELECT count(*) AS rows FROM message WHERE control_id = 'forged'")[0]?.rows
  if (forged !== 0) wrong.push('a forged reading was stored')
  if (alertsOf(site, 'victim').length > 0) wrong.push("another one's last will raised an alert at the victim")
  await victim.leave()
  figures['topicsRefused'] = refused.length + 11
  return wrong
}

async function unreleased({ port, figures }: Trial): Promise<Wrong> {
  const client = await RawMqtt.login(port, { user: 'releasing' })
  const sent = 4 * linkLimits.mqttUnreleasedMessagesMax
  for (let id = 1; id <= sent; id++) client.send(publishPacket(topicOf('releasing'), readingOf(`unreleased ${id}`), { qos: 2, messageId: id }))
  const isClosed = await client.closed(PATIENCE_MS)
  const received = client.packets.filter(({ cmd }) => cmd === 'pubrec').length
  client.vanish()
  figures['unreleasedMessagesTaken'] = received
  return [...(isClosed ? [] : ['was not cut']), ...(received > linkLimits.mqttUnreleasedMessagesMax ? [`${received} were taken`] : [])]
}

async function lastWill({ port, site, figures, setting }: Trial): Promise<Wrong> {
  const client = await RawMqtt.login(port, { user: 'mortal', keepalive: KEEPALIVE_SECONDS, will: { topic: topicOf('mortal', 'status'), payload: Buffer.from('offline'), qos: 1, retain: true } })
  const lastHeardAt = Date.now()
  // The socket stays open and says nothing: nobody but the keep-alive can tell that the device is gone.
  const limit = 1_500 * KEEPALIVE_SECONDS + 1_000
  await settled(limit + 5_000, () => alertsOf(site, 'mortal').length > 0)
  const [alert] = alertsOf(site, 'mortal')
  client.vanish()
  if (!alert) return ['no alert']
  const afterMs = alert.at - lastHeardAt
  figures['goneDeviceAlertMs'] = afterMs
  figures['goneDeviceAlertMsMax'] = limit
  return [...(afterMs <= limit + (setting.quick ? MARGIN_MS : 0) ? [] : [`alert after ${afterMs} ms`]), ...(alert.type === 'technical' ? [] : ['the alert is not technical'])]
}

function alertsOf(site: ProvedSite, device: string): readonly { readonly at: number; readonly type: string }[] {
  return site.rows().flatMap((row) => {
    if (row.kind !== 'event' || row.stored.kind !== 'alert' || row.stored.event.kind !== 'phase') return []
    const { event } = row.stored
    return event.device === device && event.phase === 'start' ? [event] : []
  })
}

// ── retained readings ────────────────────────────────────────────────────────────────────────────────────────────────

type Hospital = { readonly port: number; readonly delivered: Promise<void>; readonly close: () => Promise<void> }

/** A hospital's broker that anybody may use, with a reading from long ago retained, as if it were new. */
async function hospitalWithOldReadings(): Promise<Hospital> {
  const broker = await Aedes.createBroker()
  await new Promise<void>((resolve) => broker.publish(publishPacket(topicOf('long-gone'), readingOf('from last year'), { retain: true }), () => resolve()))
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    broker.handle(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const delivered = new Promise<void>((resolve) => void broker.on('ack', () => resolve()))
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    delivered,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await new Promise<void>((resolve) => broker.close(() => resolve()))
    },
  }
}

async function retained({ port, site }: Trial, delivered: Promise<void>): Promise<Wrong> {
  const wrong: string[] = []
  const client = await RawMqtt.login(port, { user: 'retaining' })
  client.send(publishPacket(topicOf('retaining'), readingOf('retained'), { retain: true }))
  if ((await client.next('puback')) === null) wrong.push('a reading that should be retained is not acknowledged')
  await client.subscribe('vigil/v1/retaining/#')
  await client.ping()
  if (client.packets.some(({ cmd }) => cmd === 'publish')) wrong.push('a reading was retained')
  await client.leave()
  if ((await Promise.race([delivered.then(() => 'delivered'), delay(PATIENCE_MS)])) === undefined) wrong.push("the hospital's retained reading was not taken off its broker")
  if (site.query("SELECT 1 FROM message WHERE control_id = 'from last year'").length > 0) wrong.push("the hospital's retained reading was stored as new")
  return wrong
}

// ── acknowledgements and the disk ────────────────────────────────────────────────────────────────────────────────────

const isStored = (site: ProvedSite, id: string): boolean => site.query('SELECT 1 FROM message WHERE control_id = ?', id).length > 0

async function withFault<Result>(environment: Readonly<Record<string, string>>, run: (site: ProvedSite, port: number) => Promise<Result>): Promise<Result> {
  const port = await freePort()
  await using site = new ProvedSite({ links: [brokerFor(port, ['slow'])], devices: strangers(['slow'], 'mqtt-json'), beds: [{ id: 'bed-1', label: '1' }] })
  const gateway = await site.start([FAULT], environment)
  const result = await run(site, port)
  await gateway.stop()
  return result
}

async function slowCommit({ quick }: ProveSetting, figures: Figures): Promise<Wrong> {
  return withFault({ VIGIL_PROVE_COMMIT_MS: String(SLOW_COMMIT_MS) }, async (site, port) => {
    const messages = quick ? 10 : 100
    const client = await RawMqtt.login(port, { user: 'slow' })
    let early = 0
    let unstored = 0
    for (let id = 1; id <= messages; id++) {
      const at = performance.now()
      if (!(await client.publish(topicOf('slow'), readingOf(`slow ${id}`), id))) return [`message ${id} was never acknowledged`]
      if (performance.now() - at < SLOW_COMMIT_MS) early++
      if (!isStored(site, `slow ${id}`)) unstored++
    }
    await client.leave()
    figures['slowCommitPublished'] = messages
    figures['slowCommitAcknowledgedEarly'] = early
    return [...(early > 0 ? [`${early} acknowledged before the commit`] : []), ...(unstored > 0 ? [`${unstored} acknowledged and not in the database`] : [])]
  })
}

async function failingCommit(figures: Figures): Promise<Wrong> {
  const flags = new ProvedSite({ links: [], devices: [], beds: [] })
  const flag = join(flags.folder, 'fails')
  try {
    return await withFault({ VIGIL_PROVE_COMMIT_FAILS: flag }, async (site, port) => {
      writeFileSync(flag, '')
      let acknowledged = 0
      const ids = Array.from({ length: 5 }, (_, index) => `failing ${index}`)
      for (const [index, id] of ids.entries()) {
        const client = await RawMqtt.login(port, { user: 'slow' })
        if (await client.publish(topicOf('slow'), readingOf(id), index + 1)) acknowledged++
        if (!(await client.closed(PATIENCE_MS))) return ['the connection stayed, and nothing makes the device send again']
        client.vanish()
      }
      await rm(flag)
      // As a device does that was never answered: the same packet, marked as sent before.
      let again = 0
      const client = await RawMqtt.login(port, { user: 'slow' })
      for (const [index, id] of ids.entries()) {
        client.send(publishPacket(topicOf('slow'), readingOf(id), { messageId: index + 1, dup: true }))
        if ((await client.next('puback')) !== null && isStored(site, id)) again++
      }
      await client.leave()
      const rows = site.rows().filter((row) => row.kind === 'snapshot').length
      figures['failingCommitAcknowledged'] = acknowledged
      figures['failingCommitRedelivered'] = again
      return [...(acknowledged > 0 ? [`${acknowledged} acknowledged that were not stored`] : []), ...(again === ids.length && rows === ids.length ? [] : [`${again} of ${ids.length} taken again, ${rows} stored`])]
    })
  } finally {
    await flags[Symbol.asyncDispose]()
  }
}
