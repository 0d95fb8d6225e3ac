/**
 * The hospital's alarm manager: takes IHE PCD-04 (ORU^R40) over MLLP, acknowledges, and reports by PCD-05 (ORA^R41) how far
 * an alert came: on the same connection, or by calling the gateway. The layout of its reports is ours to choose (see the
 * page of the ways out): a status word in OBX-5 below an OBR that names the alert.
 */

import { connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

export type ReceivedAlert = { readonly controlId: string; readonly text: string; readonly segments: readonly string[]; readonly first: string; readonly phase: string }

export type AlarmManager = {
  readonly port: number
  readonly received: readonly ReceivedAlert[]
  /** What the next messages are answered with, AA where nothing stands here; `silence` is no answer at all. */
  readonly answers: string[]
  /** Reports on all open connections. */
  report(alert: string, status: string, by?: string): void
  /** Calls the gateway and reports there; resolves with what it answered. */
  call(port: number, alert: string, status: string): Promise<string>
  /** Hangs up on everybody. */
  drop(): void
  close(): Promise<void>
}

const framed = (message: string): string => `\x0b${message}\x1c\r`
const field = (segment: string, place: number): string => segment.split('|')[segment.startsWith('MSH') ? place - 1 : place] ?? ''

/** `tls`: PEM; without it the messages go in the clear. */
export async function startAlarmManager({ port = 0, tls = null }: { readonly port?: number; readonly tls?: { readonly cert: string; readonly key: string } | null } = {}): Promise<AlarmManager> {
  const received: ReceivedAlert[] = []
  const answers: string[] = []
  const sockets = new Set<Socket>()
  let reports = 0
  const server: Server = tls === null ? createServer(converse) : createTlsServer(tls, converse)

  function converse(socket: Socket): void {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let held = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      held += text
      for (let end = held.indexOf('\x1c'); end >= 0; end = held.indexOf('\x1c')) {
        const message = held.slice(held.indexOf('\x0b') + 1, end)
        held = held.slice(end + 1)
        take(socket, message)
      }
    })
  }

  function take(socket: Socket, message: string): void {
    const segments = message.split('\r').filter((segment) => segment !== '')
    const header = segments[0] ?? ''
    if (!field(header, 9).startsWith('ORU^R40')) return
    const controlId = field(header, 10)
    const order = segments.find((segment) => segment.startsWith('OBR')) ?? ''
    const facet = (code: string): string => field(segments.find((segment) => segment.startsWith('OBX') && field(segment, 3).startsWith(code)) ?? '', 5)
    const own = field(order, 3).split('^')[0] ?? ''
    const first = (field(order, 29).split('^')[1] ?? '').split('&')[0] ?? ''
    received.push({ controlId, text: field(segments.find((segment) => segment.startsWith('OBX|1|')) ?? '', 5), segments, first: first === '' ? own : first, phase: facet('68481') })
    const answer = answers.shift() ?? 'AA'
    if (answer !== 'silence') socket.write(framed(`MSH|^~\\&|AM|H|VIGIL|W|20260115020000||ACK^R40^ACK|k${received.length}|P|2.6\rMSA|${answer}|${controlId}\r`))
  }

  const reportOf = (alert: string, status: string, by = ''): string => {
    reports++
    const person = by === '' ? '' : `PRT||UC||RO|^${by}\r`
    return `MSH|^~\\&|AM|H|VIGIL|W|20260115020001||ORA^R41^ORA_R41|r${reports}|P|2.6|||AL|NE\rOBR|1||s${reports}^AM|196616^MDC_EVT_ALARM^MDC${'|'.repeat(25)}^${alert}&VIGIL\r${person}OBX|1|ST|68487^STATUS^MDC||${status}||||||R\r`
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : port,
    received,
    answers,
    report(alert, status, by) {
      for (const socket of sockets) socket.write(framed(reportOf(alert, status, by)))
    },
    call: (to, alert, status) => new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: to })
      socket.setEncoding('utf8')
      socket.on('error', reject)
      socket.on('connect', () => socket.write(framed(reportOf(alert, status))))
      socket.on('data', (answer: string) => {
        socket.destroy()
        resolve(answer)
      })
    }),
    drop() {
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
