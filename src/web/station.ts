/** All that the screens share: the ward as received, and what a person at this screen has asked for. */

import { batch, computed, type ReadonlySignal, signal, type Signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { AlertView, BedView, ServerMessage } from '../api/wire.ts'
import { type ActorGate, createActorGate } from './actor-gate.ts'
import { type Aim, watchAim } from './aim.ts'
import { get, passThrough, paths, post } from './api.ts'
import type { Sweep } from './live-waves.ts'
import { type AlertRow, rowsIn, sortAlerts } from './order.ts'
import { createReceiver, type Receiver } from './receiver.ts'
import { createSounds, type Sounds } from './sounds.ts'
import { createTrends, type Trends } from './trends.ts'
import { isDemoHealth } from './wire-guard.ts'
import type { WardState } from './ward-state.ts'

export type Route = 'station' | 'patients' | 'shift' | 'handover' | 'ward' | 'devices' | 'login'

/** `reason` and `hours`: of what is said with a reason, or for a time. */
export type StayChange = Partial<BedView['context']> & { readonly reason?: string; readonly hours?: number }

/** A tap whose effect has not come back from the gateway. `change`: what was said of a stay; empty for an acknowledgement. */
export type Pending =
  | { readonly kind: 'sending' | 'sent'; readonly change: StayChange }
  | { readonly kind: 'failed'; readonly why: string }

export interface Station {
  readonly receiver: Receiver
  readonly trends: Trends
  readonly sounds: Sounds
  readonly route: Signal<Route>
  readonly openBed: Signal<string | null>
  readonly keysShown: Signal<boolean>
  /** How fast live waveforms run over the screen. */
  readonly sweep: Signal<Sweep>
  /** The tile that has the keyboard, if any: what `a` acts on. */
  readonly focusedBed: Signal<string | null>
  /** Whose beds stand first; null: the order of the ward. */
  readonly mine: Signal<string | null>
  /** Who taps, at a screen that is nobody's. */
  readonly actor: ActorGate
  /** What a tap was meant for. */
  readonly aim: Aim
  /** Open alerts, first things first. */
  readonly alerts: ReadonlySignal<readonly AlertView[]>
  /** The same as rows: a cause with what follows from it, the monitor's own alarm with ours. */
  readonly rows: ReadonlySignal<readonly AlertRow[]>
  /** Taps under way, by alert id, or by stay id for what was said of a stay. */
  readonly pending: Signal<ReadonlyMap<string, Pending>>
  /** Simulated patients. Once known it stays known: also on the login page. */
  readonly demo: Signal<boolean>
  /** What the login page says first; empty for nothing. */
  readonly loginNote: Signal<string>
  readonly go: (route: Route) => void
  readonly acknowledge: (alert: AlertView) => Promise<void>
  readonly changeContext: (stay: string, change: StayChange) => Promise<void>
  readonly loggedIn: () => void
  readonly logout: () => Promise<void>
}

const ADDRESS: Readonly<Record<Route, string>> = { station: '/', patients: '/patients', shift: '/shift', handover: '/handover', ward: '/ward', devices: '/devices', login: '/login' }

export const addressOf = (route: Route): string => ADDRESS[route]
const routeOf = (pathname: string): Route => (['patients', 'shift', 'handover', 'ward', 'devices', 'login'] as const).find((route) => ADDRESS[route] === pathname) ?? 'station'

export function createStation(stop: AbortSignal): Station {
  const trends = createTrends()
  const route = signal(routeOf(location.pathname))
  const openBed = signal<string | null>(null)
  const pending = signal<ReadonlyMap<string, Pending>>(new Map())
  const loginNote = signal('')
  const demo = signal(false)
  const receiver = createReceiver({ denied: () => toLogin(), taken }, stop)
  const actor = createActorGate(() => receiver.ward.peek()?.you.role === 'station')
  passThrough(actor)
  const mine = signal<string | null>(null)
  const alerts = computed(() => sortAlerts(receiver.ward.value?.alerts.values() ?? []))
  const rows = computed(() => rowsIn(alerts.value))
  const isSilent = computed(() => receiver.ward.value?.gateway.watching?.isSilent === true)
  const sounds = createSounds({ receiver, rows, isWatching: () => route.value !== 'login' && !isSilent.value }, stop)

  function go(to: Route): void {
    if (location.pathname !== ADDRESS[to]) history.pushState(null, '', ADDRESS[to])
    batch(() => {
      route.value = to
      openBed.value = null
    })
  }

  /** Nobody is logged in: nothing of the ward stays on the screen. */
  function toLogin(): void {
    receiver.disconnect()
    trends.forget()
    pending.value = new Map()
    go('login')
  }

  function taken(message: ServerMessage, before: WardState | null): void {
    const ward = receiver.ward.peek()
    if (ward === null) return
    demo.value = ward.gateway.mode === 'demo'
    if (before === null && ward.you.role === 'nurse') mine.value = ward.you.name
    // After an update of the gateway this page may speak an old language: fetch the new page.
    if (before !== null && before.gateway.version !== ward.gateway.version) return location.reload()
    if (message.type === 'snapshot' || message.type === 'beds') trends.take(message.beds, performance.now())
    if (message.type === 'snapshot') void trends.load(message.beds)
    if (message.type !== 'heartbeat') forgetAnswered(ward, message)
  }

  /** A tap is forgotten when its effect is seen, when its alert or stay is gone, or when a whole snapshot says how things stand. */
  function forgetAnswered(ward: WardState, message: ServerMessage): void {
    const seen = message.type === 'beds' ? new Set(message.beds.map((bed) => bed.stay)) : new Set()
    const stays = new Set(ward.beds.map((bed) => bed.stay))
    const waiting = [...pending.peek()].filter(([id, tap]) => {
      if (tap.kind === 'sent' && (message.type === 'snapshot' || seen.has(id))) return false
      return stays.has(id) || ward.alerts.get(id)?.acknowledged === null
    })
    if (waiting.length !== pending.peek().size) pending.value = new Map(waiting)
  }

  const note = (id: string, tap: Pending): void => void (pending.value = new Map(pending.peek()).set(id, tap))

  /** What a refused or lost tap leaves behind stays on the screen until it is tried again. */
  async function tap(id: string, path: string, change: StayChange): Promise<void> {
    if (pending.peek().get(id)?.kind === 'sending') return
    note(id, { kind: 'sending', change })
    const answer = await post(path, change)
    if (answer.kind === 'denied') toLogin()
    else if (answer.kind === 'failed') note(id, { kind: 'failed', why: answer.why })
    else if (pending.peek().has(id)) note(id, { kind: 'sent', change })
  }

  window.addEventListener('popstate', () => (route.value = routeOf(location.pathname)), { signal: stop })
  if (route.peek() !== 'login') receiver.connect()
  void get(paths.health).then((answer) => {
    if (answer.kind === 'done' && receiver.ward.peek() === null) demo.value = isDemoHealth(answer.body)
  })

  return {
    receiver, trends, sounds, route, openBed, alerts, rows, pending, demo, loginNote, go,
    mine, actor,
    aim: watchAim(stop),
    sweep: signal<Sweep>(25),
    keysShown: signal(false),
    focusedBed: signal<string | null>(null),
    acknowledge: (alert) => tap(alert.id, paths.acknowledge(alert.id), {}),
    changeContext: (stay, change) => tap(stay, paths.context(stay), change),
    loggedIn() {
      loginNote.value = ''
      go('station')
      receiver.connect()
    },
    async logout() {
      const answer = await post(paths.logout, {})
      toLogin()
      if (answer.kind === 'failed') loginNote.value = `You may still be logged in on this screen: ${answer.why}`
    },
  }
}

const StationContext = createContext<Station | null>(null)
export const StationProvider = StationContext.Provider

export function useStation(): Station {
  const station = useContext(StationContext)
  if (station === null) throw new Error('a part of the station was drawn outside of it')
  return station
}
