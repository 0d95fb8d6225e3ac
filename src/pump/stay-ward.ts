/** What screens are shown of one stay beside its values, and what they may ask to be changed: sets of vital signs, and limits. */

import type { LimitChange, LimitRequest, StayWard } from '../api/stay-ward.ts'
import type { LimitsView, LimitView, ObservedView } from '../api/stay-wire.ts'
import type { TrendView } from '../api/wire.ts'
import { OBSERVED_METRICS, OBSERVED_NAMES } from '../domain/confirmed.ts'
import type { BedId, StayId } from '../domain/ids.ts'
import { METRICS, type Variable, VARIABLES, metricOfId, within } from '../domain/metrics.ts'
import { LIMIT_SIDES, type StayLimit } from '../domain/stay-limit.ts'
import { monoMs, wallMs } from '../domain/time.ts'
import { observationLimits } from '../limits.ts'
import { contextOf, effectiveContext } from '../rules/context.ts'
import { envelopeOf, signatureBelow } from '../rules/envelope.ts'
import type { Frozen } from '../rules/freeze.ts'
import type { LimitProfile, Profiles } from '../rules/profile.ts'
import { type PastValue, proposeLimits } from '../rules/propose.ts'
import { stayLimitProblems, withLimit, withStayLimits, withWardLimit } from '../rules/stay-limits.ts'
import { unitWord } from '../rules/words.ts'
import type { StayContext, StayRecord } from '../seams.ts'
import type { Bed } from './beds.ts'
import type { Pump } from './pump.ts'
import { standingSet } from './stay-hands.ts'
import type { Now } from './watch.ts'

export type StayWardParts<State> = {
  readonly pump: Pick<Pump<State>, 'beds' | 'now' | 'watch' | 'observe' | 'takeBack'>
  readonly frozenOf: (state: State, now: Now) => readonly Frozen[]
  /** `acting`: without the drafts that do not act. */
  readonly profiles: { readonly all: Profiles; readonly acting: Profiles }
  readonly trend: (bed: BedId, hours: number) => Promise<TrendView>
}

const HOUR_MS = 3_600_000

export function stayWard<State>({ pump, frozenOf, profiles, trend }: StayWardParts<State>): StayWard {
  const heldBy = (id: StayId): { readonly bed: Bed; readonly stay: StayRecord } | null => {
    for (const bed of pump.beds.values()) if (bed.stay?.id === id) return { bed, stay: bed.stay }
    return null
  }
  /** What holds now. */
  const standing = (stay: StayRecord, { wall }: Now): StayContext => effectiveContext(contextOf(stay, wall), wall).context
  return {
    freeze(id) {
      const held = heldBy(id)
      if (!held) return null
      const now = pump.now()
      const state = pump.watch.stateOf(id)
      // A device's clock may say that a value was measured a moment after it came.
      const values = (state === undefined ? [] : frozenOf(state, now)).map((value) => ({ ...value, at: Math.min(value.at, now.wall) }))
      const missing = OBSERVED_NAMES.filter((name) => !values.some((value) => value.name === name))
      return { at: now.wall, values, missing, spo2Scale: standing(held.stay, now).spo2Scale, ranges: RANGES }
    },
    observe: (id, request, by) => pump.observe(id, request, by),
    takeBack: (id, confirmedAt, by) => pump.takeBack(id, confirmedAt, by),
    async limits(id) {
      const held = heldBy(id)
      if (!held) return null
      const { series } = await trend(held.bed.id, 1)
      const now = pump.now()
      const context = standing(held.stay, now)
      const acting = withStayLimits(profiles.acting[context.population], context.limits)
      return limitsView(context, { all: profiles.all[context.population], acting: profiles.acting[context.population] }, proposeLimits(acting, lastHour(series, now), now.at))
    },
    limitChange(id, request, by) {
      const held = heldBy(id)
      if (!held) return { kind: 'unknown' }
      const now = pump.now()
      const context = standing(held.stay, now)
      return judged(profiles.acting[context.population], context, { request, by, now })
    },
    wardLimitChange(id, variable, side): LimitChange {
      const held = heldBy(id)
      return held ? { kind: 'change', change: { limits: withWardLimit(standing(held.stay, pump.now()), variable, side).limits ?? [] } } : { kind: 'unknown' }
    },
  }
}

/** The newest confirmed set, as the screen shows it. */
export function observedView(context: StayContext): ObservedView | null {
  const newest = standingSet(context)
  if (newest === null) return null
  const { set: { takenAt, by, measuredAt: _at, isTakenBack: _back, ...values }, confirmedAt, news2, corrected } = newest
  return { takenAt, confirmedAt, by, values, ...news2, corrected, takeBackUntil: confirmedAt + observationLimits.takeBackMs }
}

const rangeOf = (name: (typeof OBSERVED_NAMES)[number]) => {
  const { scored: { low, high }, decimals, unit } = OBSERVED_METRICS[name]
  return { low, high, decimals, unit: unitWord(unit) }
}
const RANGES = { rr: rangeOf('rr'), spo2: rangeOf('spo2'), sbp: rangeOf('sbp'), pulse: rangeOf('pulse'), temperature: rangeOf('temperature') }

function judged(ward: LimitProfile, context: StayContext, { request, by, now }: { readonly request: LimitRequest; readonly by: string; readonly now: Now }): LimitChange {
  const { hours, signedBy, ...asked } = request
  const limit: StayLimit = { ...asked, by, at: now.wall, until: hours === null ? null : wallMs(now.wall + hours * HOUR_MS), ...(signedBy === undefined ? {} : { signedBy }) }
  const below = signatureBelow(ward.population, limit.variable, limit.side)
  const problems = [
    ...stayLimitProblems(ward, context, limit),
    ...(below !== null && limit.beyond < below && signedBy === undefined ? [`${limit.variable}: a limit below ${below} needs the name of the clinician who answers for it`] : []),
  ]
  if (problems.length > 0) return { kind: 'refused', why: problems.map((problem) => `${problem}.`).join(' ') }
  return { kind: 'change', change: { limits: withLimit(context, limit).limits ?? [] } }
}

const UNIT_OF: ReadonlyMap<Variable, string> = new Map(METRICS.toReversed().flatMap(({ variable, unit }) => (variable === null ? [] : [[variable.name, unitWord(unit)]])))

function limitsView({ population, limits = [] }: StayContext, { all, acting }: { readonly all: LimitProfile; readonly acting: LimitProfile }, proposals: LimitsView['proposals']): LimitsView {
  const { name, setBy, signedBy } = all
  const rows = VARIABLES.flatMap((variable) => LIMIT_SIDES.flatMap((side): LimitView[] => {
    const envelope = envelopeOf(population, variable, side)
    if (envelope === null) return []
    const ward = all.variables[variable]?.[side][0]
    return [{
      variable, side, unit: UNIT_OF.get(variable) ?? '', ...envelope, signedBelow: signatureBelow(population, variable, side),
      ward: ward === undefined ? null : { beyond: ward.beyond, priority: ward.priority, delaySeconds: ward.delaySeconds },
      isDraft: ward !== undefined && acting.variables[variable] === undefined,
      stay: limits.findLast((limit) => limit.variable === variable && limit.side === side) ?? null,
    }]
  }))
  return { population, ward: { name, setBy, signedBy: signedBy ?? null }, limits: rows, proposals }
}

/** Plausible values by variable, of its best source that was heard; what a nurse entered is no habit. */
function lastHour(series: TrendView['series'], now: Now): { readonly [Name in Variable]?: readonly PastValue[] } {
  const heard: { [Name in Variable]?: readonly PastValue[] } = {}
  const ranks = new Map<Variable, number>()
  for (const { metric: id, t, v } of series) {
    const metric = metricOfId(id)
    if (!metric?.variable) continue
    const { name, rank } = metric.variable
    const past = v.flatMap((value, place): PastValue[] => {
      const at = t[place]
      return value === null || at === undefined || !within(metric.scored, value) ? [] : [{ value, at: monoMs(now.at - (now.wall - at)) }]
    })
    if (past.length === 0 || rank >= (ranks.get(name) ?? Infinity)) continue
    ranks.set(name, rank)
    heard[name] = past
  }
  return heard
}

