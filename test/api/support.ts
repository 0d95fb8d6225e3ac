/** A ward that does as told, and a whole web server in front of it. */

import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { type ApiSetting, startApi } from '../../src/api/server.ts'
import type { Ward, WardChange } from '../../src/api/ward.ts'
import type { FrozenView, LimitsView } from '../../src/api/stay-wire.ts'
import type { AlertView, BedAssociation, BedView, DeviceView, RegistryLookup, Role, ServerMessage, ValueView, WavesView } from '../../src/api/wire.ts'
import { alertId, bedId, stayId } from '../../src/domain/ids.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import type { Clock, ObservedSet } from '../../src/seams.ts'
import { openLoginLinks } from '../../src/security/login-links.ts'
import { openActorThrottle, openLoginThrottle } from '../../src/security/login-throttle.ts'
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

/** Confirmed by somebody at the bedside, and somebody else is proposed. */
export const anAssociation = (bed: string): BedAssociation => ({
  bed,
  label: bed,
  stay: `stay-${bed}`,
  occupant: { kind: 'patient', patient: { mrn: '4711', name: 'Ada Lovelace', bornOn: '1815-12-10' }, standing: 'confirmed', since: AT },
  disputes: [{ kind: 'registry-has-another', bed: bedId(bed) }],
  proposals: [{ fact: 7, patient: { mrn: '4712', name: 'Grace Hopper' }, by: 'anna', at: AT }],
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
  heldSentinel: AlertView | null
  /** What it answers to whoever says who lies where, and what the registry says. */
  associated: ReturnType<Ward['associate']>
  looked: RegistryLookup
  seq: number
  /** Rules that advance by themselves whenever somebody looks. */
  isTicking: boolean
  /** Beds that look so now. */
  change(change: Partial<Omit<WardChange, 'beds'>> & { readonly beds?: readonly BedView[] }): void
}

const RANGE = { low: 1, high: 300, decimals: 0, unit: '/min' }
const FROZEN: FrozenView = {
  at: AT,
  values: [{ name: 'pulse', label: 'HR', device: 'monitor-bed-1', value: 88, at: AT, isDoubtful: false, isTimeUncertain: false }],
  missing: ['rr', 'spo2', 'sbp', 'temperature'],
  spo2Scale: 1,
  ranges: { rr: RANGE, spo2: RANGE, sbp: RANGE, pulse: RANGE, temperature: RANGE },
}
const OBSERVED: ObservedSet = { set: { takenAt: AT, by: 'anna' }, confirmedAt: AT, news2: { total: 0, min: 0, max: 20, complete: false, missing: [], parts: {} }, corrected: [] }
const LIMITS: LimitsView = { population: 'adult', ward: { name: 'adult', setBy: 'ward', signedBy: null }, limits: [], proposals: [] }

export function fakeWard(): FakeWard {
  const listeners = new Set<(change: WardChange) => void>()
  const changed = new Map<string, BedView>()
  const ward: FakeWard = {
    asked: [],
    heldBeds: [aBed('bed-1'), aBed('bed-2')],
    heldAlerts: [anAlert('alert-1')],
    waves: [],
    heldDevices: [aDevice('monitor-bed-1', 'bed-1'), aDevice('stray', null)],
    store: { kind: 'ok' },
    associated: { kind: 'done', fact: 8 },
    looked: { kind: 'found', patients: [{ identity: { mrn: '4711', name: 'Ada Lovelace' }, location: null }], isMore: false },
    seq: 1,
    isTicking: true,
    heldSentinel: null,
    change: ({ beds = [], alerts = [], ...rest }) => {
      for (const bed of beds) changed.set(bed.id, bed)
      for (const listener of listeners) listener({ beds: beds.map(({ id }) => bedId(id)), alerts, ...rest })
    },
    gateway: () => {
      const { store } = ward
      return { id: 'gateway-1', ward: 'Ward 3', mode: 'demo', version: '0.1.0', speed: 1, store, sync: { kind: 'off', lagRows: 0, why: '' } }
    },
    beds: () => ward.heldBeds,
    bed: (id) => changed.get(id) ?? null,
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
    changeContext: (stay, change, by, saying = {}) => {
      const why = Object.keys(saying).length === 0 ? '' : ` ${JSON.stringify(saying)}`
      ward.asked.push(`context ${stay} by ${by} ${JSON.stringify(change)}${why}`)
      return { kind: 'done' }
    },
    freeze: (stay) => (ward.heldBeds.some((bed) => bed.stay === stay) ? FROZEN : null),
    observe: (stay, request, by) => {
      ward.asked.push(`observe ${stay} by ${by} ${JSON.stringify(request)}`)
      return request.consciousness === undefined ? { kind: 'refused', why: 'These values were frozen too long ago: take the observation again.' } : { kind: 'done', observed: OBSERVED }
    },
    takeBack: (stay, confirmedAt, by) => {
      ward.asked.push(`take back ${stay} by ${by} ${confirmedAt}`)
      return stay === 'stay-bed-1' ? { kind: 'done', observed: OBSERVED } : { kind: 'unknown' }
    },
    limits: async (stay) => (ward.heldBeds.some((bed) => bed.stay === stay) ? LIMITS : null),
    limitChange: (stay, { variable, side, beyond, reason }, by) => {
      const change = { limits: [{ variable, side, beyond, reason, by, at: AT, until: null }] }
      return beyond > 200 ? { kind: 'refused', why: 'hr: a high limit of 250 is not within 90 to 170.' } : stay === 'stay-bed-1' ? { kind: 'change', change } : { kind: 'unknown' }
    },
    wardLimitChange: (stay) => (stay === 'stay-bed-1' ? { kind: 'change', change: { limits: [] } } : { kind: 'unknown' }),
    associations: () => ({ hasRegistry: true, beds: [anAssociation('bed-1')] }),
    association: (bed) => {
      const fact = { id: 7, learnedAt: AT, effectiveAt: AT, source: 'hand', by: 'anna', kind: 'placed', patient: { mrn: '4712', name: 'Grace Hopper' }, bed } as const
      return bed === 'bed-1' ? { ...anAssociation(bed), facts: [fact] } : null
    },
    associate: (request, by) => {
      ward.asked.push(`${by} ${JSON.stringify(request)}`)
      return ward.associated
    },
    lookup: async (number, by) => {
      ward.asked.push(`lookup ${number} by ${by}`)
      return ward.looked
    },
    given: async (stay) => {
      ward.asked.push(`given ${stay}`)
      const one = { at: AT, id: 'order-1/1', code: 'N02BE01', system: 'ATC', name: 'Paracetamol', route: 'IV', from: AT, until: null, status: 'complete', action: 'added', flags: [] } as const
      return { given: [one], isCut: false }
    },
    sayHouse: (request, by) => {
      ward.asked.push(`house by ${by} ${JSON.stringify(request)}`)
      if (request.what === 'bed' && request.bed !== 'bed-1') return { kind: 'unknown' }
      return request.what === 'bed' && request.state === 'maintenance' ? { kind: 'refused', why: 'Somebody is measured in this bed now.' } : { kind: 'done' }
    },
    commissioning: async (days) => {
      ward.asked.push(`commissioning ${days}`)
      return { from: AT, to: AT, beds: 1, bedDays: 0, alerts: 0, perBedDay: 0, shortShare: null, rules: [], perBed: [], perDay: [], offenders: [], isCut: false }
    },
    shift: () => ({ at: AT, shift: null, beds: [{ bed: 'bed-1', label: '1', assigned: null, holder: null, buddy: null }], undo: null, times: { buddySeconds: 120, chargeSeconds: 300, team: null } }),
    changeShift: (request, by) => {
      ward.asked.push(`shift by ${by} ${JSON.stringify(request)}`)
      return request.what === 'break' ? { kind: 'refused', why: 'Nobody would be told in place of anna: name a buddy or a charge nurse who is there.' } : { kind: 'done', shift: null }
    },
    trend: async (bed, hours) => {
      ward.asked.push(`trend ${bed} ${hours}`)
      return { series: [{ metric: 'MDC_ECG_HEART_RATE', label: 'HR', unit: '/min', t: [AT], v: [null] }] }
    },
    handover: async (hours) => {
      ward.asked.push(`handover ${hours}`)
      const bed = { bed: 'bed-1', label: '1', watchedSeconds: 600, unwatchedSeconds: 120, reasons: [{ why: 'no-data', seconds: 120 }], rules: [{ rule: 'score', unwatchedSeconds: 720 }] } as const
      return { from: AT - 720_000, to: AT, beds: [bed], isCut: false }
    },
    strip: async (alert) => {
      ward.asked.push(`strip ${alert}`)
      const line = { at: AT, device: 'monitor-bed-1', metric: 'MDC_ECG_ELEC_POTL_II', channel: '', unit: 'mV', rateHz: 250, scale: 0.005, offset: 0, from: AT - 10_000, samples: [0, 1, -1] }
      return { lines: alert === 'alert-1' ? [line] : [], damaged: 0, isCut: false }
    },
    deliveries: async (alert) => {
      ward.asked.push(`deliveries ${alert}`)
      const one = { at: AT, way: 'screen', step: 'displayed', address: '', by: 'anna', note: null } as const
      return alert === 'alert-1' ? [one] : []
    },
    testWay: async (way, by) => {
      ward.asked.push(`test ${way} by ${by}`)
      return way === 'pagers' ? { kind: 'done' } : way === 'broken' ? { kind: 'refused', why: 'The test did not leave: no line' } : { kind: 'unknown' }
    },
    sentinel: () => ward.heldSentinel,
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

export const USERS: Readonly<Record<Role, string>> = { nurse: 'anna', biomed: 'bert', admin: 'carla', station: 'screen-1' }
export const ROLES = ['nurse', 'biomed', 'admin', 'station'] as const

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
  const pins = await openActorThrottle({ folder, clock, users, log })
  const where = { host: '127.0.0.1', port: 0, tls: null, mode: 'demo', webFolder: join(folder, 'web'), ...changes } as const
  const parts = { ward, users, sessions, links, throttle, pins, clock, log, ...where }
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
