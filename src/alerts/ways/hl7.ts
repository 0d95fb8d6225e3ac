/**
 * The hospital's alarm manager over MLLP: PCD-04 out, acknowledgements and PCD-05 back. The connection is kept open, so that
 * its loss is noticed before the next alert; after each reconnection what is open is said again as `continue`.
 */

import { once } from 'node:events'
import { connect, createServer, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Logger } from 'pino'
import { ackCode, ackMessage } from '../../codec/hl7-ack.ts'
import { type Hl7Message, readHl7 } from '../../codec/hl7.ts'
import { MllpFramer, mllpFrame } from '../../codec/mllp.ts'
import type { Alert } from '../../domain/alert.ts'
import type { AlertId } from '../../domain/ids.ts'
import { wayLimits } from '../../limits.ts'
import type { Clock } from '../../seams.ts'
import { type Pcd04Facts, pcd04Message } from './pcd04.ts'
import { isStatusReport, statusesOf, type Verdict, verdictOf } from './pcd05.ts'
import { deadline, promised, wordsOf } from './waiting.ts'
import type { FarWord, SendResult, Way, WayEvents } from './way.ts'

export type Hl7WaySetting = Omit<Pcd04Facts, 'mrn'> & {
  readonly id: string
  readonly host: string
  readonly port: number
  /** Null: no TLS. `ca` is PEM, null for authorities that the machine knows. */
  readonly tls: { readonly ca: string | null } | null
  /** Where the alarm manager calls us with PCD-05; null when it says them on our own connection, or never. */
  readonly statusListener: { readonly host: string; readonly port: number; readonly listening?: (port: number) => void } | null
  readonly mrnOf: (alert: Alert) => string | null
  readonly clock: Clock
  readonly log: Logger
}

const BOUNDS = { frameBytesMax: wayLimits.hl7FrameBytesMax, keptBytesMax: 1, noiseSpanBytesMax: wayLimits.hl7FrameBytesMax }

export function hl7Way(setting: Hl7WaySetting): Way {
  const { id, clock, statusListener, mrnOf } = setting
  const sent = new SentIds()
  let socket: Socket | null = null
  /** The answer that is waited for. */
  let asked: { readonly of: string; readonly answered: (verdict: Verdict | string) => void } | null = null
  const heard = (message: Hl7Message, events: WayEvents): void => {
    const answer = verdictOf(message)
    if (answer !== null && asked?.of === answer.of) asked.answered(answer.verdict)
    for (const word of wordsFrom(message, sent)) events.heard(word)
  }

  return {
    id,
    says: 'all',
    async run(events, stop) {
      const listening = statusListener === null ? null : listen(statusListener, { heard: (message) => heard(message, events), setting }, stop)
      let connections = 0
      while (!stop.aborted) {
        const why = await converse(setting, {
          opened(now) {
            socket = now
            connections++
            events.health(null)
            if (connections > 1) events.resync()
          },
          heard: (message) => heard(message, events),
        }, stop)
        socket = null
        asked?.answered(why)
        if (!stop.aborted) events.health(why)
        await clock.sleep(wayLimits.reconnectMs, stop)
      }
      await listening
    },
    async send(notice, stop): Promise<SendResult> {
      const now = socket
      if (now === null || !now.writable) return { kind: 'trouble', why: 'not connected to the alarm manager' }
      using over = deadline(clock, wayLimits.answerMs, stop)
      const answer = promised<Verdict | string>()
      over.signal.addEventListener('abort', () => answer.resolve('the alarm manager did not answer in time'), { once: true })
      asked = { of: notice.id, answered: answer.resolve }
      sent.note(notice.id, notice.alert.id)
      now.write(mllpFrame(new TextEncoder().encode(pcd04Message(notice, { ...setting, mrn: mrnOf(notice.alert) }))))
      const verdict = await answer.promise
      asked = null
      if (typeof verdict === 'string') {
        // What it made of the message is not known: on a new connection it is said again, under the same id.
        now.destroy()
        return { kind: 'trouble', why: verdict, mayHaveCome: true }
      }
      switch (verdict.kind) {
        case 'accepted':
          return { kind: 'sent', messageId: notice.id }
        case 'error':
        case 'rejected':
          return { kind: 'refused', why: `${verdict.code} ${verdict.text}`.trim() }
      }
    },
  }
}

/** Which alert each message was about: reports name either. Bounded, the oldest goes. */
class SentIds {
  readonly #alerts = new Map<string, AlertId>()

  note(message: string, alert: AlertId): void {
    for (const id of [message, alert]) {
      this.#alerts.delete(id)
      this.#alerts.set(id, alert)
    }
    for (const oldest of this.#alerts.keys()) {
      if (this.#alerts.size <= wayLimits.sentIdsMax) break
      this.#alerts.delete(oldest)
    }
  }

  of(ids: readonly string[]): AlertId | null {
    for (const id of ids) {
      const alert = this.#alerts.get(id)
      if (alert !== undefined) return alert
    }
    return null
  }
}

function wordsFrom(message: Hl7Message, sent: SentIds): readonly FarWord[] {
  if (!isStatusReport(message)) return []
  return statusesOf(message).flatMap(({ ids, step, word, by }) => {
    const alertId = sent.of(ids)
    return alertId === null ? [] : [{ step, alertId, address: null, by, note: step === 'failed' ? word : null }]
  })
}

type Conversation = { readonly opened: (socket: Socket) => void; readonly heard: (message: Hl7Message) => void }

/** One connection. Resolves with why it ended. */
async function converse({ host, port, tls }: Hl7WaySetting, { opened, heard }: Conversation, stop: AbortSignal): Promise<string> {
  const socket = tls === null ? connect({ host, port }) : connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...(tls.ca === null ? {} : { ca: tls.ca }) })
  const cut = (): void => void socket.destroy()
  stop.addEventListener('abort', cut)
  try {
    await once(socket, tls === null ? 'connect' : 'secureConnect', { signal: AbortSignal.any([stop, AbortSignal.timeout(wayLimits.connectMs)]) })
    // A peer that is gone without a word is noticed by the system; an alert that is under way has a deadline of its own.
    socket.setKeepAlive(true, wayLimits.keepAliveMs)
    socket.setNoDelay(true)
    read(socket, heard)
    opened(socket)
    await once(socket, 'close')
    return 'the alarm manager closed the connection'
  } catch (error) {
    return `the alarm manager cannot be reached: ${wordsOf(error)}`
  } finally {
    stop.removeEventListener('abort', cut)
    socket.destroy()
  }
}

/** Reads messages; those that ask for an acknowledgement get it. */
function read(socket: Socket, heard: (message: Hl7Message) => void): void {
  const framer = new MllpFramer(BOUNDS)
  socket.on('error', () => undefined)
  socket.on('data', (bytes: Buffer) => {
    for (const frame of framer.push(new Uint8Array(bytes))) {
      if (frame.kind !== 'message') continue
      const found = readHl7(frame.content, { segmentsMax: wayLimits.hl7SegmentsMax })
      if (found.kind === 'broken') continue
      const { message } = found
      heard(message)
      // An answer is not answered; a report that comes by itself is.
      const isAnswer = verdictOf(message) !== null && !isStatusReport(message)
      const code = isAnswer ? null : ackCode(message.header, 'accept')
      if (code !== null && statusesOf(message).length > 0) socket.write(mllpFrame(ackMessage(message.header, { code, text: '', at: '' }, message.charset)))
    }
  })
}

type Listening = { readonly heard: (message: Hl7Message) => void; readonly setting: Pick<Hl7WaySetting, 'id' | 'clock' | 'log'> }

/** Waits for the alarm manager to call. Opens again when the port is taken or the interface is not up yet. */
async function listen({ host, port, listening }: NonNullable<Hl7WaySetting['statusListener']>, { heard, setting: { id, clock, log } }: Listening, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      if (sockets.size >= wayLimits.statusSocketsMax) return void socket.destroy()
      sockets.add(socket)
      socket.setTimeout(wayLimits.statusIdleMs, () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
      read(socket, heard)
    })
    try {
      server.listen(port, host)
      await once(server, 'listening', { signal: stop })
      const got = server.address()
      listening?.(typeof got === 'object' && got ? got.port : port)
      await once(server, 'close', { signal: stop })
    } catch (error) {
      if (!stop.aborted) log.error({ way: id, why: wordsOf(error) }, 'Reports of the alarm manager cannot be listened for; trying again.')
    } finally {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
    await clock.sleep(wayLimits.reconnectMs, stop)
  }
}
