/** The foreign senders as the judge drives them: each is given one message after the other, and says what it was answered. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { controlId, hl7Message, jsonMessage } from '../prove/payload.ts'
import type { ForeignPrograms } from './parts.ts'

/** What the library got for a message in the end. `code`: MSA-1, PUBACK or PUBREC. `named`: the message that the answer names. */
export type Answered = { readonly code: string; readonly named: string; /** Attempts before that broke off. */ readonly lost: number; /** What the library finds wrong with the answer; null: nothing. */ readonly fault: string | null }

export type ForeignSender = {
  readonly name: string
  readonly transport: 'mllp' | 'mqtt'
  /** Sends until it is answered. `kind` is for HL7. */
  readonly deliver: (id: number, kind: Kind) => Promise<Answered>
}

/** asked: MSH-15 AL; original: MSH-15 and MSH-16 empty. The other two are orders, which no monitor sends and Vigil does not take. */
export type Kind = 'asked' | 'original' | 'order-asked' | 'order-original'

export const WANTED: Readonly<Record<Kind, string>> = { asked: 'CA', original: 'AA', 'order-asked': 'CR', 'order-original': 'AR' }

function textOf(device: string, id: number, kind: Kind): string {
  const framed = hl7Message(device, id).toString()
  const text = framed.slice(1, framed.indexOf('\r\x1c'))
  const accept = kind === 'original' || kind === 'order-original' ? text.replace('|2.6|||AL|NE|', '|2.6|||||') : text
  return kind === 'order-asked' || kind === 'order-original' ? accept.replace('ORU^R01^ORU_R01', 'ORM^O01^ORM_O01') : accept
}

type Line = { readonly ready?: true; readonly sender: string; readonly id: string; readonly ack?: string; readonly lost?: string; readonly fault?: string | null }

/** A program that reads messages and prints JSON, as Senders.java and hl7apy_sender.py describe it. */
class Program {
  readonly #child: ChildProcess
  readonly #lost = new Map<string, number>()
  readonly #waiting = new Map<string, (answered: Answered) => void>()
  readonly ready: Promise<void>

  constructor([command = '', ...options]: readonly string[], port: number) {
    this.#child = spawn(command, [...options, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ready = Promise.withResolvers<void>()
    this.ready = ready.promise
    this.#child.once('exit', (code) => ready.reject(new Error(`${command} ended with ${code}`)))
    createInterface({ input: this.#child.stdout ?? process.stdin }).on('line', (text) => {
      const line: Line = JSON.parse(text)
      if (line.ready) ready.resolve()
      else this.#heard(line)
    })
  }

  #heard({ sender, id, ack, fault = null }: Line): void {
    const key = `${sender} ${id}`
    if (ack === undefined) return void this.#lost.set(key, (this.#lost.get(key) ?? 0) + 1)
    const [, code = '', named = ''] = /\rMSA\|(\w\w)\|(\w+)/.exec(ack) ?? []
    this.#waiting.get(key)?.({ code, named, lost: this.#lost.get(key) ?? 0, fault })
    this.#waiting.delete(key)
  }

  sender(name: string, isNamedInLine: boolean): ForeignSender {
    return {
      name,
      transport: 'mllp',
      deliver: (id, kind) =>
        new Promise((resolve) => {
          this.#waiting.set(`${name} ${controlId(id)}`, resolve)
          const segments = textOf(name, id, kind).replaceAll('\r', '\t')
          this.#child.stdin?.write(`${isNamedInLine ? `${name}\t` : ''}${segments}\n`)
        }),
    }
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }
}

export type MqttLogin = { readonly port: number; readonly password: string }

/** mosquitto_pub reads a message a line, and reconnects and sends again by itself; -d makes it tell of each packet. */
function mosquitto([command = '', ...options]: readonly string[], name: string, { port, password, qos }: MqttLogin & { readonly qos: 1 | 2 }) {
  const child = spawn(command, [...options, '-h', '127.0.0.1', '-p', String(port), '-i', name, '-u', name, '-P', password, '-q', String(qos), '-t', `vigil/v1/${name}/readings`, '-k', '5', '-l', '-d'], { stdio: ['pipe', 'pipe', 'inherit'] })
  let [mid, lost] = [0, 0]
  let code = ''
  let waiting: ((answered: Answered) => void) | null = null
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, packet, of] = /received (PUBACK|PUBREC|PUBCOMP) \(Mid: (\d+)/.exec(line) ?? []
    if (line.includes('sending PUBLISH (d1')) lost++
    if (packet === undefined) return
    if (packet !== 'PUBCOMP') code = packet
    // At QoS 2 the exchange ends with PUBCOMP, and the message is ours from PUBREC on.
    if (packet === 'PUBREC') return
    waiting?.({ code, named: of ?? '', lost, fault: of === String(mid) ? null : `answers message ${of}, not ${mid}` })
  })
  const sender: ForeignSender = {
    name,
    transport: 'mqtt',
    deliver(id) {
      mid++
      lost = 0
      child.stdin.write(`${jsonMessage(id)}\n`)
      return new Promise((resolve) => {
        waiting = (answered) => resolve({ ...answered, named: answered.fault === null ? controlId(id) : answered.named })
      })
    },
  }
  return { sender, stop: () => void child.kill('SIGKILL') }
}

export type ForeignSenders = { readonly senders: readonly ForeignSender[]; readonly stop: () => void }

export const SENDERS = { mllp: ['hapi', 'camel', 'hl7apy'], mqtt: ['mosquitto-1', 'mosquitto-2'] } as const

export async function startForeignSenders(programs: ForeignPrograms, { mllpPort, mqtt }: { readonly mllpPort: number; readonly mqtt: MqttLogin }): Promise<ForeignSenders> {
  const java = new Program(programs.java, mllpPort)
  const python = new Program(programs.python, mllpPort)
  await Promise.all([java.ready, python.ready])
  const publishers = SENDERS.mqtt.map((name, index) => mosquitto(programs.mosquittoPub, name, { ...mqtt, qos: index === 0 ? 1 : 2 }))
  return {
    senders: [java.sender('hapi', true), java.sender('camel', true), python.sender('hl7apy', false), ...publishers.map(({ sender }) => sender)],
    stop() {
      for (const stoppable of [java, python, ...publishers]) stoppable.stop()
    },
  }
}
