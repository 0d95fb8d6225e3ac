/**
 * A sender of HL7 in a process of its own: many connections with one message in flight each, and as little work for each
 * answer as can be, so that the server is what is measured. Run as a program it is the child that `startCaller` starts.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { quantile } from './measure.ts'
import { framed, oru } from './oru.ts'

export type CallerSetting = {
  readonly port: number
  readonly connections: number
  /** `ack`: a positive acknowledgement that names the message; anything else ends the bench. `echo`: the bytes themselves. */
  readonly answer: 'ack' | 'echo'
  /** Then a new one takes its place: for a peer that answers old messages again with each new one of a connection. */
  readonly messagesPerConnection: number
}

/** `ms`: from the first message to the last answer. */
export type Round = { readonly answered: number; readonly ms: number; readonly p50Ms: number; readonly p99Ms: number }

export type Caller = {
  /** Begins messages for so long, and waits for the last answer. */
  readonly round: (ms: number) => Promise<Round>
  readonly stop: () => void
}

/** Connection n speaks as `MON-<n>`, from 1. */
export async function startCaller(setting: CallerSetting): Promise<Caller> {
  const child = fork(import.meta.filename, [JSON.stringify(setting)])
  await answerOf(child)
  return {
    async round(ms) {
      child.send(ms)
      return (await answerOf(child)) as Round
    },
    stop: () => void child.kill(),
  }
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const done = new AbortController()
  const died = once(child, 'exit', { signal: done.signal }).then(([code]: unknown[]) => {
    throw new Error(`the caller ended with ${String(code)}`)
  })
  const [message]: unknown[] = await Promise.race([once(child, 'message', { signal: done.signal }), died])
  // Nobody listens on, and nobody hears that this one was let go.
  died.catch(() => {})
  done.abort()
  return message
}

const ID_DIGITS = 9
const ZERO = 0x30
const MSA = Buffer.from('\rMSA|')
const END_BLOCK = 0x1c
const A = 0x41
const C = 0x43

class Connection {
  readonly #setting: CallerSetting
  readonly #index: number
  readonly #answered: (ms: number, connection: Connection) => void
  readonly #message: Buffer
  readonly #idAt: number
  /** Ids go on after the last run's, so that nothing is a repeat. */
  #count = Math.floor((Date.now() / 10) % 10_000) * 10_000
  #sentAt = 0
  #held = Buffer.alloc(0)
  #socket: Socket
  #left: number

  constructor(index: number, setting: CallerSetting, answered: (ms: number, connection: Connection) => void) {
    this.#index = index
    this.#setting = setting
    this.#answered = answered
    this.#message = framed(oru(`MON-${index}`, '0'.repeat(ID_DIGITS), String(10_000 + index)))
    this.#idAt = this.#message.indexOf('0'.repeat(ID_DIGITS))
    this.#left = setting.messagesPerConnection
    this.#socket = this.#connect()
  }

  get open(): Promise<unknown> {
    return once(this.#socket, 'connect')
  }

  send(): void {
    if (this.#left-- === 0) {
      this.#socket.removeAllListeners('close').destroy()
      this.#socket = this.#connect()
      this.#left = this.#setting.messagesPerConnection - 1
    }
    // The id counts in place: the answer to the last message is here, so the kernel has taken these bytes.
    for (let digit = this.#idAt + ID_DIGITS - 1, rest = ++this.#count; digit >= this.#idAt; digit--, rest = Math.floor(rest / 10)) this.#message[digit] = ZERO + (rest % 10)
    this.#sentAt = performance.now()
    this.#socket.write(this.#message)
  }

  #connect(): Socket {
    const callback = (bytes: number, buffer: Uint8Array): boolean => {
      this.#receive(Buffer.from(buffer.buffer, buffer.byteOffset, bytes))
      return true
    }
    // Many loopback addresses: the limit of connections per address is not what is measured.
    const socket = connect({ port: this.#setting.port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (this.#index % 200)}`, noDelay: true, onread: { buffer: READ, callback } })
    return socket.on('close', () => {
      throw new Error('the server closed a connection')
    })
  }

  #receive(chunk: Buffer): void {
    const whole = chunk[chunk.length - 2] === END_BLOCK
    if (!whole || this.#held.length > 0) this.#held = Buffer.concat([this.#held, chunk])
    if (!whole) return
    if (this.#setting.answer === 'ack') this.#check(this.#held.length > 0 ? this.#held : chunk)
    this.#held = Buffer.alloc(0)
    this.#answered(performance.now() - this.#sentAt, this)
  }

  #check(answer: Buffer): void {
    const at = answer.lastIndexOf(MSA) + MSA.length
    const positive = at >= MSA.length && (answer[at] === A || answer[at] === C) && answer[at + 1] === A
    const names = positive && answer.compare(this.#message, this.#idAt, this.#idAt + ID_DIGITS, at + 3, at + 3 + ID_DIGITS) === 0
    if (!names) throw new Error(`not the acknowledgement of this message: ${answer.toString()}`)
  }
}

/** All connections read into it, one after the other. */
const READ = Buffer.alloc(65_536)

async function main(setting: CallerSetting): Promise<void> {
  let since = 0
  let until = 0
  let waiting = 0
  let latencies: number[] = []
  const next = (connection: Connection): void => {
    waiting++
    connection.send()
  }
  const answered = (ms: number, connection: Connection): void => {
    waiting--
    latencies.push(ms)
    const now = performance.now()
    if (now < until) next(connection)
    else if (waiting === 0) process.send?.({ answered: latencies.length, ms: now - since, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) } satisfies Round)
  }
  const connections = Array.from({ length: setting.connections }, (_, index) => new Connection(index + 1, setting, answered))
  await Promise.all(connections.map(({ open }) => open))
  process.on('message', (ms: number) => {
    latencies = []
    since = performance.now()
    until = since + ms
    for (const connection of connections) next(connection)
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.('up')
}

if (process.argv[1] === import.meta.filename) await main(JSON.parse(process.argv[2] ?? '') as CallerSetting)
