/**
 * The sending side of MLLP: one message in flight, the same bytes again until the receiver says yes. Frames are
 * `0B message 1C 0D` (HL7 v2.6 appendix C, Minimal Lower Layer Protocol); an answer counts when its MSA-2 is ours.
 */

import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { simulatorLimits } from '../../src/limits.ts'
import type { Bell } from './bell.ts'
import { type Connection, type Dialled, reliableWire, type Verdict } from './reliable.ts'
import type { Wire, WireEvents } from './wire.ts'

const START = 0x0b
const END = 0x1c
const RETURN = 0x0d

/** What an acknowledgement says: MSA-1 and MSA-2. */
export type Acknowledgement = { readonly code: string; readonly controlId: string }

/** Takes answers out of a stream of bytes, however it is cut. What never ends is thrown away at the bound. */
export function acknowledgementReader(): (bytes: Uint8Array) => readonly Acknowledgement[] {
  let held: number[] = []
  return (bytes) => {
    const found: Acknowledgement[] = []
    for (const byte of bytes) {
      if (byte === START) held = []
      else if (byte === RETURN && held.at(-1) === END) {
        const answer = acknowledgementOf(Buffer.from(held.slice(0, -1)).toString('utf8'))
        if (answer !== null) found.push(answer)
        held = []
      } else if (held.length < simulatorLimits.acknowledgementBytesMax) held.push(byte)
    }
    return found
  }
}

function acknowledgementOf(text: string): Acknowledgement | null {
  const msa = text.split(/[\r\n]+/).find((segment) => segment.startsWith('MSA|'))
  if (msa === undefined) return null
  const [, code = '', controlId = ''] = msa.split('|')
  return { code, controlId }
}

function framed(bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(bytes.length + 3)
  frame[0] = START
  frame.set(bytes, 1)
  frame[bytes.length + 1] = END
  frame[bytes.length + 2] = RETURN
  return frame
}

export type MllpTarget = {
  readonly host: string
  readonly port: number
  /** The monitor, for people. */
  readonly name: string
  /** Real milliseconds until an unanswered message is sent again. */
  readonly timeoutMs?: number
}

const VERDICTS: Readonly<Record<string, Verdict>> = { AA: 'yes', CA: 'yes', AE: 'later', CE: 'later', AR: 'never', CR: 'never' }

export function mllpWire(target: MllpTarget, events: WireEvents): Wire {
  const { host, port, name, timeoutMs = simulatorLimits.acknowledgementTimeoutMs } = target
  const address = `${host}:${port}`
  const silent = (id: string): void => events.note(`${name}: no answer to message ${id} within ${timeoutMs / 1_000} s, sending it again`)
  return reliableWire(
    {
      name,
      address,
      async dial(bell, stop): Promise<Dialled> {
        const dialled = await connected(host, port, stop)
        return typeof dialled === 'string' ? { kind: 'failed', why: dialled } : { kind: 'open', connection: connectionOver(dialled, { bell, stop, timeoutMs, silent }) }
      },
    },
    events,
  )
}

type Over = { readonly bell: Bell; readonly stop: AbortSignal; readonly timeoutMs: number; readonly silent: (id: string) => void }

function connectionOver(socket: Socket, { bell, stop, timeoutMs, silent }: Over): Connection {
  const read = acknowledgementReader()
  /** Of the message in flight only: an answer to anything else is none of ours. */
  const answers = new Map<string, Verdict>()
  let closed: string | null = null
  socket.on('data', (bytes: Buffer) => {
    for (const { code, controlId } of read(bytes)) answers.set(controlId, VERDICTS[code] ?? 'later')
    bell.ring()
  })
  socket.on('error', (error) => void (closed ??= error.message))
  socket.on('close', () => {
    closed ??= 'the gateway closed the connection'
    bell.ring()
  })
  return {
    closed: () => closed,
    async send(message, going) {
      answers.clear()
      socket.write(framed(message.bytes))
      const deadline = performance.now() + timeoutMs
      while (going() && !answers.has(message.id) && performance.now() < deadline) {
        answers.clear()
        await bell.wait(Math.max(1, deadline - performance.now()), stop)
      }
      const verdict = answers.get(message.id)
      if (verdict === undefined && going()) silent(message.id)
      return verdict ?? 'silent'
    },
    close() {
      socket.destroy()
      return Promise.resolve()
    },
  }
}

/** The open socket, or why there is none. */
function connected(host: string, port: number, stop: AbortSignal): Promise<Socket | string> {
  const socket = connect({ host, port, noDelay: true })
  const given = AbortSignal.any([stop, AbortSignal.timeout(simulatorLimits.connectTimeoutMs)])
  return new Promise((resolve) => {
    const fail = (why: string): void => {
      socket.destroy()
      resolve(why)
    }
    const late = (): void => fail('no connection in time')
    if (given.aborted) late()
    given.addEventListener('abort', late)
    // Stays for the life of the socket: an error that nobody hears would end the ward.
    socket.on('error', (error) => fail(error.message))
    socket.once('connect', () => {
      given.removeEventListener('abort', late)
      resolve(socket)
    })
  })
}
