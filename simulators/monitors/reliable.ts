/**
 * A wire with acknowledgements: one message in flight, in order, the same bytes again until the other side says yes.
 * What is acknowledged leaves the memory; what is not stays through lost connections, and is lost with the power.
 */

import { simulatorLimits } from '../../src/limits.ts'
import { backoffMs, type Bell, createBell, LOOK_AROUND_MS, pause } from './bell.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import type { Outgoing, Plug, Wire, WireEvents } from './wire.ts'

/** What the other side said of a message: `later` and `silent` mean the same bytes again. */
export type Verdict = 'yes' | 'later' | 'never' | 'silent'

/** One open connection. It rings the bell of its wire when it closes and when it is answered. */
export interface Connection {
  /** Why it is closed; null while it is open. */
  closed(): string | null
  /** Sends and waits for the verdict, at most as long as `going` says yes. */
  send(message: Outgoing, going: () => boolean): Promise<Verdict>
  /** `politely`: the monitor is switched off in order; else the line is cut. */
  close(politely: boolean): Promise<void>
}

export type Dialled = { readonly kind: 'open'; readonly connection: Connection } | { readonly kind: 'failed'; readonly why: string }

export type Dialler = {
  /** The monitor, for people. */
  readonly name: string
  /** Whom it calls, for people. */
  readonly address: string
  readonly dial: (bell: Bell, stop: AbortSignal) => Promise<Dialled>
}

export function reliableWire(dialler: Dialler, events: WireEvents): Wire {
  const outbox = createOutbox(simulatorLimits.unacknowledgedMessagesMax)
  const bell = createBell()
  let state: Plug = 'plugged'
  /** Grows whenever the cable leaves the wall, so that a pull and a plug in one breath still cut the connection. */
  let pulls = 0
  return {
    offer(message) {
      if (state === 'dead') return false
      const kept = outbox.add(message)
      bell.ring()
      return kept
    },
    plug(next) {
      if (next === state) return
      state = next
      if (next !== 'plugged') pulls++
      if (next === 'dead') outbox.clear()
      bell.ring()
    },
    async run(stop) {
      let failures = 0
      while (!stop.aborted) {
        if (state !== 'plugged') {
          await bell.wait(LOOK_AROUND_MS, stop)
          continue
        }
        const pullsBefore = pulls
        const lost = await call({ dialler, events, outbox, bell, stop, plugged: () => pulls === pullsBefore, first: failures === 0 })
        failures = lost === 'not-reached' ? failures + 1 : 0
        if (lost !== 'cut') await pause(backoffMs(Math.max(0, failures - 1)), stop)
      }
    },
  }
}

type Call = {
  readonly dialler: Dialler
  readonly events: WireEvents
  readonly outbox: Outbox
  readonly bell: Bell
  readonly stop: AbortSignal
  readonly plugged: () => boolean
  /** The first attempt of this outage: the one that people are told of. */
  readonly first: boolean
}

async function call(line: Call): Promise<'not-reached' | 'cut' | 'lost'> {
  const { dialler: { name, address, dial }, events: { note }, outbox, bell, stop, plugged, first } = line
  const dialled = await dial(bell, stop)
  if (dialled.kind === 'failed') {
    if (first && !stop.aborted) note(`${name}: ${address} does not answer (${dialled.why}), trying again`)
    return 'not-reached'
  }
  const { connection } = dialled
  note(`${name}: connected to ${address}${outbox.size() > 1 ? `, ${outbox.size()} messages waiting` : ''}`)
  const going = (): boolean => !stop.aborted && connection.closed() === null && plugged()
  while (going()) {
    const message = outbox.first()
    if (message === undefined) await bell.wait(LOOK_AROUND_MS, stop)
    else await settle(line, message, await connection.send(message, going))
  }
  const why = connection.closed()
  await connection.close(stop.aborted)
  if (stop.aborted || why === null) return 'cut'
  note(`${name}: connection lost (${why})`)
  return 'lost'
}

async function settle({ dialler: { name }, events: { note, settled }, outbox, stop }: Call, message: Outgoing, verdict: Verdict): Promise<void> {
  switch (verdict) {
    case 'yes':
      outbox.done(message)
      settled(message, 'acknowledged')
      return
    case 'never':
      outbox.done(message)
      note(`${name}: message ${message.id} was refused for good`)
      settled(message, 'refused')
      return
    case 'later':
      await pause(backoffMs(0), stop)
      return
    case 'silent':
  }
}
