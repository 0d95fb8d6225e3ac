/**
 * All open pages. Alerts leave at once, beds together at most twice a second, heartbeats once a second and only while the
 * rules advance: a gateway whose rules stand still must fall silent, so that every page says NOT RECEIVING.
 */

import type { z } from 'zod'
import type { BedId } from '../domain/ids.ts'
import { apiLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import type { Log } from '../security/log.ts'
import type { Session, Sessions } from '../security/sessions.ts'
import { bedsFor, countsAsDelivered, devicesFor } from './audience.ts'
import { CLOSED, PageLine, type Wire } from './page-line.ts'
import { clientMessageSchema } from './views.ts'
import type { Ward, WardChange } from './ward.ts'
import type { BedView, Role, ServerMessage } from './wire.ts'

export type HubParts = {
  readonly ward: Ward
  readonly sessions: Pick<Sessions, 'onEnd' | 'sweep'>
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
  /** Real milliseconds that never step. */
  readonly now: () => number
}

/** What the socket tells the hub of one page. */
export type Joined = { readonly received: (text: string) => void; readonly ponged: () => void; readonly gone: () => void }

export class Hub {
  readonly #parts: HubParts
  readonly #lines = new Set<PageLine>()
  readonly #changedBeds = new Set<BedId>()
  readonly #stops: readonly (() => void)[]
  #rules: { readonly seq: number; readonly since: number }
  #heartbeat: { readonly seq: number; readonly dueAt: number }
  #bedsAt: number
  #secondAt: number
  #pingAt: number
  #isClosed = false

  constructor(parts: HubParts) {
    const now = parts.now()
    this.#parts = parts
    this.#rules = { seq: parts.ward.rulesTick().seq, since: now }
    this.#heartbeat = { seq: this.#rules.seq, dueAt: now + apiLimits.heartbeatMs }
    this.#bedsAt = now
    this.#secondAt = now
    this.#pingAt = now
    this.#stops = [parts.ward.watch((change) => this.#changed(change)), parts.sessions.onEnd((id) => this.#sessionEnded(id))]
  }

  get takesMore(): boolean {
    return !this.#isClosed && this.#lines.size < apiLimits.socketsMax
  }

  /** Real milliseconds since the rules last advanced, as far as `pulse` saw. */
  rulesStandStillMs(): number {
    return this.#parts.now() - this.#rules.since
  }

  /** Pages of those who watch the ward, that are open and have shown an alert before. */
  get screens(): number {
    return [...this.#lines].filter((line) => line.isScreen && !line.isClosing).length
  }

  /** Sends the snapshot and keeps the page up to date from there, without a gap: nothing else runs in between. */
  join(wire: Wire, session: Session): Joined {
    const own = [...this.#lines].filter((line) => line.session.id === session.id && !line.isClosing)
    for (const line of own.slice(0, Math.max(0, own.length + 1 - apiLimits.socketsPerSessionMax))) line.close(CLOSED.replaced, 'Another tab took its place.')
    const line = new PageLine(wire, session, this.#parts.now())
    const { ward, clock } = this.#parts
    const { role } = session.you
    const sentinel = ward.sentinel()
    this.#lines.add(line)
    line.sendSnapshot(
      encode({
        type: 'snapshot',
        at: clock.wall(),
        you: session.you,
        gateway: ward.gateway(),
        beds: bedsFor(role, ward.beds()),
        alerts: ward.alerts(),
        devices: devicesFor(role, ward.devices()),
        ...(sentinel === null ? {} : { sentinel }),
      }),
    )
    return {
      received: (text) => this.#received(line, text),
      ponged: () => line.ponged(this.#parts.now()),
      gone: () => this.#lines.delete(line),
    }
  }

  /** To be called every `pulseMs` of real time. */
  pulse(): void {
    const now = this.#parts.now()
    this.#parts.sessions.sweep()
    const { seq } = this.#parts.ward.rulesTick()
    if (seq !== this.#rules.seq) this.#rules = { seq, since: now }
    for (const line of this.#lines) line.supervise(now)
    if (now - this.#bedsAt >= apiLimits.bedsPushMs) this.#pushBeds(now)
    if (now >= this.#heartbeat.dueAt && seq !== this.#heartbeat.seq) this.#beat(now, seq)
    this.#pushWaves()
    if (now - this.#secondAt >= 1_000) {
      this.#secondAt = now
      for (const line of this.#lines) line.eachSecond()
    }
    if (now - this.#pingAt >= apiLimits.socketPingMs) {
      this.#pingAt = now
      for (const line of this.#lines) line.ping()
    }
    this.#limitTotal()
  }

  /** The gateway goes down: every page is told. */
  close(): void {
    this.#isClosed = true
    for (const stop of this.#stops) stop()
    for (const line of this.#lines) line.close(CLOSED.goingAway, 'The gateway stops.')
  }

  cutAll(): void {
    for (const line of this.#lines) line.cut()
    this.#lines.clear()
  }

  #changed({ beds, alerts, sentinel }: WardChange): void {
    for (const bed of beds) this.#changedBeds.add(bed)
    if (alerts.length === 0 && sentinel === undefined) return
    const message = encode({ type: 'alerts', at: this.#parts.clock.wall(), alerts, ...(sentinel === undefined ? {} : { sentinel }) })
    for (const line of this.#lines) this.#send(line, message)
  }

  #pushBeds(now: number): void {
    this.#bedsAt = now
    const at = this.#parts.clock.wall()
    const beds = (ids: Iterable<BedId>, role: Role): readonly BedView[] => bedsFor(role, [...ids].flatMap((id) => this.#parts.ward.bed(id) ?? []))
    const shared = perRole((role) => ({ type: 'beds', at, beds: beds(this.#changedBeds, role) }))
    for (const line of this.#lines) {
      const { role } = line.session.you
      const due = line.bedsDue(this.#changedBeds)
      if (due === 'all') this.#send(line, shared(role))
      else if (due !== 'nothing') this.#send(line, encode({ type: 'beds', at, beds: beds(due, role) }))
    }
    this.#changedBeds.clear()
  }

  /** After all that matters more. */
  #pushWaves(): void {
    for (const line of this.#lines) {
      const waves = line.wavesDue()
      if (waves !== null) this.#send(line, encode({ type: 'waves', at: this.#parts.clock.wall(), ...waves }))
    }
  }

  #beat(now: number, seq: number): void {
    // Due on a grid, so that looking only every `pulseMs` does not make the beats drift apart; after a gap the grid starts anew.
    const next = this.#heartbeat.dueAt + apiLimits.heartbeatMs
    this.#heartbeat = { seq, dueAt: next > now ? next : now + apiLimits.heartbeatMs }
    const { ward, clock } = this.#parts
    const gateway = ward.gateway()
    const at = clock.wall()
    const message = perRole((role) => ({ type: 'heartbeat', at, seq, gateway, devices: devicesFor(role, ward.devices()) }))
    // A page with a backlog does not see the present: it gets no sign that it does.
    for (const line of this.#lines) if (!line.isSlow) this.#send(line, message(line.session.you.role))
  }

  #send(line: PageLine, message: Uint8Array): void {
    if (line.send(message) === 'overflow') this.#cutSlow(line)
  }

  #cutSlow(line: PageLine): void {
    const { role } = line.session.you
    this.#parts.log.warn({ role, waitingBytes: line.waitingBytes }, 'A page that does not read was cut; it will come back for a whole snapshot.')
    line.cut()
  }

  #limitTotal(): void {
    const slowest = [...this.#lines].filter((line) => line.waitingBytes > 0).toSorted((a, b) => b.waitingBytes - a.waitingBytes)
    let total = slowest.reduce((sum, line) => sum + line.waitingBytes, 0)
    for (const line of slowest) {
      if (total <= apiLimits.socketBacklogTotalBytesMax) return
      total -= line.waitingBytes
      this.#cutSlow(line)
    }
  }

  #sessionEnded(id: string): void {
    for (const line of this.#lines) if (line.session.id === id) line.close(CLOSED.sessionOver, 'The session is over.')
  }

  #received(line: PageLine, text: string): void {
    if (line.isClosing) return
    if (!line.heard()) {
      line.close(CLOSED.tooMuch, 'Too many messages.')
      return
    }
    const message = clientMessageSchema.safeParse(parsed(text))
    if (message.success) this.#act(line, message.data)
    else if (line.firstBabble()) {
      // Not cut: a page of another version still shows alerts, and a receipt that is not understood only makes alerts louder.
      this.#parts.log.warn({ role: line.session.you.role, bytes: text.length }, 'A page sent something that is no message.')
    }
  }

  #act(line: PageLine, message: z.output<typeof clientMessageSchema>): void {
    const { ward } = this.#parts
    const { you } = line.session
    switch (message.type) {
      case 'displayed':
        if (!countsAsDelivered(you.role)) return
        line.isScreen = true
        ward.displayed(message.alerts, you.name)
        return
      case 'waves':
        // Sent with the next pulse: however often a page asks, it gets no more than that.
        line.watch(message.bed === null ? null : ward.watchWaves(message.bed))
    }
  }
}

const encode = (message: ServerMessage): Uint8Array => Buffer.from(JSON.stringify(message))

/** Encodes once for all pages of a role. */
function perRole(messageFor: (role: Role) => ServerMessage): (role: Role) => Uint8Array {
  const encoded = new Map<Role, Uint8Array>()
  return (role) => {
    const message = encoded.get(role) ?? encode(messageFor(role))
    encoded.set(role, message)
    return message
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
