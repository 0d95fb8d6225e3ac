/** A client of MQTT 3.1.1 that sends what it is told, packet by packet, and answers nothing by itself: libraries are too polite to prove a broker with. */

import type { Socket } from 'node:net'
import { type IConnectPacket, type IPublishPacket, type Packet, generate, parser } from 'mqtt-packet'
import { PASSWORD, delay, dial } from './wire-site.ts'

const PATIENCE_MS = 60_000

export type Connecting = { readonly user: string; readonly clientId?: string; readonly clean?: boolean; readonly keepalive?: number; readonly will?: IConnectPacket['will']; readonly password?: string }

export const connectPacket = ({ user, clientId = user, clean = true, keepalive = 60, will, password = PASSWORD }: Connecting): IConnectPacket => ({
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clientId,
  clean,
  keepalive,
  username: user,
  password: Buffer.from(password),
  ...(will ? { will } : {}),
})

export const publishPacket = (topic: string, payload: string | Buffer, { qos = 1, messageId = 1, retain = false, dup = false }: { qos?: 0 | 1 | 2; messageId?: number; retain?: boolean; dup?: boolean } = {}): IPublishPacket => ({
  cmd: 'publish',
  topic,
  payload,
  qos,
  retain,
  dup,
  ...(qos > 0 ? { messageId } : {}),
})

/** A payload of our own schema with one reading. `padding`: blanks behind it, which JSON does not mind. */
export const readingOf = (id: string, value = 71, padding = 0): string =>
  JSON.stringify({ id, at: '2026-01-15T02:00:00Z', readings: [{ mdc: 147842, value, unit: '/min' }] }) + ' '.repeat(padding)

export class RawMqtt {
  /** All packets that came, in order. */
  readonly packets: Packet[] = []
  readonly socket: Socket
  /** Told of each packet as it comes: for clients that answer. */
  listener: (packet: Packet) => void = () => undefined
  /** How many packets `next` has handed out or passed by. */
  #taken = 0
  #wake = (): void => undefined

  private constructor(socket: Socket) {
    this.socket = socket
    const reader = parser({ protocolVersion: 4 })
    reader.on('packet', (packet: Packet) => {
      this.packets.push(packet)
      this.listener(packet)
      this.#wake()
    })
    reader.on('error', () => socket.destroy())
    socket.on('data', (bytes: Buffer) => void reader.parse(bytes))
    socket.on('close', () => this.#wake())
  }

  static async call(port: number, localAddress?: string): Promise<RawMqtt> {
    return new RawMqtt(await dial(port, localAddress))
  }

  /** Logged in. @throws Error when the broker refuses. */
  static async login(port: number, who: Connecting): Promise<RawMqtt> {
    const client = await RawMqtt.call(port)
    client.send(connectPacket(who))
    const answer = await client.next('connack')
    if (answer?.cmd !== 'connack' || answer.returnCode !== 0) throw new Error(`${who.user} was refused`)
    return client
  }

  get isClosed(): boolean {
    return this.socket.destroyed
  }

  send(...packets: readonly Packet[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: 4 }))))
  }

  /** The next packet of this kind; those before it are passed by. Null when the socket closes or nothing comes for `ms`. */
  async next(cmd: Packet['cmd'], ms = PATIENCE_MS): Promise<Packet | null> {
    const until = performance.now() + ms
    for (;;) {
      while (this.#taken < this.packets.length) {
        const packet = this.packets[this.#taken++]
        if (packet?.cmd === cmd) return packet
      }
      const left = until - performance.now()
      if (this.socket.destroyed || left <= 0) return null
      await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), delay(Math.min(left, 50))])
    }
  }

  async subscribe(topic: string, qos: 0 | 1 | 2 = 1): Promise<number | null> {
    this.send({ cmd: 'subscribe', messageId: 99, subscriptions: [{ topic, qos }] })
    const answer = await this.next('suback')
    const granted = answer?.cmd === 'suback' ? answer.granted[0] : null
    return typeof granted === 'number' ? granted : null
  }

  /** Publishes at QoS 1 and waits; whether it was acknowledged. */
  async publish(topic: string, payload: string | Buffer, messageId = 1): Promise<boolean> {
    this.send(publishPacket(topic, payload, { messageId }))
    const answer = await this.next('puback')
    return answer?.cmd === 'puback' && answer.messageId === messageId
  }

  /** A round trip: whatever the broker wanted to say before has been said. */
  async ping(): Promise<boolean> {
    this.send({ cmd: 'pingreq' })
    return (await this.next('pingresp')) !== null
  }

  async closed(ms: number): Promise<boolean> {
    if (!this.socket.destroyed) await Promise.race([new Promise<void>((resolve) => this.socket.once('close', () => resolve())), delay(ms)])
    return this.socket.destroyed
  }

  /** Goes as one should. */
  async leave(): Promise<void> {
    this.send({ cmd: 'disconnect' })
    await this.closed(PATIENCE_MS)
    this.socket.destroy()
  }

  /** Is gone without a word. */
  vanish(): void {
    this.socket.resetAndDestroy()
  }
}
