/** Whether this box knows the time. Nothing leaves before it does (domain/boot-time.ts). */

import { existsSync, readFileSync } from 'node:fs'
import { BOOT_KEY, type BootTime, beginBoot, lostBoot, parseBoot, toldBoot } from '../domain/boot-time.ts'
import type { WallMs } from '../domain/time.ts'
import { clockLimits } from '../limits.ts'
import type { Standing } from '../seams.ts'

export type BootSource = {
  readonly bootId: string
  uptimeMs(): number
  /** Whether the wall clock is to be believed. */
  isSet(wall: WallMs): boolean
}

/** No release of Vigil is older: a wall clock before this was not set. */
export const BUILT_AT = Date.UTC(2026, 0, 1)
export const RTC = ['/dev/rtc', '/dev/rtc0']
/** systemd-timesyncd(8): the second is there once the clock was synchronised in this boot. */
const TIMESYNC = '/run/systemd/timesync'
export const SYNCHRONIZED = '/run/systemd/timesync/synchronized'

/** Where there is a battery clock, or nobody who would tell whether the time was told, the clock is believed once it is later than Vigil itself. */
export function bootSource(exists: (path: string) => boolean = existsSync, read: (path: string) => string = (path) => readFileSync(path, 'utf8')): BootSource {
  const readOr = (path: string, or: string): string => {
    try {
      return read(path).trim()
    } catch {
      return or
    }
  }
  return {
    bootId: readOr('/proc/sys/kernel/random/boot_id', 'unknown'),
    uptimeMs: () => Number(readOr('/proc/uptime', '0').split(' ')[0] ?? 0) * 1_000,
    isSet: (wall) => wall >= BUILT_AT && (RTC.some(exists) || !exists(TIMESYNC) || exists(SYNCHRONIZED)),
  }
}

type Parts = {
  readonly source: BootSource
  readonly wall: () => WallMs
  /** Whether it is on disk. */
  readonly write: (standing: Standing) => Promise<boolean>
}

export class BootClock {
  readonly #parts: Parts
  #boot: BootTime | null = null
  #isTelling = false
  #settled: Promise<unknown> = Promise.resolve()

  /** `lastSeq`: of the rows that were there before. */
  constructor(parts: Parts & { readonly restored: readonly Standing[]; readonly lastSeq: number }) {
    const { source, wall, restored, lastSeq } = parts
    this.#parts = parts
    const known = restored.flatMap(({ key, value }) => {
      const boot = key.startsWith(BOOT_KEY) ? parseBoot(value) : null
      return boot === null || boot.isOver ? [] : [boot]
    })
    for (const boot of known) if (boot.bootId !== source.bootId) void this.#put(lostBoot(boot, lastSeq))
    this.#boot = known.find(({ bootId }) => bootId === source.bootId) ?? null
    if (this.#boot !== null || source.isSet(wall())) return
    this.#boot = beginBoot(source.bootId, lastSeq + 1, this.#moment())
    void this.#put(this.#boot)
  }

  /** null: the time is known; else a sentence. */
  get trouble(): string | null {
    return this.#boot === null ? null : 'This box was not told the time since it started: readings are watched and kept, nothing leaves before it is. Check its network time'
  }

  /** Whether the time is known by now: then what is known of before is stored, and true is answered once. `lastSeq`: of the rows stored so far. */
  async tick(lastSeq: number): Promise<boolean> {
    const { source, wall } = this.#parts
    if (this.#boot === null || this.#isTelling || !source.isSet(wall())) return false
    const told = toldBoot(this.#boot, this.#moment(), lastSeq)
    this.#isTelling = true
    // Less than this was right all along.
    const isStored = await this.#put(Math.abs(told.byMs ?? 0) < clockLimits.stepMs ? { ...told, byMs: 0 } : told)
    this.#isTelling = false
    if (isStored) this.#boot = null
    return isStored
  }

  /** What the start had to write is on disk, or is not going to be. */
  async settled(): Promise<void> {
    await this.#settled
  }

  /** The database was begun anew. */
  retell(): void {
    if (this.#boot !== null) void this.#put(this.#boot)
  }

  #moment() {
    return { wall: this.#parts.wall(), uptimeMs: this.#parts.source.uptimeMs() }
  }

  #put(boot: BootTime): Promise<boolean> {
    // One at a time; those of before are there under their first number.
    const written = this.#parts.write({ key: `${BOOT_KEY}${boot.fromSeq}`, at: boot.from, value: boot })
    this.#settled = Promise.all([this.#settled, written])
    return written
  }
}
