/** Mindray monitors: they announce themselves over UDP, and each is called over TCP. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Logger } from 'pino'
import type { DeviceId } from '../domain/ids.ts'
import type { MonoMs } from '../domain/time.ts'
import { linkLimits } from '../limits.ts'
import type { Clock, Link, OpenLine, Peer, Sender } from '../seams.ts'
import { type Announcement, readAnnouncement } from './pds-announcement.ts'
import { callOnce } from './tcp.ts'

export type PdsSetting = {
  readonly id: string
  readonly host: string
  readonly port: number
  /** Where a monitor is called: where its announcement came from, or at the address that is written there. */
  readonly call: 'sender' | 'announced'
  readonly clock: Clock
  readonly log: Logger
  /** Told once it listens, with the port it got. */
  readonly listening: (port: number) => void
  /** Which device that is; one that nobody configured is known from then on, and bound to nothing. Null: too many of those. */
  readonly deviceOf: (peer: Peer, sender: Sender) => DeviceId | null
}

/** Listens for announcements and calls who announced itself, again whenever a conversation is over and it is announced anew. */
export function pdsLink(setting: PdsSetting): Link {
  const { id, host, port, call, clock, log, listening } = setting
  return {
    id,
    async run(open, stop) {
      const ward = new Announced(setting, open, stop)
      while (!stop.aborted) {
        const socket = createSocket('udp4')
        try {
          socket.bind(port, host)
          await once(socket, 'listening', { signal: stop })
          listening(socket.address().port)
          socket.on('message', (datagram, { address }) => {
            const announcement = readAnnouncement(datagram)
            if (announcement !== null) ward.heard({ ...announcement, address: call === 'announced' ? (announcement.address ?? address) : address })
          })
          // A socket that fails says so, and is closed here.
          await once(socket, 'close', { signal: stop })
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error)
          if (!stop.aborted) log.error({ link: id, why }, 'Not listening for announcements; trying again.')
        }
        await new Promise<void>((resolve) => socket.close(resolve))
        await clock.sleep(linkLimits.serialReopenDelayMs, stop)
      }
      await ward.over()
    },
  }
}

type Monitor = {
  heardAt: MonoMs
  /** Whom we talk with there. */
  device: DeviceId | null
  endedAt: MonoMs | null
  /** Since when it announces itself as one that we talk with elsewhere. */
  twinSince: MonoMs | null
}

/** Whom to call, and where. */
type Callable = Announcement & { readonly address: string }

class Announced {
  readonly #setting: PdsSetting
  readonly #open: OpenLine
  readonly #stop: AbortSignal
  /** By address and port. */
  readonly #monitors = new Map<string, Monitor>()
  readonly #talking = new Map<DeviceId, Promise<void>>()
  #isFull = false

  constructor(setting: PdsSetting, open: OpenLine, stop: AbortSignal) {
    this.#setting = setting
    this.#open = open
    this.#stop = stop
  }

  /** Monitors say this each second: most of the time there is nothing to do. */
  heard(announcement: Callable): void {
    const { clock } = this.#setting
    const now = clock.mono()
    const key = `${announcement.address}:${announcement.port}`
    const monitor = this.#monitors.get(key) ?? this.#admit(key, now)
    if (monitor === null || this.#stop.aborted) return
    monitor.heardAt = now
    if (monitor.device !== null || (monitor.endedAt !== null && now - monitor.endedAt < linkLimits.serialReopenDelayMs)) return
    const device = this.#deviceOf(key, announcement.sender, monitor, now)
    if (device === null) return
    monitor.device = device
    monitor.twinSince = null
    this.#talking.set(device, this.#call(announcement, monitor, device))
  }

  /** All conversations are over. */
  async over(): Promise<void> {
    await Promise.all(this.#talking.values())
  }

  async #call({ address, port }: Callable, monitor: Monitor, device: DeviceId): Promise<void> {
    const { id, clock, log } = this.#setting
    const why = await callOnce({ host: address, port, device }, this.#open, this.#stop)
    if (why !== null && !this.#stop.aborted) log.info({ link: id, device, address, why }, 'Monitor announces itself and does not answer the call; trying again.')
    monitor.device = null
    monitor.endedAt = clock.mono()
    this.#talking.delete(device)
  }

  /**
   * Two that go by one name are never one device: the second may be the first, with a new address, as long as the old
   * conversation has not yet ended; after that it is a stranger at its address, for a person to sort out.
   */
  #deviceOf(key: string, sender: Sender, monitor: Monitor, now: MonoMs): DeviceId | null {
    const { id, log, deviceOf } = this.#setting
    const peer = { address: key, device: null }
    const device = deviceOf(peer, sender)
    if (device === null || !this.#talking.has(device)) return device
    if (monitor.twinSince === null) log.warn({ link: id, device, address: key }, 'A second monitor announces itself as one that we talk with.')
    monitor.twinSince ??= now
    if (now - monitor.twinSince < linkLimits.announcedTwinMs) return null
    const stranger = deviceOf(peer, { name: null, location: null })
    return stranger !== null && this.#talking.has(stranger) ? null : stranger
  }

  /** Null when there are too many. */
  #admit(key: string, now: MonoMs): Monitor | null {
    if (this.#monitors.size >= linkLimits.announcedMonitorsMax) {
      for (const [other, { device, heardAt }] of this.#monitors) {
        if (device === null && now - heardAt > linkLimits.announcedForgottenMs) this.#monitors.delete(other)
      }
    }
    const wasFull = this.#isFull
    this.#isFull = this.#monitors.size >= linkLimits.announcedMonitorsMax
    if (this.#isFull) {
      const { id, log } = this.#setting
      if (!wasFull) log.warn({ link: id, monitors: this.#monitors.size }, 'Too many monitors announce themselves: those that came late are not called.')
      return null
    }
    const monitor: Monitor = { heardAt: now, device: null, endedAt: null, twinSince: null }
    this.#monitors.set(key, monitor)
    return monitor
  }
}
