/**
 * Whether the page hears the gateway. A browser does not notice a dead link by itself, so only heartbeats count, by the
 * page's own clock. Pure: events and times in, state and commands out.
 */

import { webLimits } from '../limits.ts'

const { silentAfterMs, reconnectDelayMsMin, reconnectDelayMsMax, reconnectEagerMs } = webLimits

/** Opening takes longer than this only on a bad network; while an outage is young a new attempt is worth more than patience. */
const OPEN_EAGER_MS = 1_500

export type Link =
  | { readonly kind: 'waiting'; readonly until: number }
  | { readonly kind: 'opening'; readonly since: number }
  /** Open, and nothing shown of it before a whole snapshot. */
  | { readonly kind: 'opened'; readonly since: number }
  /** A snapshot is there; the heartbeat that proves it live is not. */
  | { readonly kind: 'fresh'; readonly since: number }
  | { readonly kind: 'live' }
  /** The gateway does not know us: log in. */
  | { readonly kind: 'denied' }
  /** Another window of this session took this one's place: to come back would take it from that one. */
  | { readonly kind: 'replaced' }

export type Reception = 'starting' | 'receiving' | 'silent'

export type Connection = {
  readonly link: Link
  readonly reception: Reception
  /** Page time of the last believed heartbeat; of the start before the first. */
  readonly heardAt: number
  /** A heartbeat comes from the rules tick: the same number again means that the rules stand still, and is not believed. */
  readonly lastSeq: number | null
  /** Attempts in a row that came to nothing. */
  readonly failures: number
}

export type LinkEvent =
  | { readonly kind: 'tick' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'replaced' }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'heartbeat'; readonly seq: number }
  /** Anything else that came over the socket. */
  | { readonly kind: 'message' }
  | { readonly kind: 'denied' }

export type Command = 'open' | 'close'
export type Step = { readonly connection: Connection; readonly commands: readonly Command[] }

export const startConnection = (now: number): Connection => ({
  link: { kind: 'waiting', until: now }, reception: 'starting', heardAt: now, lastSeq: null, failures: 0,
})

/** Attempts begin at least so far apart: half a second, then one, and after a minute of silence up to five. */
function attemptSpacingMs(connection: Connection, now: number): number {
  const doubled = reconnectDelayMsMin * 2 ** Math.min(connection.failures, 10)
  return Math.min(doubled, now - connection.heardAt < reconnectEagerMs ? 1_000 : reconnectDelayMsMax)
}

const openPatienceMs = (connection: Connection, now: number): number =>
  now - connection.heardAt < reconnectEagerMs ? OPEN_EAGER_MS : silentAfterMs + OPEN_EAGER_MS

function failed(connection: Connection, since: number, now: number): Connection {
  const until = Math.max(now, since + attemptSpacingMs(connection, now))
  return { ...connection, link: { kind: 'waiting', until }, failures: connection.failures + 1 }
}

/** What time alone brings about: silence is noticed, and links that came to nothing are dropped. */
function judge(connection: Connection, now: number): Step {
  const overdue = now - connection.heardAt >= silentAfterMs
  const judged: Connection = overdue ? { ...connection, reception: 'silent' } : connection
  const { link } = judged
  switch (link.kind) {
    case 'live':
      return overdue ? { connection: { ...judged, link: { kind: 'waiting', until: now } }, commands: ['close'] } : { connection: judged, commands: [] }
    case 'opening':
      return now - link.since >= openPatienceMs(judged, now)
        ? { connection: failed(judged, link.since, now), commands: ['close'] }
        : { connection: judged, commands: [] }
    case 'opened':
    case 'fresh':
      return now - link.since >= silentAfterMs ? { connection: failed(judged, link.since, now), commands: ['close'] } : { connection: judged, commands: [] }
    case 'waiting':
    case 'denied':
    case 'replaced':
      return { connection: judged, commands: [] }
  }
}

function openWhenDue(step: Step, now: number): Step {
  const { link } = step.connection
  if (link.kind !== 'waiting' || now < link.until) return step
  return { connection: { ...step.connection, link: { kind: 'opening', since: now } }, commands: [...step.commands, 'open'] }
}

function heartbeat(connection: Connection, seq: number, now: number): Connection {
  const { link } = connection
  if ((link.kind !== 'fresh' && link.kind !== 'live') || seq === connection.lastSeq) return connection
  return { link: { kind: 'live' }, reception: 'receiving', heardAt: now, lastSeq: seq, failures: 0 }
}

/**
 * One event at page time `now`. Time is judged first: a page that was blocked finds old messages waiting for it, and must
 * drop their socket before it believes them.
 */
export function stepConnection(connection: Connection, event: LinkEvent, now: number): Step {
  if (event.kind === 'denied') return { connection: { ...connection, link: { kind: 'denied' } }, commands: ['close'] }
  if (event.kind === 'replaced') return { connection: { ...connection, link: { kind: 'replaced' } }, commands: ['close'] }
  const judged = judge(connection, now)
  if (judged.commands.length > 0) return openWhenDue(judged, now)
  const current = judged.connection
  const { link } = current
  switch (event.kind) {
    case 'tick':
      return openWhenDue(judged, now)
    case 'opened':
      return { connection: link.kind === 'opening' ? { ...current, link: { kind: 'opened', since: now } } : current, commands: [] }
    case 'snapshot':
      return { connection: link.kind === 'opened' ? { ...current, link: { kind: 'fresh', since: now } } : current, commands: [] }
    case 'heartbeat':
      return { connection: heartbeat(current, event.seq, now), commands: [] }
    case 'message':
      return { connection: current, commands: [] }
    case 'closed':
      return openWhenDue({ connection: afterClose(current, now), commands: [] }, now)
  }
}

function afterClose(connection: Connection, now: number): Connection {
  const { link } = connection
  switch (link.kind) {
    case 'live':
      return failed(connection, now, now)
    case 'opening':
    case 'opened':
    case 'fresh':
      return failed(connection, link.since, now)
    case 'waiting':
    case 'denied':
    case 'replaced':
      return connection
  }
}

/** Messages change what is shown only on a link that has brought a whole snapshot. */
export const isTrusted = (link: Link): boolean => link.kind === 'fresh' || link.kind === 'live'
