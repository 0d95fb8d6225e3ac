/** The nurse, seen from outside: a page's WebSocket, and beds that desaturate for her to hear of. */

import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { WebSocket } from 'ws'
import type { AlertView, ServerMessage } from '../../src/api/wire.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { openLoginLinks } from '../../src/security/login-links.ts'
import { type ProveWard, type RunningGateway, bedOf } from './gateway.ts'
import { saturationMessage } from './payload.ts'
import { rest } from './senders.ts'

const MINUTES = 60
const SATURATION_LOW = 'threshold/spo2-low'

export class Station implements Disposable {
  readonly #page: WebSocket
  /** Arrival of the first saturation alert, by bed. */
  readonly #arrivals = new Map<string, number>()
  /** Alerts of the gateway itself, as they were last told. */
  readonly #technical = new Map<string, AlertView>()
  /** All that it was told of the gateway's own conditions. */
  readonly told: { readonly at: number; readonly condition: string; readonly state: string; readonly text: string }[] = []

  /** What signed it in: good for a gateway that is started anew, too. */
  readonly cookie: string

  private constructor(page: WebSocket, cookie: string) {
    this.#page = page
    this.cookie = cookie
    page.on('message', (data) => this.#heard(Buffer.isBuffer(data) ? data.toString() : ''))
    page.on('error', () => undefined)
  }

  /** Signs in with a login link, as `vigil user link` makes it, where nobody has before. */
  static async open(ward: ProveWard, gateway: RunningGateway, signedIn?: string): Promise<Station> {
    const { url } = gateway
    const cookie = signedIn ?? (await signIn(ward, gateway))
    const page = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { cookie, origin: url } })
    const station = new Station(page, cookie)
    await once(page, 'open')
    return station
  }

  /** When the saturation alert of a bed arrived; null while it has not. */
  arrivalOf(bed: string): number | null {
    return this.#arrivals.get(bed) ?? null
  }

  isOpen(condition: string): boolean {
    return [...this.#technical.values()].some((alert) => alert.condition === condition && alert.state !== 'inactive')
  }

  [Symbol.dispose](): void {
    this.#page.terminate()
  }

  #heard(text: string): void {
    const at = performance.now()
    const message: ServerMessage = JSON.parse(text)
    if (message.type !== 'alerts' && message.type !== 'snapshot') return
    for (const alert of message.alerts) {
      if (alert.condition === SATURATION_LOW && alert.bed !== null && !this.#arrivals.has(alert.bed)) this.#arrivals.set(alert.bed, at)
      if (alert.bed !== null || alert.device !== null) continue
      this.#technical.set(alert.condition, alert)
      this.told.push({ at, condition: alert.condition, state: alert.state, text: alert.text })
    }
  }
}

async function signIn(ward: ProveWard, { url }: RunningGateway): Promise<string> {
  const links = openLoginLinks({ folder: ward.data, clock: realClock(REAL_TIME) })
  const issued = await links.issue({ name: 'nurse by link', role: 'nurse', epoch: null }, MINUTES)
  if (issued.kind === 'refused') throw new Error(issued.why)
  const headers = { origin: url, 'content-type': 'application/json' }
  const answer = await fetch(`${url}/api/login/link`, { method: 'POST', headers, body: JSON.stringify({ token: issued.token }) })
  const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';')
  if (!answer.ok || cookie === '') throw new Error(`the nurse was not let in: ${answer.status}`)
  return cookie
}

const FIRST_TO_SECOND_MS = 30
const PATIENCE_MS = 15_000
const LOOK_MS = 5

/** Beds that desaturate, each once, on one connection of many: two values of 70 % make an alert at the second. */
export class AlarmBeds implements Disposable {
  readonly #ward: ProveWard
  readonly #station: Station
  readonly #socket: Socket
  #next = 0

  private constructor(ward: ProveWard, station: Station, socket: Socket) {
    this.#ward = ward
    this.#station = station
    this.#socket = socket
    // Its answers are nobody's business here; unread they would fill the line.
    socket.resume()
    socket.on('error', () => undefined)
  }

  static async open(ward: ProveWard, station: Station): Promise<AlarmBeds> {
    const socket = connect({ port: ward.ports.hl7, host: '127.0.0.1', localAddress: '127.0.0.2' })
    await once(socket, 'connect')
    socket.setNoDelay(true)
    return new AlarmBeds(ward, station, socket)
  }

  get left(): number {
    return this.#ward.alarmDevices.length - this.#next
  }

  /** From the writing of the second value to the arrival of the alert at the page, in ms; null when it did not come. */
  async raise(): Promise<number | null> {
    const device = this.#ward.alarmDevices[this.#next++]
    if (device === undefined) throw new Error('every bed has had its alert')
    this.#socket.write(saturationMessage(device, `${device}-1`, 70))
    await rest(FIRST_TO_SECOND_MS)
    this.#socket.write(saturationMessage(device, `${device}-2`, 70))
    const writtenAt = performance.now()
    for (; performance.now() - writtenAt < PATIENCE_MS; await rest(LOOK_MS)) {
      const arrival = this.#station.arrivalOf(bedOf(device))
      if (arrival !== null) return arrival - writtenAt
    }
    return null
  }

  /** So many beds, one after the other begins each `everyMs`. */
  async raiseMany(count: number, everyMs: number): Promise<{ readonly latenciesMs: readonly number[]; readonly silent: number }> {
    const raised: Promise<number | null>[] = []
    for (let place = 0; place < count; place++) {
      raised.push(this.raise())
      await rest(everyMs)
    }
    const all = await Promise.all(raised)
    return { latenciesMs: all.filter((ms) => ms !== null), silent: all.filter((ms) => ms === null).length }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}
