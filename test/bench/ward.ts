/**
 * A large ward for a minute: 500 beds, 12 values a second each over sockets of their own, one nurse station that watches. Share
 * of a core, resident memory, and the time from a sample that crosses a limit to its alert at the station. The ratios are
 * shares of what each may be: 1 is the aim, less is better.
 */

import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { openLoginLinks } from '../../src/security/login-links.ts'
import { startGatewayProcess } from './gateway-process.ts'
import { quantile } from './measure.ts'
import { framed, oru } from './oru.ts'
import type { Bench } from './run.ts'

const BEDS = 500
const WARM_UP_SECONDS = 15
const SECONDS = 60
/** A bed whose heart stops, for one sample: this alert waits for no second one. */
const ALERTS_PER_SECOND = 4
const AIM = { shareOfACore: 0.4, residentMb: 300, alertMs: 20 } as const

export const bench: Bench = async ({ seconds }) => {
  const measuredSeconds = seconds ?? SECONDS
  const gateway = await startGatewayProcess(BEDS)
  const station = await openStation(gateway.url, join(gateway.folder, 'data'))
  const monitors = await Promise.all(Array.from({ length: BEDS }, (_, index) => Monitor.connect(gateway.hl7Port, index)))
  for (let second = 0; second < WARM_UP_SECONDS; second++) await sendFor(monitors, second, () => false)
  const cpuBefore = gateway.cpuSeconds()
  const start = performance.now()
  const sentAt = new Map<string, number>()
  let peakMb = 0
  for (let second = 0; second < measuredSeconds; second++) {
    // Each bed once: what is already open would not start again.
    const stops = (bed: number): boolean => bed % Math.ceil(BEDS / ALERTS_PER_SECOND) === second
    await sendFor(monitors, WARM_UP_SECONDS + second, (bed) => {
      if (stops(bed)) sentAt.set(`bed-${bed + 1}`, performance.now())
      return stops(bed)
    })
    peakMb = Math.max(peakMb, gateway.residentMb())
  }
  const share = ((gateway.cpuSeconds() - cpuBefore) * 1_000) / (performance.now() - start)
  const acknowledged = monitors.reduce((sum, { answers }) => sum + answers, 0)
  const sent = monitors.reduce((sum, monitor) => sum + monitor.sent, 0)
  await delay(1_000)
  station.close()
  for (const monitor of monitors) monitor.close()
  await gateway.stop()
  const latencies = [...sentAt].map(([bed, at]) => (station.seenAt.get(bed) ?? Number.POSITIVE_INFINITY) - at)
  const p99 = quantile(latencies, 0.99)
  return {
    bench: 'ward',
    ratios: { core: share / AIM.shareOfACore, memory: peakMb / AIM.residentMb, alert: p99 / AIM.alertMs },
    absolute: {
      beds: BEDS,
      seconds: measuredSeconds,
      shareOfACore: share,
      residentMb: peakMb,
      alerts: latencies.length,
      alertsSeen: station.seenAt.size,
      sampleToAlertP50Ms: quantile(latencies, 0.5),
      sampleToAlertP99Ms: p99,
      messagesSent: sent,
      messagesAcknowledged: acknowledged,
    },
  }
}

/** One message of each bed, spread over a second as they would be. */
async function sendFor(monitors: readonly Monitor[], second: number, stops: (bed: number) => boolean): Promise<void> {
  const start = performance.now()
  for (let bed = 0; bed < monitors.length; ) {
    for (const due = ((performance.now() - start) * monitors.length) / 1_000; bed < Math.min(monitors.length, due); bed++) monitors[bed]?.send(second, stops(bed))
    await delay(2)
  }
  await delay(Math.max(0, start + 1_000 - performance.now()))
}

class Monitor {
  readonly #socket: Socket
  readonly #name: string
  readonly #mrn: string
  sent = 0
  answers = 0

  private constructor(socket: Socket, index: number) {
    this.#socket = socket
    this.#name = `MON-${index + 1}`
    this.#mrn = String(10_000 + index)
    // One acknowledgement a second: it comes in one piece.
    socket.on('data', () => this.answers++)
    socket.on('error', (error) => {
      throw new Error(`the gateway broke off: ${error.message}`)
    })
  }

  static async connect(port: number, index: number): Promise<Monitor> {
    // Many loopback addresses: the limit of connections per address is not what is measured.
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (index % 200)}`, noDelay: true })
    await once(socket, 'connect')
    return new Monitor(socket, index)
  }

  send(second: number, stops: boolean): void {
    const now = new Date().toISOString().replaceAll(/[-:T]/g, '').replace('Z', '+0000')
    const heart = stops ? 0 : 70 + ((second + this.sent) % 20)
    const text = oru(this.#name, String(++this.sent).padStart(9, '0'), this.#mrn).replaceAll('20260115020000.000+0000', now).replace('|78|', `|${heart}|`)
    this.#socket.write(framed(text))
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** By bed, when its alert came. */
type Station = { readonly seenAt: ReadonlyMap<string, number>; readonly close: () => void }

const ALERTS = Buffer.from('{"type":"alerts"')

async function openStation(url: string, folder: string): Promise<Station> {
  const issued = await openLoginLinks({ folder, clock: realClock(REAL_TIME) }).issue({ name: 'bench', role: 'nurse', epoch: null }, 60)
  if (issued.kind !== 'issued') throw new Error(issued.why)
  const answer = await fetch(`${url}/api/login/link`, { method: 'POST', headers: { origin: url, 'content-type': 'application/json' }, body: JSON.stringify({ token: issued.token }) })
  const cookie = answer.headers.get('set-cookie')?.split(';')[0]
  if (!answer.ok || cookie === undefined) throw new Error(`no session: ${answer.status} ${await answer.text()}`)
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { origin: url, cookie } })
  await once(socket, 'open')
  const seenAt = new Map<string, number>()
  socket.on('message', (bytes: Buffer) => {
    // Beds come as megabytes twice a second; a page has a machine of its own to read them with.
    if (bytes.compare(ALERTS, 0, ALERTS.length, 0, ALERTS.length) !== 0) return
    const now = performance.now()
    const { alerts }: { readonly alerts: readonly { readonly bed: string | null; readonly condition: string }[] } = JSON.parse(bytes.toString())
    for (const { bed, condition } of alerts) if (bed !== null && condition === 'threshold/asystole' && !seenAt.has(bed)) seenAt.set(bed, now)
  })
  return { seenAt, close: () => socket.terminate() }
}
