/** Publishers at QoS 1 with one message in flight each (MQTT 3.1.1), as lean as the HL7 sender; run in the bench's own process. */

import { once } from 'node:events'
import { type Socket, connect } from 'node:net'

const CONNACK = 0x20
const PUBACK = 0x40
const PUBLISH_QOS_1 = 0x32
const CONNECT = 0x10
const ANSWER_BYTES = 4
const ID_DIGITS = 9
const ZERO = 0x30
const PACKET_IDS = 65_535
const NOTHING = Buffer.alloc(0)

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes])
}

/** §2.2.3; no packet here reaches 16 KiB. */
function packet(type: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(type, ...(body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7])), body])
}

export type PublisherSetting = {
  readonly port: number
  /** Many loopback addresses: the limit of connections per address is not what is measured. */
  readonly localAddress: string
  readonly device: string
  readonly password: string
  /** Holds nine zeros, which count. */
  readonly payload: string
}

export class Publisher {
  readonly #socket: Socket
  readonly #publish: Buffer
  readonly #packetIdAt: number
  readonly #idAt: number
  #count = Math.floor((Date.now() / 10) % 10_000) * 10_000
  #packetId = 0

  private constructor(socket: Socket, { device, payload }: PublisherSetting, answered: (publisher: Publisher) => void) {
    this.#socket = socket
    const topic = text(`vigil/v1/${device}/readings`)
    this.#publish = packet(PUBLISH_QOS_1, topic, Buffer.of(0, 0), Buffer.from(payload))
    this.#packetIdAt = this.#publish.indexOf(topic) + topic.length
    this.#idAt = this.#publish.indexOf('0'.repeat(ID_DIGITS))
    let held: Buffer = NOTHING
    socket.on('data', (chunk: Buffer) => {
      // Brokers write the four bytes in one piece or in several.
      const bytes = held.length > 0 ? Buffer.concat([held, chunk]) : chunk
      held = bytes.length < ANSWER_BYTES ? bytes : NOTHING
      if (held.length > 0) return
      const id = (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0)
      if (bytes.length !== ANSWER_BYTES || bytes[0] !== PUBACK || id !== this.#packetId) throw new Error(`not the PUBACK of this message: ${bytes.toString('hex')}`)
      answered(this)
    })
    socket.on('close', () => {
      throw new Error('the broker closed a connection')
    })
  }

  static async connect(setting: PublisherSetting, answered: (publisher: Publisher) => void): Promise<Publisher> {
    const socket = connect({ port: setting.port, host: '127.0.0.1', localAddress: setting.localAddress, noDelay: true })
    await once(socket, 'connect')
    // Clean session; user name and password (§3.1.2).
    socket.write(packet(CONNECT, text('MQTT'), Buffer.of(4, 0xc2, 0, 60), text(setting.device), text(setting.device), text(setting.password)))
    let answer = Buffer.alloc(0)
    while (answer.length < ANSWER_BYTES) {
      const [chunk]: Buffer[] = await once(socket, 'data')
      answer = Buffer.concat([answer, chunk ?? Buffer.alloc(0)])
    }
    if (answer[0] !== CONNACK || answer[3] !== 0) throw new Error(`log-in was refused: ${answer.toString('hex')}`)
    return new Publisher(socket, setting, answered)
  }

  send(): void {
    this.#packetId = (this.#packetId % PACKET_IDS) + 1
    this.#publish.writeUInt16BE(this.#packetId, this.#packetIdAt)
    for (let digit = this.#idAt + ID_DIGITS - 1, rest = ++this.#count; digit >= this.#idAt; digit--, rest = Math.floor(rest / 10)) this.#publish[digit] = ZERO + (rest % 10)
    this.#socket.write(this.#publish)
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy()
  }
}

export type Publishers = {
  /** Begins messages for so long, and waits for the last PUBACK. `ms`: from the first message to it. */
  readonly round: (ms: number) => Promise<{ readonly answered: number; readonly ms: number }>
  readonly close: () => void
}

export async function publishers(settings: readonly PublisherSetting[]): Promise<Publishers> {
  let [since, until, waiting, count] = [0, 0, 0, 0]
  let done: (round: { answered: number; ms: number }) => void = () => undefined
  const answered = (publisher: Publisher): void => {
    waiting--
    count++
    const now = performance.now()
    if (now < until) {
      waiting++
      publisher.send()
    } else if (waiting === 0) done({ answered: count, ms: now - since })
  }
  const all: Publisher[] = []
  for (const setting of settings) all.push(await Publisher.connect(setting, answered))
  return {
    round(ms) {
      since = performance.now()
      until = since + ms
      count = 0
      return new Promise((resolve) => {
        done = resolve
        waiting = all.length
        for (const publisher of all) publisher.send()
      })
    },
    close: () => all.forEach((publisher) => publisher.close()),
  }
}
