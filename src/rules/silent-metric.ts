/**
 * One metric of one device that stops coming although the device goes on: `silence/MDC_ECG_HEART_RATE`. Periodic values are
 * promised by the device's interval, single measurements only where its contract promises them. Low: while another sensor
 * still gives the variable nothing is unwatched, and where none does `technical` says so, louder.
 */

import { METRICS } from '../domain/metrics.ts'
import { ruleLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'
import { isLive, isSpeaking } from './technical.ts'
import { bestSource, LIVE, type Source } from './vitals.ts'
import { NO_SIGNALS, type View, type Watcher } from './watcher.ts'
import { inputOf, sensorOf, VARIABLE_WORDS } from './words.ts'

const ID = 'silence'
const VERSION = '1'
/** On top of the two intervals that a metric may miss. */
const DELAY_MS = 60_000

/** Conditions that are told. */
export type SilentMetricState = { readonly told: readonly string[] }

const conditionOf = ({ metric }: Source): string => `${ID}/${metric.id}`

function isSilent(source: Source, view: View): boolean {
  // One that said why it has no value, and then no more, has been told of.
  if (source.state.kind === 'absent') return false
  const { silentMs, episodic } = source.terms
  const silentForMs = view.at - source.heardAt - (silentMs ?? Infinity) - DELAY_MS
  // A sensor that was taken away on purpose is not missed for ever.
  if (silentForMs <= 0 || silentForMs > ruleLimits.silentMetricToldMs) return false
  return (episodic || isLive(view, source.variable)) && isSpeaking(source, view)
}

function presentSignal(source: Source, view: View): Signal {
  const { variable, label, device, good, episodic, terms } = source
  const minutes = Math.floor((view.at - source.heardAt) / 60_000)
  const other = bestSource(view, variable, LIVE)
  const goesOn = other === null || other.source.key === source.key ? '' : `; ${VARIABLE_WORDS[variable]} is read from ${other.source.label}`
  const promised = episodic && terms.silentMs !== null ? `, one every ${Math.round(terms.silentMs / 120_000)} min was agreed` : ''
  return {
    kind: 'present',
    condition: conditionOf(source),
    priority: 'low',
    type: 'technical',
    text: `${label} of ${device}: no value for ${minutes} min${promised}${goesOn}`,
    because: {
      rule: ID,
      version: VERSION,
      inputs: good === null ? [] : [{ ...inputOf(source, good), name: `last ${label}` }],
      limit: { text: `silent for two intervals and ${DELAY_MS / 1_000} s`, setBy: 'device settings' },
      missing: [label],
      sensors: [sensorOf(source)],
    },
  }
}

export const silentMetric: Watcher<SilentMetricState> = {
  id: 'silent-metric',
  version: VERSION,
  looks: 'as-time-passes',
  start: () => ({ told: [] }),

  step(state, view) {
    const silent = view.vitals.sources.filter((source) => isSilent(source, view))
    if (silent.length === 0 && state.told.length === 0) return { state, signals: NO_SIGNALS }
    const conditions = [...new Set(silent.map(conditionOf))]
    const news = conditions.filter((condition) => !state.told.includes(condition))
    const over = state.told.filter((condition) => !conditions.includes(condition))
    if (news.length === 0 && over.length === 0) return { state, signals: NO_SIGNALS }
    const present = news.flatMap((condition) => silent.filter((source) => conditionOf(source) === condition).slice(0, 1)).map((source) => presentSignal(source, view))
    return { state: { told: conditions }, signals: [...present, ...over.map((condition): Signal => ({ kind: 'cleared', condition }))] }
  },

  // The sensors of before a restart are not known yet: what is not silent any more ends with the first look.
  adopt: (_state, open) => ({ told: open.map(({ condition }) => condition).filter((condition) => METRICS.some(({ id }) => condition === `${ID}/${id}`)) }),
}
