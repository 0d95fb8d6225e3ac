/** Monitors that number their messages, keep one in flight, and send again what was not acknowledged. No code of a driver is in here. */

import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Ledger, ProveDevice } from './oracle.ts'
import { controlId, hl7Message, jsonMessage } from './payload.ts'

/** lost: no answer; the connection broke, was refused, or stayed silent. */
export type Answer = 'accepted' | 'refused' | 'lost'
export type Attempt = {
  readonly id: number
  readonly device: ProveDevice
  readonly answer: Answer
  /** performance.now() of its beginning. */
  readonly at: number
  readonly ms: number
}

export type Sender = {
  readonly device: ProveDevice
  /** One new message, sent until it is accepted or `stop` aborts; its number. */
  readonly deliver: (stop: AbortSignal) => Promise<number>
  /** A message every `everyMs`, each until it is accepted. */
  readonly run: (everyMs: number, stop: AbortSignal) => Promise<void>
  /** Local ports that were used, newest last: how a trace of the gateway names this sender. */
  readonly ports: readonly number[]
  readonly close: () => void
}

export type SenderSetting = {
  readonly device: ProveDevice
  readonly port: number
  readonly ledger: Ledger
  readonly observe?: (attempt: Attempt) => void
  /** Rest before the same message is sent again. */
  readonly retryMs?: number
  readonly answerTimeoutMs?: number
}

/** What a protocol adds to a socket. `answers` takes bytes as they come and says what they tell of which message. */
type Protocol = {
  readonly hello: Uint8Array | null
  readonly message: (id: number) => Uint8Array
  readonly answers: (bytes: Buffer) => { readonly rest: Buffer; readonly told: readonly Told[] }
}
type Told = { readonly kind: 'hello' } | { readonly kind: 'answer'; readonly of: (id: number) => boolean; readonly answer: Answer }

const ANSWER_TIMEOUT_MS = 10_000
const RETRY_MS = 50
const CONNECT_TIMEOUT_MS = 5_000

export const mllpSender = (setting: SenderSetting): Sender =>
  sender(setting, { hello: null, message: (id) => hl7Message(setting.device.id, id), answers: hl7Answers })

export function mqttSender(setting: SenderSetting & { readonly password?: string }): Sender {
  const { device, password } = setting
  const topic = `vigil/v1/${device.id}/readings`
  return sender(setting, { hello: connectPacket(device.id, password), message: (id) => publishPacket(topic, id), answers: mqttAnswers })
}

function sender({ device, port, ledger, observe, retryMs = RETRY_MS, answerTimeoutMs = ANSWER_TIMEOUT_MS }: SenderSetting, protocol: Protocol): Sender {
  const ports: number[] = []
  let socket: Socket | null = null
  let waiting: { readonly id: number; readonly settle: (answer: Answer) => void } | null = null

  async function connected(): Promise<Socket> {
    if (socket && !socket.destroyed) return socket
    const opened = connect({ port, host: '127.0.0.1' })
    socket = opened
    opened.setNoDelay(true)
    let rest: Buffer = Buffer.alloc(0)
    let greeted: () => void = () => undefined
    opened.on('data', (bytes: Buffer) => {
      const read = protocol.answers(rest.length === 0 ? bytes : Buffer.concat([rest, bytes]))
      rest = read.rest
      for (const told of read.told) {
        if (told.kind === 'hello') greeted()
        else if (waiting && told.of(waiting.id)) waiting.settle(told.answer)
        else ledger.strayAnswers++
      }
    })
    opened.on('error', () => undefined)
    const closed = new Promise<never>((_, reject) => {
      opened.once('close', () => {
        if (socket === opened) waiting?.settle('lost')
        reject(new Error('closed'))
      })
    })
    closed.catch(() => undefined)
    const timer = setTimeout(() => opened.destroy(), CONNECT_TIMEOUT_MS)
    try {
      await Promise.race([once(opened, 'connect'), closed])
      ports.push(opened.localPort ?? 0)
      if (protocol.hello) {
        const hello = new Promise<void>((resolve) => (greeted = resolve))
        opened.write(protocol.hello)
        await Promise.race([hello, closed])
      }
    } finally {
      clearTimeout(timer)
    }
    return opened
  }

  async function attempt(id: number): Promise<Answer> {
    const at = performance.now()
    const answer = await connected().then((to) => exchange(to, id), (): Answer => 'lost')
    observe?.({ id, device, answer, at, ms: performance.now() - at })
    if (answer === 'accepted') ledger.accepted(id)
    else if (answer === 'refused') ledger.refused(id)
    return answer
  }

  function exchange(to: Socket, id: number): Promise<Answer> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiting?.settle('lost'), answerTimeoutMs)
      waiting = {
        id,
        settle(answer) {
          clearTimeout(timer)
          waiting = null
          // A late answer would be taken for the next message's.
          if (answer === 'lost') to.destroy()
          resolve(answer)
        },
      }
      to.write(protocol.message(id))
    })
  }

  async function deliver(stop: AbortSignal): Promise<number> {
    const id = ledger.issue(device)
    while (!stop.aborted && (await attempt(id)) !== 'accepted') await rest(retryMs, stop)
    return id
  }

  return {
    device,
    deliver,
    ports,
    async run(everyMs, stop) {
      for (let due = performance.now(); !stop.aborted; due = Math.max(due + everyMs, performance.now() - 10 * everyMs)) {
        const wait = due - performance.now()
        if (wait > 0) await rest(wait, stop)
        if (!stop.aborted) await deliver(stop)
      }
    },
    close: () => void socket?.destroy(),
  }
}

/** Resolves early when `stop` aborts; never rejects. */
export const rest = (ms: number, stop?: AbortSignal): Promise<void> => delay(ms, undefined, stop ? { signal: stop } : {}).catch(() => undefined)

// ── HL7 over MLLP ────────────────────────────────────────────────────────────────────────────────────────────────────

function hl7Answers(bytes: Buffer): ReturnType<Protocol['answers']> {
  const told: Told[] = []
  let from = 0
  for (let end = bytes.indexOf('\x1c\r', from); end >= 0; end = bytes.indexOf('\x1c\r', from)) {
    const [, code = '', control = ''] = /\rMSA\|(\w\w)\|(\w+)/.exec(bytes.toString('latin1', from, end)) ?? []
    told.push({ kind: 'answer', of: (id) => controlId(id) === control, answer: code === 'AA' || code === 'CA' ? 'accepted' : 'refused' })
    from = end + 2
  }
  return { rest: bytes.subarray(from), told }
}

// ── MQTT 3.1.1 ───────────────────────────────────────────────────────────────────────────────────────────────────────

const PUBLISH_QOS_1 = 0x32
const CONNACK = 0x20
const PUBACK = 0x40

/** 1 to 65,535, §2.3.1. */
export const packetIdOf = (id: number): number => ((id - 1) % 65_535) + 1

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes])
}

function packet(type: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  // §2.2.3; no packet of ours is longer than 16,383 bytes.
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7]
  return Buffer.concat([Buffer.of(type, ...length), body])
}

const KEEP_ALIVE_SECONDS = 60

function connectPacket(client: string, password: string | undefined): Buffer {
  const flags = password === undefined ? 0x02 : 0xc2
  const login = password === undefined ? [] : [text(client), text(password)]
  return packet(0x10, text('MQTT'), Buffer.of(4, flags, 0, KEEP_ALIVE_SECONDS), text(client), ...login)
}

function publishPacket(topic: string, id: number): Buffer {
  const packetId = packetIdOf(id)
  return packet(PUBLISH_QOS_1, text(topic), Buffer.of(packetId >> 8, packetId & 0xff), Buffer.from(jsonMessage(id)))
}

/** The packets that a broker sends to a publisher are all four bytes long. */
function mqttAnswers(bytes: Buffer): ReturnType<Protocol['answers']> {
  const told: Told[] = []
  let from = 0
  for (; from + 4 <= bytes.length; from += 4) {
    const [type, , high = 0, low = 0] = bytes.subarray(from, from + 4)
    if (type === CONNACK && low === 0) told.push({ kind: 'hello' })
    else if (type === PUBACK) told.push({ kind: 'answer', of: (id) => packetIdOf(id) === high * 256 + low, answer: 'accepted' })
  }
  return { rest: bytes.subarray(from), told }
}
