/** The monitor sends the list of what is active now; what began, changed and ended is told from it. */

import { type AlarmInactivation, type DeviceAlarm, type WallMs, driverLimits, flagBit, flagsOf, metricOfCode } from '#driver'
import { WAVES, named } from './codes.ts'
import { textAt } from './values.ts'

/** Bits of an alarm's state, and of the device's as a whole. */
const STATE = { off: 0x8000, paused: 0x4000, latched: 0x2000, silenced: 0x1000, test: 0x0400, demo: 0x0100, fresh: 0x0008 } as const
const TEXT_FOLLOWS = 0x0204
/** Source, code, type, state, object, kind of text, length of what follows. */
const ENTRY_BYTES = 18
const PRIORITY_BITS: readonly (readonly [bits: number, priority: DeviceAlarm['priority']])[] = [[0x0404, 'high'], [0x0202, 'medium'], [0x0101, 'low']]
const RANK: readonly DeviceAlarm['priority'][] = ['none', 'low', 'medium', 'high']

export type AlarmList = 'patient' | 'technical'
type Said = Omit<DeviceAlarm, 'phase' | 'deviceAt'>
/** `marks`: flags that hold for everything the monitor says now. */
export type AlarmContext = { readonly at: WallMs | null; readonly marks: number }

export class AlarmBook {
  readonly #active: Record<AlarmList, ReadonlyMap<string, Said>> = { patient: new Map(), technical: new Map() }
  /** The device's own state: all alarms off or paused. */
  #device = 0

  /** What holds for all alarms, as the monitor says before each list. */
  condition(state: number): void {
    this.#device = state
  }

  /** Whether all alarms are off or paused; null of a demonstration or a test, which is nobody's alarm. */
  get quiet(): readonly AlarmInactivation[] | null {
    return (this.#device & (STATE.demo | STATE.test)) === 0 ? inactivationOf(this.#device & (STATE.off | STATE.paused)) : null
  }

  /** A list as it is now: what that means for each alarm, or what is wrong with it. `at` lies on its count. */
  take(view: DataView, list: AlarmList, span: { readonly at: number; readonly end: number }, context: AlarmContext): readonly DeviceAlarm[] | string {
    const now = this.#read(view, span, context.marks)
    if (typeof now === 'string') return now
    const before = this.#active[list]
    this.#active[list] = now
    const told: DeviceAlarm[] = []
    for (const [id, said] of now) {
      const phase = phaseOf(before.get(id), said)
      if (phase !== null) told.push({ ...said, phase, deviceAt: context.at })
    }
    for (const [id, said] of before) if (!now.has(id)) told.push({ ...said, phase: 'end', state: 'inactive', deviceAt: context.at })
    return told
  }

  #read(view: DataView, { at, end }: { readonly at: number; readonly end: number }, marks: number): ReadonlyMap<string, Said> | string {
    const count = view.getUint16(at)
    const now = new Map<string, Said>()
    let next = at + 4
    for (let index = 0; index < count; index++) {
      const length = next + ENTRY_BYTES <= end ? view.getUint16(next + 16) : -1
      if (length < 0 || next + ENTRY_BYTES + length > end) return 'an alarm list that is cut off'
      const said = entryAt(view, next, { length, device: this.#device, marks })
      if (said !== null && now.size < driverLimits.intellivueAlarmsMax && !now.has(said.id)) now.set(said.id, said)
      next += ENTRY_BYTES + length
    }
    return now
  }
}

type Entry = { readonly length: number; readonly device: number; readonly marks: number }

/** Null for an entry that is no alarm. */
function entryAt(view: DataView, at: number, { length, device, marks }: Entry): Said | null {
  const source = view.getUint16(at)
  const code = view.getUint16(at + 2)
  const type = view.getUint16(at + 4)
  const state = view.getUint16(at + 6)
  const priority = PRIORITY_BITS.find(([bits]) => (type & bits) !== 0)?.[1]
  if (priority === undefined) return null
  const inactive = (state | (device & (STATE.off | STATE.paused))) & (STATE.off | STATE.paused | STATE.silenced)
  const demo = ((state | device) & STATE.demo) === 0 ? 0 : flagBit('demo')
  const test = ((state | device) & STATE.test) === 0 ? 0 : flagBit('test')
  const hasText = view.getUint16(at + 14) === TEXT_FOLLOWS && length >= 12
  return {
    id: `${source}-${code}-${view.getUint16(at + 10)}-${view.getUint16(at + 12)}`,
    code: `philips:${code}`,
    text: hasText ? textAt(view, at + ENTRY_BYTES + 12, Math.min(view.getUint16(at + ENTRY_BYTES + 10), length - 12)) : '',
    source: sourceOf(source, code),
    priority,
    type: (type & 0x0700) === 0 ? 'technical' : 'physiological',
    state: (state & STATE.latched) === 0 ? 'active' : 'latched',
    inactivation: inactivationOf(inactive),
    flags: flagsOf(marks | demo | test),
  }
}

/** An odd code has a source among objects (a module, the system), an even one among measurements. */
function sourceOf(source: number, code: number): string {
  if (code % 2 === 1) return named(source)
  return metricOfCode(0x2_0000 + source)?.id ?? WAVES.get(source) ?? named(source)
}

/** Switched off, paused for some minutes, silenced: the Silence key at the bedside ends the sound of what is there, and acknowledges it. */
function inactivationOf(bits: number): readonly AlarmInactivation[] {
  const found: AlarmInactivation[] = []
  if ((bits & STATE.silenced) !== 0) found.push('audio-off')
  if ((bits & STATE.paused) !== 0) found.push('alarm-paused')
  if ((bits & STATE.off) !== 0) found.push('alarm-off')
  if ((bits & STATE.silenced) !== 0) found.push('alert-acknowledged')
  return found
}

/** Null: nothing about it has changed. */
function phaseOf(before: Said | undefined, now: Said): DeviceAlarm['phase'] | null {
  if (before === undefined) return 'start'
  const rise = RANK.indexOf(now.priority) - RANK.indexOf(before.priority)
  if (rise !== 0) return rise > 0 ? 'escalate' : 'deescalate'
  const same = before.text === now.text && before.state === now.state && before.flags === now.flags && before.inactivation.join() === now.inactivation.join()
  return same ? null : 'update'
}
