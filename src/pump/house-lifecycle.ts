/**
 * The life cycle of alerts as the house has it: of a bed whose rules are suspended nothing begins, and in comfort care the
 * prompts of scores are shown and call nobody. Both end by themselves, and what stands then is said aloud again.
 */

import type { Lifecycle } from '../alerts/lifecycle.ts'
import type { Alert, AlertEvent, AlertSubject } from '../domain/alert.ts'
import { isPrompt } from '../domain/bed-state.ts'
import type { BedId, StayId } from '../domain/ids.ts'
import type { WallMs } from '../domain/time.ts'
import type { Signal } from '../seams.ts'

type Present = Extract<Signal, { kind: 'present' }>
type Kept = { readonly subject: AlertSubject; readonly prompts: Map<string, Present> }

export type HouseRule = {
  readonly isSuspended: (bed: BedId) => boolean
  readonly isQuiet: (stay: StayId, at: WallMs) => boolean
}

export type HouseLifecycle = Lifecycle & {
  /** The prompts of a stay as they stand, said again, because its goal reads otherwise now. */
  retemper(stay: StayId, at: WallMs): AlertEvent[]
}

const COMFORT_MARK = ' (comfort care: shown, calls nobody)'

/** An advisory is information (IHE SDC, priority None): no sound, no way out, nobody is called. */
const quietened = (signal: Present): Present => {
  const { again: _again, ...rest } = signal
  return { ...rest, priority: 'low', type: 'advisory', text: `${signal.text}${COMFORT_MARK}` }
}

/** As it was said before it was quietened; how grave that was a restart has forgotten, so that it calls. */
function saidBefore({ condition, priority, type, text, because }: Alert): Present {
  const isQuiet = type === 'advisory'
  const words = text.endsWith(COMFORT_MARK) ? text.slice(0, -COMFORT_MARK.length) : text
  return { kind: 'present', condition, priority: isQuiet ? 'medium' : priority, type: isQuiet ? 'physiological' : type, text: words, because }
}

/** Of the ward's own conditions, which are about a bed and neither about a stay nor a device, nothing is ever held back. */
const isOfBedAlone = ({ stay, device }: AlertSubject): boolean => stay === null && device === null

export function houseLifecycle(inner: Lifecycle, rule: HouseRule): HouseLifecycle {
  /** By stay: prompts that are present, as their rules say them. */
  const kept = new Map<StayId, Kept>()

  function keep(subject: AlertSubject, stay: StayId, signal: Signal): void {
    if (!isPrompt(signal.condition)) return
    const of = kept.get(stay) ?? { subject, prompts: new Map() }
    if (signal.kind === 'present') kept.set(stay, of)
    if (signal.kind === 'present') of.prompts.set(signal.condition, signal)
    else if (signal.kind === 'cleared') of.prompts.delete(signal.condition)
    if (of.prompts.size === 0) kept.delete(stay)
  }

  const tempered = (stay: StayId, signal: Signal, at: WallMs): Signal =>
    signal.kind === 'present' && isPrompt(signal.condition) && rule.isQuiet(stay, at) ? quietened(signal) : signal

  return {
    ...inner,
    signals(subject, signals, at) {
      const { bed, stay } = subject
      const isHeldBack = bed !== null && !isOfBedAlone(subject) && rule.isSuspended(bed)
      const heard = isHeldBack ? signals.filter(({ kind }) => kind !== 'present') : signals
      if (stay === null) return inner.signals(subject, heard, at)
      for (const signal of heard) keep(subject, stay, signal)
      return inner.signals(subject, heard.map((signal) => tempered(stay, signal, at)), at)
    },
    endOf(subject, at) {
      if ('stay' in subject) kept.delete(subject.stay)
      return inner.endOf(subject, at)
    },
    retemper(stay, at) {
      const of = kept.get(stay)
      const untold = [...inner.open.values()].filter((alert) => alert.stay === stay && alert.state === 'active' && isPrompt(alert.condition) && of?.prompts.has(alert.condition) !== true)
      const signals = [...(of?.prompts.values() ?? []), ...untold.map(saidBefore)]
      const subject = of?.subject ?? untold[0]
      if (subject === undefined) return []
      const { bed, device } = subject
      return inner.signals({ bed, stay, device }, signals.map((signal) => tempered(stay, signal, at)), at)
    },
  }
}
