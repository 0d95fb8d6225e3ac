/** Keeps the page in touch with the gateway: socket, clocks, and the ward that they bring. */

import { batch, signal, type Signal } from '@preact/signals'
import { webLimits } from '../limits.ts'
import type { AlertView, ClientMessage, ServerMessage, WavesView } from '../api/wire.ts'
import { paths } from './api.ts'
import { advancePageClock, observeServer, type PageClock, type ServerClock, serverTime, startPageClock } from './clocks.ts'
import { type Command, type Connection, isTrusted, type LinkEvent, startConnection, stepConnection } from './connection.ts'
import type { Moment } from './freshness.ts'
import { receiptsFor } from './receipts.ts'
import { openSocket, openSocketWhenThere, type PageSocket } from './socket.ts'
import { foldMessage, type WardState } from './ward-state.ts'
import { readMessage } from './wire-guard.ts'

export interface Receiver {
  readonly ward: Signal<WardState | null>
  readonly connection: Signal<Connection>
  readonly moment: Signal<Moment>
  /** Something came that this page does not understand. */
  readonly garbled: Signal<boolean>
  /** Begins anew: after a login. */
  connect(): void
  /** Forgets the ward: after a logout, or when the gateway does not know us. */
  disconnect(): void
  /** The page's clock now, and the gateway's as well as the page knows: for what moves with each frame. */
  clocks(): { readonly now: number; readonly server: number | null }
  /** Asks for the waveforms of a bed, of one at a time, over each new connection too. Returns the way to stop. */
  watchWaves(bed: string, take: WaveTaker): () => void
  /** These alerts have been painted, and the page is in sight. */
  displayed(shown: readonly AlertView[]): void
  /** So has the alert of the sentinel. */
  sentinelDisplayed(alert: string): void
}

/** Takes what came, at page time `now`. */
export type WaveTaker = (waves: WavesView, now: number) => void

const SESSION_OVER = 4401
const REPLACED = 4409

/** How often ages on the screen move on, when nothing else happens. */
const MOMENT_EVERY_MS = 1_000

export type ReceiverEvents = {
  readonly denied: () => void
  /** A message was taken into the ward. */
  readonly taken: (message: ServerMessage, before: WardState | null) => void
}

export function createReceiver(events: ReceiverEvents, stop: AbortSignal): Receiver {
  let clock: PageClock = startPageClock(performance.now(), Date.now())
  let server: ServerClock | null = null
  let socket: PageSocket | null = null
  let receipts: ReadonlySet<string> = new Set()
  let watching: { readonly bed: string; readonly take: WaveTaker } | null = null

  const ward = signal<WardState | null>(null)
  const connection = signal<Connection>({ ...startConnection(clock.nowMs), link: { kind: 'denied' } })
  const garbled = signal(false)

  const momentNow = (): Moment => ({
    now: clock.nowMs,
    server: server && serverTime(server, clock.nowMs),
    speed: server?.speed ?? 1,
    reception: connection.peek().reception,
    silentMs: clock.nowMs - connection.peek().heardAt,
  })
  const moment = signal<Moment>(momentNow())

  function passTime(): number {
    clock = advancePageClock(clock, performance.now(), Date.now())
    return clock.nowMs
  }

  function act(command: Command): void {
    socket?.close()
    socket = command === 'open' ? dial() : null
  }

  /** The page itself came from the gateway, so the first attempt is made at once; after one that came to nothing, it is asked whether it is there. */
  function dial(): PageSocket {
    const socketEvents = { opened: () => void happen({ kind: 'opened' }), message: receive, closed, denied: () => events.denied() }
    const address = paths.socket(location)
    return connection.peek().failures === 0 ? openSocket(address, socketEvents) : openSocketWhenThere(address, paths.me, socketEvents)
  }

  /** Close codes of the gateway: the session is over; another window of this session took this one's place. */
  function closed(code: number): void {
    happen({ kind: code === REPLACED ? 'replaced' : 'closed' })
    if (code === SESSION_OVER) events.denied()
  }

  /** Returns false when time or the event itself dropped the link. */
  function happen(event: LinkEvent): boolean {
    const now = passTime()
    const before = connection.peek()
    const step = stepConnection(before, event, now)
    connection.value = step.connection
    for (const command of step.commands) act(command)
    if (step.connection.reception !== before.reception) moment.value = momentNow()
    return step.commands.length === 0
  }

  const eventOf = (message: ServerMessage): LinkEvent => {
    switch (message.type) {
      case 'snapshot':
        return { kind: 'snapshot' }
      case 'heartbeat':
        return { kind: 'heartbeat', seq: message.seq }
      case 'beds':
      case 'alerts':
      case 'waves':
        return { kind: 'message' }
    }
  }

  function receive(text: string): void {
    const message = readMessage(text)
    garbled.value = message === null
    if (message === null) return
    batch(() => {
      if (!happen(eventOf(message)) || !isTrusted(connection.peek().link)) return
      const before = ward.peek()
      const after = foldMessage(before, message, clock.nowMs)
      if (message.type === 'waves') {
        server = observeServer(server, message.at, { now: clock.nowMs, speed: before?.gateway.speed ?? 1 })
        if (message.bed === watching?.bed) watching.take(message, clock.nowMs)
        return
      }
      if (message.type === 'snapshot') receipts = new Set()
      server = observeServer(server, message.at, { now: clock.nowMs, speed: after?.gateway.speed ?? 1 })
      ward.value = after
      if (message.type === 'snapshot' || message.type === 'heartbeat') moment.value = momentNow()
      if (message.type === 'snapshot' && watching !== null) askWaves()
      events.taken(message, before)
    })
  }

  function askWaves(): void {
    const message: ClientMessage = { type: 'waves', bed: watching?.bed ?? null }
    socket?.send(JSON.stringify(message))
  }

  function look(): void {
    happen({ kind: 'tick' })
    if (clock.nowMs - moment.peek().now >= MOMENT_EVERY_MS) moment.value = momentNow()
  }

  async function keepLooking(): Promise<void> {
    while (!stop.aborted) {
      look()
      await pause(webLimits.lookEveryMs)
    }
    socket?.close()
  }

  for (const name of ['visibilitychange', 'resume']) document.addEventListener(name, look, { signal: stop })
  for (const name of ['pageshow', 'online', 'offline', 'focus']) window.addEventListener(name, look, { signal: stop })
  void keepLooking()

  return {
    ward, connection, moment, garbled,
    clocks() {
      const now = passTime()
      return { now, server: server && serverTime(server, now) }
    },
    watchWaves(bed, take) {
      const mine = { bed, take }
      watching = mine
      if (isTrusted(connection.peek().link)) askWaves()
      return () => {
        if (watching !== mine) return
        watching = null
        askWaves()
      }
    },
    connect() {
      connection.value = startConnection(passTime())
      look()
    },
    disconnect() {
      happen({ kind: 'denied' })
      batch(() => {
        server = null
        ward.value = null
        moment.value = momentNow()
      })
    },
    sentinelDisplayed(alert) {
      if (document.visibilityState !== 'visible' || connection.peek().link.kind !== 'live') return
      socket?.send(JSON.stringify({ type: 'displayed', alerts: [alert] } satisfies ClientMessage))
    },
    displayed(shown) {
      if (document.visibilityState !== 'visible' || connection.peek().link.kind !== 'live') return
      const due = receiptsFor(shown, receipts)
      if (due.ids.length === 0) return
      for (let from = 0; from < due.ids.length; from += webLimits.receiptsPerMessageMax) {
        const message: ClientMessage = { type: 'displayed', alerts: due.ids.slice(from, from + webLimits.receiptsPerMessageMax) }
        if (socket?.send(JSON.stringify(message)) !== true) return
      }
      receipts = due.sent
    },
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
