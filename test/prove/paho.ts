/**
 * `prove paho`: what Eclipse's interoperability suite for MQTT 3.1.1 asks of a broker, case by case, in our own words and
 * with our own packets. Two cases are tried on the gateway as it ships; the others publish and subscribe where no device of
 * ours may, and are tried on a gateway whose policy alone was replaced (paho-policy.ts): aedes, our bounds and our guard.
 *
 * One difference is on purpose: a keep-alive of 0 is refused, because the silence of a dead connection must end.
 */

import { type Packet, generate } from 'mqtt-packet'
import { freePort } from '../free-port.ts'
import type { Prove } from './prove.ts'
import { type Connecting, RawMqtt, connectPacket, publishPacket } from './wire-mqtt.ts'
import { ProvedSite, brokerFor, delay, settled, strangers } from './wire-site.ts'

const OPEN = new URL('./paho-open.ts', import.meta.url).href
const PATIENCE_MS = 30_000
/** Nothing more is coming, when nothing came for so long. */
const QUIET_MS = 300
const USERS = ['one', 'two']

type Got = { readonly topic: string; readonly payload: string; readonly qos: number; readonly retain: boolean }

/** A client that answers as it should, unless it is told to be silent. */
class Polite {
  readonly got: Got[] = []
  readonly client: RawMqtt
  answers = true
  #id = 0

  private constructor(client: RawMqtt) {
    this.client = client
    client.listener = (packet) => this.#hear(packet)
    for (const packet of client.packets) this.#hear(packet)
  }

  static async login(port: number, who: Connecting): Promise<Polite> {
    return new Polite(await RawMqtt.login(port, who))
  }

  async publish(topic: string, payload: string, qos: 0 | 1 | 2, retain = false): Promise<void> {
    const messageId = ++this.#id
    this.client.send(publishPacket(topic, payload, { qos, messageId, retain }))
    if (qos === 1) await this.client.next('puback')
    if (qos === 2) {
      await this.client.next('pubrec')
      this.client.send({ cmd: 'pubrel', messageId })
      await this.client.next('pubcomp')
    }
  }

  async heard(count: number): Promise<readonly Got[]> {
    await settled(PATIENCE_MS, () => this.got.length >= count)
    await delay(QUIET_MS)
    return this.got
  }

  get sessionWasThere(): boolean {
    const [first] = this.client.packets
    return first?.cmd === 'connack' && first.sessionPresent
  }

  #hear(packet: Packet): void {
    if (packet.cmd === 'publish') {
      this.got.push({ topic: packet.topic, payload: packet.payload.toString(), qos: packet.qos, retain: packet.retain })
      if (!this.answers || packet.messageId === undefined) return
      this.client.send({ cmd: packet.qos === 2 ? 'pubrec' : 'puback', messageId: packet.messageId })
    } else if (packet.cmd === 'pubrel' && this.answers && packet.messageId !== undefined) this.client.send({ cmd: 'pubcomp', messageId: packet.messageId })
  }
}

/** Resolves with what was wrong. `port`: the open broker; `shipped`: the one that devices meet. */
type Case = { readonly name: string; readonly run: (port: number, shipped: number) => Promise<readonly (string | false)[]> }

const without = (condition: boolean, why: string): string | false => !condition && why
const topicsOf = (got: readonly Got[]): string => got.map(({ topic }) => topic).toSorted().join()
const shorthand = (got: readonly Got[]): string => got.map(({ topic, payload, qos }) => `${topic} ${payload} ${qos}`).join()

const CASES: readonly Case[] = [
  {
    name: 'basic: connect, subscribe, publish at all three qualities, disconnect; a second CONNECT ends the connection',
    async run(port) {
      const who = { user: 'one', clientId: 'basic' }
      await (await Polite.login(port, who)).client.leave()
      const client = await Polite.login(port, who)
      const granted = await client.client.subscribe('basic/a', 2)
      for (const qos of [0, 1, 2] as const) await client.publish('basic/a', `qos ${qos}`, qos)
      const got = await client.heard(3)
      client.client.send(connectPacket(who))
      const isCut = await client.client.closed(PATIENCE_MS)
      return [without(granted === 2, 'not granted'), without(shorthand(got) === 'basic/a qos 0 0,basic/a qos 1 1,basic/a qos 2 2', shorthand(got)), without(isCut, 'a second CONNECT was borne')]
    },
  },
  {
    name: 'retained messages: served to a later subscriber as such, cleared by an empty one',
    async run(port) {
      const publisher = await Polite.login(port, { user: 'one', clientId: 'retained-a' })
      const topics = ['retained/a/b', 'retained/c', 'retained/a/c']
      for (const [qos, topic] of topics.entries()) await publisher.publish(topic, 'kept', qos === 0 ? 0 : qos === 1 ? 1 : 2, true)
      const first = await Polite.login(port, { user: 'two', clientId: 'retained-b' })
      await first.client.subscribe('retained/#', 2)
      const got = [...(await first.heard(3))]
      for (const topic of topics) await publisher.publish(topic, '', 1, true)
      const second = await Polite.login(port, { user: 'two', clientId: 'retained-c' })
      await second.client.subscribe('retained/#', 2)
      const after = await second.heard(0)
      await Promise.all([publisher, first, second].map(({ client }) => client.leave()))
      return [without(topicsOf(got) === topics.toSorted().join() && got.every(({ retain }) => retain), shorthand(got)), without(after.length === 0, `after clearing: ${shorthand(after)}`)]
    },
  },
  {
    name: 'a client without a name: refused when it wants a session, served when it wants none (as it ships)',
    async run(_port, shipped) {
      const wanting = await RawMqtt.call(shipped)
      const packet = connectPacket({ user: 'one', clientId: '' })
      // No library of today says so: "clean session" is bit 1 of the connect flags (§3.1.2.4).
      const bytes = bytesOf(packet)
      bytes[9] = (bytes[9] ?? 0) & ~2
      wanting.socket.write(bytes)
      const isCut = await wanting.closed(PATIENCE_MS)
      const [answer] = wanting.packets
      const served = await RawMqtt.login(shipped, { user: 'one', clientId: '' })
      const isServed = await served.ping()
      await served.leave()
      return [without(isCut && answer?.cmd === 'connack' && answer.returnCode === 2, 'not refused with return code 2'), without(isServed, 'not served')]
    },
  },
  {
    name: 'offline message queueing: what was published while a session slept is delivered when it wakes',
    async run(port) {
      const who = { user: 'one', clientId: 'sleeper', clean: false }
      const sleeper = await Polite.login(port, who)
      await sleeper.client.subscribe('offline/#', 2)
      await sleeper.client.leave()
      const publisher = await Polite.login(port, { user: 'two', clientId: 'waker' })
      for (const qos of [0, 1, 2] as const) await publisher.publish(`offline/${qos}`, 'while away', qos)
      await publisher.client.leave()
      const awake = await Polite.login(port, who)
      const got = await awake.heard(2)
      await awake.client.leave()
      // Quality 0 may or may not be kept (§4.1).
      const owed = got.filter(({ topic }) => topic !== 'offline/0')
      return [without(awake.sessionWasThere, 'no session'), without(topicsOf(owed) === 'offline/1,offline/2', shorthand(got))]
    },
  },
  {
    name: 'a last will is published when its client vanishes, and not when it says goodbye',
    async run(port) {
      const ear = await Polite.login(port, { user: 'two', clientId: 'will-ear' })
      await ear.client.subscribe('will/+', 2)
      const dying = (leaf: string): Promise<RawMqtt> => RawMqtt.login(port, { user: 'one', clientId: `will-${leaf}`, will: { topic: `will/${leaf}`, payload: Buffer.from('gone'), qos: 1, retain: false } })
      const polite = await dying('polite')
      await polite.leave()
      const vanished = await dying('vanished')
      vanished.vanish()
      const got = await ear.heard(1)
      await ear.client.leave()
      return [without(topicsOf(got) === 'will/vanished', shorthand(got))]
    },
  },
  {
    name: 'overlapping subscriptions: once at the highest quality, or once for each of them',
    async run(port) {
      const client = await Polite.login(port, { user: 'one', clientId: 'overlap' })
      await client.client.subscribe('overlap/#', 2)
      await client.client.subscribe('overlap/+', 1)
      await client.publish('overlap/c', 'x', 2)
      const qualities = (await client.heard(1)).map(({ qos }) => String(qos)).toSorted().join()
      await client.client.leave()
      return [without(qualities === '2' || qualities === '1,2', `came at ${qualities}`)]
    },
  },
  {
    name: 'keep-alive: a client that is silent for one and a half of it is gone, and its last will is told',
    async run(port) {
      const ear = await Polite.login(port, { user: 'two', clientId: 'keepalive-ear' })
      await ear.client.subscribe('keepalive/+', 1)
      const silent = await RawMqtt.login(port, { user: 'one', clientId: 'keepalive', keepalive: 2, will: { topic: 'keepalive/will', payload: Buffer.from('gone'), qos: 1, retain: false } })
      const early = await silent.closed(2_000)
      const isCut = await silent.closed(PATIENCE_MS)
      const got = await ear.heard(1)
      await ear.client.leave()
      return [without(!early, 'cut within its keep-alive'), without(isCut, 'not cut'), without(topicsOf(got) === 'keepalive/will', shorthand(got))]
    },
  },
  {
    name: 'redelivery on reconnect: what was not acknowledged comes again',
    async run(port) {
      const who = { user: 'one', clientId: 'redelivery', clean: false }
      const first = await Polite.login(port, who)
      await first.client.subscribe('redelivery/+', 2)
      first.answers = false
      const publisher = await Polite.login(port, { user: 'two', clientId: 'redelivery-b' })
      await publisher.publish('redelivery/1', 'x', 1)
      await publisher.publish('redelivery/2', 'x', 2)
      await first.heard(2)
      first.client.vanish()
      const second = await Polite.login(port, who)
      const got = await second.heard(2)
      await Promise.all([publisher.client.leave(), second.client.leave()])
      return [without(topicsOf(first.got) === 'redelivery/1,redelivery/2', `at first: ${shorthand(first.got)}`), without(topicsOf(got) === 'redelivery/1,redelivery/2', shorthand(got))]
    },
  },
  {
    name: 'topics that begin with $ are not matched by a wildcard at their beginning',
    async run(port) {
      const client = await Polite.login(port, { user: 'one', clientId: 'dollar' })
      await client.client.subscribe('#', 2)
      await client.client.subscribe('+/dollar', 2)
      await client.publish('$proved/dollar', 'hidden', 1)
      await client.publish('plain/dollar', 'shown', 1)
      const got = (await client.heard(1)).filter(({ topic }) => topic.endsWith('dollar'))
      await client.client.leave()
      return [without(got.length > 0 && got.every(({ payload }) => payload === 'shown'), shorthand(got))]
    },
  },
  {
    name: 'unsubscribe: nothing more comes, and the other subscriptions stay',
    async run(port) {
      const client = await Polite.login(port, { user: 'one', clientId: 'unsubscribe' })
      for (const leaf of ['a', 'b', 'c']) await client.client.subscribe(`unsubscribe/${leaf}`, 2)
      client.client.send({ cmd: 'unsubscribe', messageId: 7, unsubscriptions: ['unsubscribe/a'] })
      const isAnswered = (await client.client.next('unsuback')) !== null
      for (const leaf of ['a', 'b', 'c']) await client.publish(`unsubscribe/${leaf}`, 'x', 1)
      const got = await client.heard(2)
      await client.client.leave()
      return [without(isAnswered, 'not answered'), without(topicsOf(got) === 'unsubscribe/b,unsubscribe/c', shorthand(got))]
    },
  },
  {
    name: 'a subscription that is not allowed is answered with failure (as it ships)',
    async run(_port, shipped) {
      const client = await RawMqtt.login(shipped, { user: 'one' })
      const granted = await client.subscribe('nobody/hears', 2)
      await client.leave()
      return [without(granted === 0x80, `granted ${granted ?? 'nothing'}`)]
    },
  },
]

function bytesOf(packet: Packet): Buffer {
  return Buffer.from(generate(packet, { protocolVersion: 4 }))
}

export const prove: Prove = async ({ say }) => {
  const site = async (): Promise<{ readonly site: ProvedSite; readonly port: number }> => {
    const port = await freePort()
    return { site: new ProvedSite({ links: [brokerFor(port, USERS)], devices: strangers(USERS, 'mqtt-json'), beds: [{ id: 'bed-1', label: '1' }] }), port }
  }
  const [open, shipped] = [await site(), await site()]
  await using openSite = open.site
  await using shippedSite = shipped.site
  const gateways = await Promise.all([openSite.start([OPEN]), shippedSite.start()])
  const failed: string[] = []
  await Promise.all(
    CASES.map(async ({ name, run }) => {
      const wrong = await run(open.port, shipped.port).catch((error: unknown) => [String(error)])
      const told = wrong.filter((why) => why !== false)
      if (told.length === 0) return
      failed.push(name)
      say(`"${name}": ${told.join('; ')}`)
    }),
  )
  const died = gateways.filter((gateway) => !gateway.isAlive()).length
  await Promise.all(gateways.map((gateway) => gateway.stop()))
  // Nine of ten, and every exception is named.
  return { kind: 'judged', pass: died === 0 && failed.length <= 1, figures: { cases: CASES.length, passed: CASES.length - failed.length, exceptions: failed.join('; ') || 'none' }, control: null }
}
