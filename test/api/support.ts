/** A ward that does as told, and a whole web server in front of it. */

import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { type ApiSetting, startApi } from '../../src/api/server.ts'
import type { Ward, WardChange } from '../../src/api/ward.ts'
import type { AlertView, BedView, DeviceView, Role, ServerMessage, ValueView, WavesView } from '../../src/api/wire.ts'
import { alertId, bedId, stayId } from '../../src/domain/ids.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import type { Clock } from '../../src/seams.ts'
import { openLoginLinks } from '../../src/security/login-links.ts'
import { openLoginThrottle } from '../../src/security/login-throttle.ts'
import { openSessions } from '../../src/security/sessions.ts'
import { addUser } from '../../src/security/user-file.ts'
import { openUsers } from '../../src/security/users.ts'
import { CHEAP, dataFolder, fakeLog, never, PASSWORD } from '../security/support.ts'

export const AT = wallMs(Date.UTC(2026, 0, 1))

const FRAMES = { good: 1, bad: 0, skipped: 0, quarantined: 0 }
export const aDevice = (id: string, bed: string | null): DeviceView => ({ id, driver: 'hl7', bed, link: 'live', lastFrameAt: AT, frames: FRAMES, waves: { channels: 0, seconds: 0 }, note: '' })

/** A heart rate of zero is a value. */
const HEART: ValueView = {
  metric: 'MDC_ECG_HEART_RATE',
  key: 'MDC_ECG_HEART_RATE',
  label: 'HR',
  unit: '/min',
  decimals: 0,
  value: { kind: 'measured', value: 0 },
  at: AT,
  staleAfterMs: 5_000,
  goneAfterMs: 30_000,
  questionable: false,
}

export const aBed = (id: string, name: string | null = 'Ada Lovelace'): BedView => ({
  id,
  label: id,
  stay: `stay-${id}`,
  patient: { name, mrn: '4711', identified: 'asserted' },
  devices: [aDevice(`monitor-${id}`, id)],
  values: [HEART],
  news2: { total: 3, min: 3, max: 6, complete: false, missing: ['consciousness'], parts: { rr: 3 }, at: AT },
  context: { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false },
})

export const anAlert = (id: string, text = 'SpO₂ 84 % below 90'): AlertView => ({
  id: alertId(id),
  bed: bedId('bed-1'),
  stay: stayId('stay-bed-1'),
  device: null,
  bedLabel: '1',
  condition: 'threshold/spo2-low',
  state: 'active',
  priority: 'high',
  type: 'physiological',
  text,
  because: { rule: 'threshold', version: '1', inputs: [{ name: 'SpO₂', value: 84, unit: '%', at: AT }], limit: { text: '90', setBy: 'profile' }, missing: [] },
  startedAt: AT,
  changedAt: AT,
  acknowledged: null,
  audioPaused: null,
  saved: true,
})

export type FakeWard = Ward & {
  /** All that was asked of it, in words. */
  readonly asked: string[]
  readonly heldBeds: BedView[]
  readonly heldAlerts: AlertView[]
  readonly heldDevices: DeviceView[]
  /** What whoever looks at waveforms gets next. */
  readonly waves: WavesView[]
  store: ReturnType<Ward['gateway']>['store']
  seq: number
  /** Rules that advance by themselves whenever somebody looks. */
  isTicking: boolean
  change(change: Partial<WardChange>): void
}

export function fakeWard(): FakeWard {
  const listeners = new Set<(change: WardChange) => void>()
  const ward: FakeWard = {
    asked: [],
    heldBeds: [aBed('bed-1'), aBed('bed-2')],
    heldAlerts: [anAlert('alert-1')],
    waves: [],
    heldDevices: [aDevice('monitor-bed-1', 'bed-1'), aDevice('stray', null)],
    store: { kind: 'ok' },
    seq: 1,
    isTicking: true,
    change: ({ beds = [], alerts = [] }) => {
      for (const listener of listeners) listener({ beds, alerts })
    },
    gateway: () => {
      const { store } = ward
      return { id: 'gateway-1', ward: 'Ward 3', mode: 'demo', version: '0.1.0', speed: 1, store, sync: { kind: 'off', lagRows: 0, why: '' } }
    },
    beds: () => ward.heldBeds,
    devices: () => ward.heldDevices,
    alerts: () => ward.heldAlerts,
    rulesTick: () => {
      if (ward.isTicking) ward.seq += 1
      return { seq: ward.seq, at: AT }
    },
    watch: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    acknowledge: (alert, by) => {
      ward.asked.push(`acknowledge ${alert} by ${by}`)
      if (alert === 'ended') return { kind: 'refused', why: 'It has ended.' }
      return ward.heldAlerts.some(({ id }) => id === alert) ? { kind: 'done' } : { kind: 'unknown' }
    },
    pauseAudio: (alert, by, ms) => {
      ward.asked.push(`pause ${alert} by ${by} for ${ms}`)
      return { kind: 'done' }
    },
    changeContext: (stay, change, by) => {
      ward.asked.push(`context ${stay} by ${by} ${JSON.stringify(change)}`)
      return { kind: 'done' }
    },
    trend: async (bed, hours) => {
      ward.asked.push(`trend ${bed} ${hours}`)
      return { series: [{ metric: 'MDC_ECG_HEART_RATE', label: 'HR', unit: '/min', t: [AT], v: [null] }] }
    },
    strip: async (alert) => {
      ward.asked.push(`strip ${alert}`)
      const line = { at: AT, device: 'monitor-bed-1', metric: 'MDC_ECG_ELEC_POTL_II', channel: '', unit: 'mV', rateHz: 250, scale: 0.005, offset: 0, from: AT - 10_000, samples: [0, 1, -1] }
      return { lines: alert === 'alert-1' ? [line] : [], damaged: 0, isCut: false }
    },
    watchWaves: (bed) => {
      ward.asked.push(`waves ${bed}`)
      return () => ward.waves.shift() ?? null
    },
    displayed: (alerts, by) => void ward.asked.push(`displayed ${alerts.join()} by ${by}`),
  }
  return ward
}

/** Real time, which can be made to jump ahead. */
export function jumpingClock(): Clock & { jump(ms: number): void } {
  const real = realClock(REAL_TIME)
  let ahead = 0
  return {
    wall: () => wallMs(real.wall() + ahead),
    mono: () => monoMs(real.mono() + ahead),
    sleep: (ms, stop) => real.sleep(ms, stop),
    jump: (ms) => {
      ahead += ms
    },
  }
}

export const USERS: Readonly<Record<Role, string>> = { nurse: 'anna', biomed: 'bert', admin: 'carla' }
export const ROLES = ['nurse', 'biomed', 'admin'] as const

export async function startWard(changes: Partial<Pick<ApiSetting, 'host' | 'tls' | 'mode' | 'webFolder' | 'origins'>> = {}) {
  const folder = await dataFolder()
  const clock = jumpingClock()
  const log = fakeLog()
  const ward = fakeWard()
  const place = { folder, clock, stop: never(), cost: CHEAP }
  for (const role of ROLES) await addUser(place, { name: USERS[role], role, password: PASSWORD })
  const users = await openUsers({ folder, clock, log, cost: CHEAP })
  const sessions = await openSessions({ folder, clock, users, log })
  const links = openLoginLinks({ folder, clock })
  const throttle = await openLoginThrottle({ folder, clock, users, log })
  const where = { host: '127.0.0.1', port: 0, tls: null, mode: 'demo', webFolder: join(folder, 'web'), ...changes } as const
  const parts = { ward, users, sessions, links, throttle, clock, log, ...where }
  const api = await startApi(parts)
  let isOpen = true
  const close = async (): Promise<void> => {
    if (isOpen) await api.close()
    isOpen = false
  }
  onTestFinished(close)

  const ask = (path: string, { method = 'GET', cookie, body, headers = {} }: Asking = {}): Promise<Response> =>
    fetch(`${api.url}${path}`, {
      method,
      redirect: 'manual',
      headers: { ...cookieField(cookie), ...(method === 'GET' ? {} : { origin: api.url, 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  const signIn = async (role: Role = 'nurse'): Promise<string> => {
    const response = await ask('/api/login', { method: 'POST', body: { name: USERS[role], password: PASSWORD } })
    return cookieOf(response)
  }
  const page = (cookie: string | undefined, headers: Readonly<Record<string, string>> = { origin: api.url }): Page =>
    openPage(`${api.url.replace('http', 'ws')}/ws`, { ...cookieField(cookie), ...headers })
  return { ...parts, place, api, close, ask, signIn, page, port: Number(new URL(api.url).port) }
}

const cookieField = (cookie: string | undefined): { readonly cookie?: string } => (cookie === undefined ? {} : { cookie })

export type Asking = { readonly method?: string; readonly cookie?: string; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }

export function cookieOf(response: Response): string {
  const [cookie = ''] = (response.headers.get('set-cookie') ?? '').split(';')
  if (!cookie.startsWith('__Host-vigil=')) throw new Error(`no cookie in ${response.status}`)
  return cookie
}

export type Page = {
  readonly socket: WebSocket
  /** The next message of a type that was not taken yet. */
  readonly next: <Type extends ServerMessage['type']>(type: Type) => Promise<Extract<ServerMessage, { type: Type }>>
  readonly messages: ServerMessage[]
  /** The status that the door answered with, or 101. */
  readonly status: Promise<number>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly say: (message: unknown) => void
}

export function openPage(url: string, headers: Readonly<Record<string, string>>): Page {
  const socket = new WebSocket(url, { headers, rejectUnauthorized: false })
  onTestFinished(() => socket.terminate())
  const messages: ServerMessage[] = []
  const taken = new Set<ServerMessage>()
  let wake: () => void = () => undefined
  let isOver = false
  socket.on('message', (data: Buffer) => {
    messages.push(JSON.parse(data.toString('utf8')) as ServerMessage)
    wake()
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => {
      isOver = true
      wake()
      resolve({ code, reason: reason.toString() })
    })
  })
  const status = new Promise<number>((resolve) => {
    socket.on('open', () => resolve(101))
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0)
      response.resume()
    })
    socket.on('error', () => resolve(0))
  })
  return {
    socket,
    messages,
    status,
    closed,
    say: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: async (type) => {
      for (;;) {
        const found = messages.find((message) => message.type === type && !taken.has(message))
        if (found) {
          taken.add(found)
          return found as never
        }
        if (isOver) throw new Error(`the socket closed while waiting for ${type}`)
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}

export const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url))
