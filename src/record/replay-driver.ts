/** Today's drivers, as a replay uses them: their frames are counted, and only those of the wanted device pass. */

import type { Site } from '../config/schema.ts'
import { createDevices, type Devices } from '../pump/devices.ts'
import type { Driver, Frame, Peer, Session, SessionOutput } from '../seams.ts'

export type ReplayedFrames = {
  readonly frames: { readonly good: number; readonly bad: number; readonly skipped: number; readonly quarantined: number }
  readonly readings: number
  /** Parts of frames that were not believed. */
  readonly faults: number
  /** Times a driver asked to be woken: that is not recorded, so it was not. */
  readonly wakes: number
}

export type ReplayDrivers = {
  readonly driverOf: (id: string) => Driver
  /** Another life of the gateway begins. */
  begin(site: Site): void
  /** What is opened meanwhile talks to this peer. */
  opening<Opened>(peer: Peer, open: () => Opened): Opened
  counted(): ReplayedFrames
}

export function replayDrivers({ driverOf, device }: { readonly driverOf: (id: string) => Driver; readonly device: string | null }): ReplayDrivers {
  const frames = { good: 0, bad: 0, skipped: 0, quarantined: 0 }
  let readings = 0
  let faults = 0
  let wakes = 0
  let devices: Devices = createDevices([])
  let peer: Peer = { address: '', device: null }

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

  function watched(session: Session, driver: string, from: Peer): Session {
    const through = (output: SessionOutput): SessionOutput => {
      if (output.wakeAt !== null) wakes++
      const wanted = output.frames.filter((frame) => isWanted(frame, driver, from))
      for (const frame of wanted) count(frame)
      return { frames: wanted, send: [], wakeAt: null }
    }
    return { receive: (bytes, now) => through(session.receive(bytes, now)), wake: (now) => through(session.wake(now)), end: (now) => through(session.end(now)) }
  }

  return {
    driverOf(id) {
      const driver = driverOf(id)
      // Also where the session is opened anew because it threw.
      const from = peer
      return { ...driver, open: (settings) => watched(driver.open(settings), driver.id, from) }
    },
    begin(site) {
      devices = createDevices(site.devices)
    },
    opening(of, open) {
      peer = of
      return open()
    },
    counted: () => ({ frames: { ...frames }, readings, faults, wakes }),
  }
}
