/**
 * Today's drivers, as a replay uses them: their frames are counted, only those of the wanted device pass, and they are woken
 * when the recorded time comes to it, not by a timer. Where a driver holds a dialogue nobody is there to talk to: what the
 * other end said is read by its reader of captures, and nothing is sent.
 */

import { createDevices, type Devices } from '../pump/devices.ts'
import type { Site } from '../config/schema.ts'
import type { MonoMs } from '../domain/time.ts'
import type { Driver, Frame, Peer, Session, SessionOutput } from '../seams.ts'

export type ReplayedFrames = {
  readonly frames: { readonly good: number; readonly bad: number; readonly skipped: number; readonly quarantined: number }
  readonly readings: number
  /** Parts of frames that were not believed. */
  readonly faults: number
  /** Times a driver was woken because it had asked for it. */
  readonly wakes: number
}

/** A conversation whose driver asked to be woken. */
export type Sleeper = { readonly line: number; readonly wakeAt: MonoMs; /** `receive` gives the line no bytes: its session is woken instead. */ wake(receive: () => void): void }

export type ReplayDrivers = {
  readonly driverOf: (id: string) => Driver
  /** Another life of the gateway begins: nobody of before is woken. */
  begin(site: Site): void
  /** What is opened meanwhile is conversation `line` with this peer. */
  opening<Opened>(line: number, peer: Peer, open: () => Opened): Opened
  /** It is over. */
  closed(line: number): void
  /** Who is to be woken next, up to this moment; null: nobody. */
  nextWake(until: MonoMs): Sleeper | null
  counted(): ReplayedFrames
}

type Conversation = { readonly line: number; readonly peer: Peer; isWaking: boolean }

const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }

export function replayDrivers({ driverOf, device }: { readonly driverOf: (id: string) => Driver; readonly device: string | null }): ReplayDrivers {
  const frames = { good: 0, bad: 0, skipped: 0, quarantined: 0 }
  let readings = 0
  let faults = 0
  let wakes = 0
  let devices: Devices = createDevices([])
  const sleeping = new Map<Conversation, MonoMs>()
  let opened: Conversation = { line: 0, peer: { address: '', device: null }, isWaking: false }

  /** Frames that name no sender are of the device only where the link itself knows it. */
  const isWanted = (frame: Frame, driver: string, from: Peer): boolean => {
    if (device === null) return true
    const sender = frame.kind === 'good' || frame.kind === 'quarantined' ? frame.sender : null
    return from.device === device || (sender !== null && devices.resolve(from, sender, driver)?.id === device)
  }

  function count(frame: Frame): void {
    frames[frame.kind]++
    if (frame.kind !== 'good') return
    readings += frame.readings.length
    faults += frame.faults.length
  }

  function watched(session: Session, driver: string, of: Conversation): Session {
    /** Whoever throws is opened afresh, and has asked for nothing. */
    const through = (read: () => SessionOutput): SessionOutput => {
      sleeping.delete(of)
      const output = read()
      if (output.wakeAt !== null) sleeping.set(of, output.wakeAt)
      const wanted = output.frames.filter((frame) => isWanted(frame, driver, of.peer))
      for (const frame of wanted) count(frame)
      return { frames: wanted, send: [], wakeAt: null }
    }
    return {
      receive: (bytes, now) => through(() => (of.isWaking ? session.wake(now) : session.receive(bytes, now))),
      // The line wakes who speaks first; here nobody does.
      wake: () => NOTHING,
      // A line that ends each message has nothing to end where one was only woken.
      end: (now) => (of.isWaking ? NOTHING : through(() => session.end(now))),
    }
  }

  return {
    driverOf(id) {
      const driver = driverOf(id)
      // Also where the session is opened anew because it threw.
      const of = opened
      return {
        ...driver,
        open(settings) {
          sleeping.delete(of)
          return watched(driver.openCapture?.(settings) ?? driver.open(settings), driver.id, of)
        },
      }
    },
    begin(site) {
      devices = createDevices(site.devices)
      sleeping.clear()
    },
    opening(line, peer, open) {
      opened = { line, peer, isWaking: false }
      return open()
    },
    closed(line) {
      for (const of of sleeping.keys()) if (of.line === line) sleeping.delete(of)
    },
    nextWake(until) {
      let next: { readonly of: Conversation; readonly wakeAt: MonoMs } | null = null
      for (const [of, wakeAt] of sleeping) if (wakeAt <= until && (next === null || wakeAt < next.wakeAt)) next = { of, wakeAt }
      if (next === null) return null
      const { of, wakeAt } = next
      return {
        line: of.line,
        wakeAt,
        wake(receive) {
          wakes++
          sleeping.delete(of)
          of.isWaking = true
          receive()
          of.isWaking = false
        },
      }
    },
    counted: () => ({ frames: { ...frames }, readings, faults, wakes }),
  }
}
