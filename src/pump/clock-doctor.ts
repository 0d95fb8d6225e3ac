/** What is known of each device's clock, over messages and restarts: of a backlog that a monitor kept while we were away, the times are right. */

import { type DeviceTime, type KnownTime, type TimeHeard, adopted, hearTime, knownOf, offsetAt } from '../rules/device-time.ts'
import type { DeviceId } from '../domain/ids.ts'
import type { Timing } from '../domain/observation.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { clockLimits } from '../limits.ts'
import { jumpWords, judgeClock } from '../rules/device-clock.ts'
import type { Standing } from '../seams.ts'
import type { Device } from './devices.ts'
import type { Now } from './watch.ts'

export type DeviceTimeView = {
  /** Ahead of ours; behind: below 0. In ms; true within ± `boundMs`. */
  readonly offsetMs: number
  readonly boundMs: number
  /** Ms in an hour, ahead; null before enough was heard. */
  readonly driftMsPerHour: number | null
  /** 1 from the first message on, and one more with each jump. */
  readonly epoch: number
  readonly lastStep: { readonly at: WallMs; readonly byMs: number } | null
}

/** For the log: its clock became wrong, or right again, or jumped. */
export type ClockNews = { readonly what: 'wrong' | 'right' | 'stepped'; readonly offsetMs: number }

export type HeardClock = {
  /** What is to be thought of the times in the message; not there where the device says none. */
  readonly timing?: Timing
  /** The clock jumped so far that people are told; in words. */
  readonly jump: string | null
  readonly news: readonly ClockNews[]
}

const SAID_NOTHING: HeardClock = { jump: null, news: [] }

export const CLOCK_KEY = 'clock/'

type Parts = { readonly restored: readonly Standing[]; readonly write: (standing: Standing) => void }

export class ClockDoctor {
  readonly #write: Parts['write']
  readonly #restored: ReadonlyMap<string, KnownTime>
  readonly #times = new Map<DeviceId, DeviceTime>()
  readonly #told = new Map<DeviceId, KnownTime>()

  constructor({ restored, write }: Parts) {
    this.#write = write
    this.#restored = new Map(restored.flatMap(({ key, value }) => {
      const known = key.startsWith(CLOCK_KEY) ? parseKnownTime(value) : null
      return known === null ? [] : [[key.slice(CLOCK_KEY.length), known] as const]
    }))
  }

  /** Hears what a device says of the time in a message: `said`, null where it says nothing. */
  hear(device: Device, { said, isSending, now }: Pick<TimeHeard, 'isSending'> & { readonly said: WallMs | null; readonly now: Now }): HeardClock {
    if (said === null) return SAID_NOTHING
    const known = this.#known(device.id, now)
    const { time, timing } = hearTime(known, { said, isSending, receivedAt: now.wall, at: now.at })
    this.#times.set(device.id, time)
    if (time.isSettled && !device.unknown) this.#tell(device.id, time, now)
    const news = judged(device, time, now)
    if (known === null || known.epoch === time.epoch || time.step === null) return { timing, jump: null, news }
    const words = jumpWords(time.step.byMs)
    // One that comes and goes (an analyser, spot checks) sends when it likes, and so does what it says of the time.
    const jump = words === null || device.silenceMs === 0 ? null : `Clock of ${device.id} ${words}`
    return { timing, jump, news: [...news, { what: 'stepped', offsetMs: Math.round(offsetAt(time, now)) }] }
  }

  view(device: DeviceId, now: Now): DeviceTimeView | null {
    const time = this.#known(device, now)
    if (!time?.isSettled) return null
    return viewOf(time, offsetAt(time, now))
  }

  /** The database was begun anew. */
  retell(): void {
    for (const [device, known] of new Map<string, KnownTime>([...this.#restored, ...this.#told])) this.#put(device, known)
  }

  #known(device: DeviceId, now: Now): DeviceTime | null {
    const time = this.#times.get(device)
    if (time) return time
    const before = this.#restored.get(device)
    return before ? adopted(before, now) : null
  }

  #tell(device: DeviceId, time: DeviceTime, now: Now): void {
    const told = this.#told.get(device) ?? this.#restored.get(device)
    if (told?.epoch === time.epoch) {
      const hasMoved = Math.abs(offsetAt(time, now) - told.offsetMs) >= clockLimits.tellChangeMs || (told.slope === null && time.slope !== null)
      if (!hasMoved || now.wall - told.at < clockLimits.tellMs) return
    }
    const known = knownOf(time, now)
    this.#told.set(device, known)
    this.#put(device, known)
  }

  #put(device: string, known: KnownTime): void {
    this.#write({ key: `${CLOCK_KEY}${device}`, at: known.at, value: known })
  }
}

function viewOf({ slope, epoch, step, spreadMs, isWhole }: Pick<DeviceTime, 'slope' | 'epoch' | 'step' | 'spreadMs' | 'isWhole'>, offsetMs: number): DeviceTimeView {
  const boundMs = Math.round(clockLimits.stepMs + spreadMs + (isWhole ? 1_000 : 0))
  return { offsetMs: Math.round(offsetMs), boundMs, driftMsPerHour: slope === null ? null : Math.round(slope * 3_600_000), epoch, lastStep: step }
}

/** As it stood when it was written down. */
export const knownView = (known: KnownTime): DeviceTimeView => viewOf(known, known.offsetMs)

const NO_NEWS: readonly ClockNews[] = []

/** Whether it is wrong: said of a clock that is known alone. */
function judged(device: Device, time: DeviceTime, now: Now): readonly ClockNews[] {
  if (!time.isSettled) return NO_NEWS
  const before = device.clock
  device.clock = judgeClock(before, Math.round(offsetAt(time, now)))
  const { isWrong, offsetMs } = device.clock
  return isWrong === (before?.isWrong ?? false) ? NO_NEWS : [{ what: isWrong ? 'wrong' : 'right', offsetMs }]
}

/** Total: what is damaged, or of another Vigil, is as if nobody had said it. */
export function parseKnownTime(value: unknown): KnownTime | null {
  if (!isRecord(value)) return null
  const { epoch, step, isWhole, slope, slopeDoubt, spreadMs, everyMs, offsetMs, at } = value
  if (!isNumber(epoch) || epoch < 1 || typeof isWhole !== 'boolean' || !isNumber(spreadMs) || spreadMs < 0 || !isNumber(offsetMs) || !isNumber(at)) return null
  if (!isNumber(everyMs) || everyMs < 0 || !isNumber(slopeDoubt) || slopeDoubt < 0 || slopeDoubt > clockLimits.slopeMax) return null
  if (slope !== null && !(isNumber(slope) && Math.abs(slope) <= clockLimits.slopeMax)) return null
  const last = isRecord(step) && isNumber(step['at']) && isNumber(step['byMs']) ? { at: wallMs(step['at']), byMs: step['byMs'] } : null
  return { epoch, step: last, isWhole, slope, slopeDoubt, spreadMs, everyMs, offsetMs, at: wallMs(at) }
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
