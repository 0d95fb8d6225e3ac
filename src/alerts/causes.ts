/**
 * Which open alerts a nurse sees as one row. A fold over the open alerts alone, so that it is the same after a restart, in
 * whatever order they came. Pure.
 *
 * - The monitor's own alarm and ours about the same variable and side share a row.
 * - A device that is silent carries what its silence brings: values that no longer come, its own technical alarms. What was
 *   last known of the patient, from that device, speaks in that row, with its own priority.
 * - A hub by way of which many beds speak, silent as a whole, carries the silence of each of them, where nothing else speaks in that row.
 * - A sensor that came off carries, of the same device, all else that hangs on it: leads off the breaths that are counted
 *   through them, probe off the pulse.
 * - Limits of one patient, and the scores that count what they say, share a row: a patient who gets worse is one thing.
 *
 * What is measured and stands active is never carried, and never stands under a technical head.
 */

import { type Alert, isLost, rankOf } from '../domain/alert.ts'
import { isSilencedThere, type Row, voicesOf } from '../domain/alert-row.ts'
import type { AlertId } from '../domain/ids.ts'
import type { Variable } from '../domain/metrics.ts'
import type { WallMs } from '../domain/time.ts'
import { alertLimits } from '../limits.ts'
import { NEWS2_CONDITION } from '../rules/news2.ts'
import { PEWS_CONDITION } from '../rules/pews.ts'
import { SEPSIS_CONDITION } from '../rules/sepsis.ts'
import { SILENCE_CONDITION } from '../rules/silence.ts'
import { aboutOf, devicesOf, isOfMonitor, limitOf, namesSensor, sensorKeyOf } from './about.ts'

/** Gravest first; of equals what goes on, then the oldest. */
const byWeight = (one: Alert, other: Alert): number =>
  rankOf(other.priority) - rankOf(one.priority) ||
  Number(one.state === 'latched') - Number(other.state === 'latched') ||
  one.startedAt - other.startedAt ||
  (one.id < other.id ? -1 : 1)

const isSilence = ({ condition, state, device }: Alert): boolean => condition === SILENCE_CONDITION && state === 'active' && device !== null

/** Before the sender by way of which the devices come that an alert of the ward names: all of them are silent. */
export const HUB_CONDITION = 'silence/hub/'
export const isOfHub = ({ condition }: Pick<Alert, 'condition'>): boolean => condition.startsWith(HUB_CONDITION)

/** What is true of the patient now, as far as is known: latched is over, and what is lost is no more than the last that was known. */
const isOfPatient = ({ type }: Alert): boolean => type === 'physiological'
const isLastKnown = (alert: Alert): boolean => isOfPatient(alert) && alert.state === 'active' && (isLost(alert) || isOfMonitor(alert))

/** What is graver than all that speak speaks too: a consequence that got worse is never hidden in its cause. */
function rowOf(head: Alert, others: readonly Alert[], consequences: readonly Alert[]): Row<Alert> {
  const rank = Math.max(...[head, ...others].map(({ priority }) => rankOf(priority)))
  const graver = consequences.filter(({ priority }) => rankOf(priority) > rank)
  return { head, others: [...others, ...graver].toSorted(byWeight), carried: consequences.filter((alert) => !graver.includes(alert)).toSorted(byWeight) }
}

/** Those that say the same; a group is one where a monitor and we both speak. */
function sharedRows(alerts: readonly Alert[]): readonly Row<Alert>[] {
  const same = Map.groupBy(alerts, (alert) => {
    const about = aboutOf(alert)
    return about === null ? '' : `${about.variable} ${about.side}`
  })
  same.delete('')
  return [...same.values()].filter((group) => group.some(isOfMonitor) && !group.every(isOfMonitor)).flatMap((group) => {
    const [head, ...others] = group.toSorted(byWeight)
    return head === undefined ? [] : [{ head, others, carried: [] }]
  })
}

/** The silence that an alert comes of. `silent`: by device. */
function silenceOf(alert: Alert, silent: ReadonlyMap<string, Alert>): Alert | null {
  const silences = devicesOf(alert).map((device) => silent.get(device) ?? null)
  const [first = null] = silences
  if (isSilence(alert) || silences.includes(null)) return null
  if (isOfPatient(alert)) return isLastKnown(alert) ? first : null
  return isOfMonitor(alert) || alert.because.sensors !== undefined ? first : null
}

function silenceRows(silences: readonly Alert[], under: ReadonlyMap<Alert, Alert>): readonly Row<Alert>[] {
  return silences.map((head) => {
    const its = [...under].filter(([, silence]) => silence === head).map(([alert]) => alert)
    return rowOf(head, its.filter(isOfPatient), its.filter((alert) => !isOfPatient(alert)))
  })
}

/** What hangs on one sensor. Without a technical alert among them there is no cause, and each stands alone. */
function sensorRows(alerts: readonly Alert[]): readonly Row<Alert>[] {
  const ofSensor = Map.groupBy(alerts.filter((alert) => !isOfPatient(alert) || (isLost(alert) && isLastKnown(alert))), (alert) => sensorKeyOf(alert) ?? '')
  ofSensor.delete('')
  return [...ofSensor].flatMap(([key, group]) => {
    const technical = group.filter((alert) => !isOfPatient(alert)).toSorted(byWeight)
    const naming = technical.filter((alert) => namesSensor(alert, key))
    const [head] = naming.length > 0 ? naming : technical
    if (head === undefined || group.length < 2) return []
    const same = naming.filter((alert) => alert !== head)
    return [rowOf(head, [...same, ...group.filter(isOfPatient)], technical.filter((alert) => alert !== head && !same.includes(alert)))]
  })
}

function rowsOfBed(alerts: readonly Alert[]): readonly Row<Alert>[] {
  const silences = alerts.filter(isSilence).toSorted(byWeight)
  const silent = new Map(silences.map((alert): [string, Alert] => [alert.device ?? '', alert]))
  const under = new Map(alerts.flatMap((alert): [Alert, Alert][] => {
    const silence = silent.size === 0 ? null : silenceOf(alert, silent)
    return silence === null ? [] : [[alert, silence]]
  }))
  const shared = sharedRows(alerts).filter(({ head, others }) => ![head, ...others].every((alert) => under.has(alert)))
  for (const { head, others } of shared) for (const alert of [head, ...others]) under.delete(alert)
  const placed = new Set([...shared.flatMap(({ head, others }) => [head, ...others]), ...under.keys(), ...silences])
  const left = alerts.filter((alert) => !placed.has(alert))
  const sensors = sensorRows(left)
  for (const { head, others, carried } of sensors) for (const alert of [head, ...others, ...carried]) placed.add(alert)
  const alone = left.filter((alert) => !placed.has(alert)).map((head): Row<Alert> => ({ head, others: [], carried: [] }))
  return [...shared, ...silenceRows(silences, under), ...sensors, ...alone]
}

/** Under their hub, the beds of which nothing else is said than that they are silent. A last word on a patient is never carried. */
function underHubs(hubs: readonly Alert[], rows: readonly Row<Alert>[]): readonly Row<Alert>[] {
  const hubOf = ({ head, others }: Row<Alert>): Alert | undefined =>
    others.length > 0 || !isSilence(head) ? undefined : hubs.find((hub) => devicesOf(hub).includes(head.device ?? '') && rankOf(hub.priority) >= rankOf(head.priority))
  const its = Map.groupBy(rows, hubOf)
  const carriedBy = (hub: Alert): readonly Alert[] => (its.get(hub) ?? []).flatMap(({ head, carried }) => [head, ...carried]).toSorted(byWeight)
  return [...hubs.map((head): Row<Alert> => ({ head, others: [], carried: carriedBy(head) })), ...(its.get(undefined) ?? [])]
}

/**
 * By what they come of: whoever is called about one of a row need not be called about the others. Every alert stands in exactly one;
 * those of no bed stand alone, but for a hub, which has beds under it. Rows of one bed need its alerts and those of hubs.
 */
export function causeRowsOf(alerts: Iterable<Alert>): readonly Row<Alert>[] {
  const byBed = Map.groupBy(alerts, ({ bed }) => bed)
  const ofWard = byBed.get(null) ?? []
  const hubs = ofWard.filter((alert) => isOfHub(alert) && alert.state === 'active')
  const alone = ofWard.filter((alert) => !hubs.includes(alert)).map((head): Row<Alert> => ({ head, others: [], carried: [] }))
  return [...alone, ...underHubs(hubs, [...byBed].flatMap(([bed, its]) => (bed === null ? [] : rowsOfBed(its))))]
}

/** What scores count. No beat, no breath and values beyond all belief are graver than any score, and stand alone. */
const COUNTED: ReadonlySet<Variable> = new Set(['hr', 'spo2', 'rr', 'sbp', 'map', 'temperature'])
const isScore = ({ condition }: Alert): boolean => condition === NEWS2_CONDITION || condition === PEWS_CONDITION || condition === SEPSIS_CONDITION
const isCounted = ({ condition }: Alert): boolean => COUNTED.has(limitOf(condition)?.variable ?? 'etco2')

/** Of equals first what nobody has acknowledged: what is new is not to stand behind what is known. */
const byNews = (one: Alert, other: Alert): number =>
  rankOf(other.priority) - rankOf(one.priority) || Number(one.acknowledged !== null) - Number(other.acknowledged !== null) || byWeight(one, other)

/** Rows of a patient who gets worse, made one. What was silenced at the bedside stands apart: it quiets its own row, and not the patient. */
function asOnePatient(rows: readonly Row<Alert>[]): readonly Row<Alert>[] {
  const joins = (row: Row<Alert>): boolean => row.head.type === 'physiological' && voicesOf(row).some((alert) => isScore(alert) || isCounted(alert)) && !voicesOf(row).some(isSilencedThere)
  const joined = rows.filter(joins)
  if (joined.length < 2) return rows
  const [head, ...others] = joined.flatMap(voicesOf).toSorted(byNews)
  if (head === undefined) return rows
  return [{ head, others, carried: joined.flatMap(({ carried }) => carried) }, ...rows.filter((row) => !joins(row))]
}

/** As screens show them: what is wrong with one patient is one row, though each of it is called out by itself. */
export const rowsOf = (alerts: Iterable<Alert>): readonly Row<Alert>[] =>
  [...Map.groupBy(causeRowsOf(alerts), ({ head }) => head.bed)].flatMap(([bed, rows]) => (bed === null ? rows : asOnePatient(rows)))

/** Where an alert stands that heads no row. */
export type Place = { readonly of: AlertId; readonly as: 'with' | 'carried' }

export const placesOf = (rows: readonly Row<Alert>[]): ReadonlyMap<AlertId, Place> =>
  new Map(rows.flatMap(({ head, others, carried }) => [
    ...others.map(({ id }): [AlertId, Place] => [id, { of: head.id, as: 'with' }]),
    ...carried.map(({ id }): [AlertId, Place] => [id, { of: head.id, as: 'carried' }]),
  ]))

const isAsLoud = (one: Alert, other: Alert): boolean => rankOf(one.priority) >= rankOf(other.priority)
const isCalling = ({ state, acknowledged }: Alert): boolean => state === 'active' && acknowledged === null

/**
 * Alerts for which nobody need be called on their own, and who in their row calls at least as loud. What speaks for itself is
 * heard beside a head that is over or that somebody has acknowledged; what is carried is silent there too.
 */
export const coveredOf = (rows: readonly Row<Alert>[]): ReadonlyMap<AlertId, readonly Alert[]> =>
  new Map(rows.flatMap(({ head, others, carried }) => [
    ...others.filter((other) => isCalling(head) && isAsLoud(head, other)).map(({ id }): [AlertId, readonly Alert[]] => [id, [head]]),
    ...carried.map((one): [AlertId, readonly Alert[]] => [one.id, [head, ...others].filter((voice) => isAsLoud(voice, one))]),
  ]))

/**
 * What one tap on an alert at this time is for: all that speak in its row, or, of what is carried, that one alone. What came
 * into the row while the finger was on its way is not meant.
 */
export function spokenWith(alerts: Iterable<Alert>, id: AlertId, at: WallMs): readonly AlertId[] {
  const all = [...alerts]
  const tapped = all.find((alert) => alert.id === id)
  const row = rowsOf(all.filter(({ bed }) => bed === (tapped?.bed ?? null))).find((one) => voicesOf(one).some((voice) => voice.id === id))
  if (tapped === undefined || row === undefined) return [id]
  const isUnseen = ({ startedAt }: Alert): boolean => startedAt > tapped.startedAt && Math.abs(at - startedAt) < alertLimits.tapAimMs
  return voicesOf(row).filter((voice) => !isUnseen(voice)).map((voice) => voice.id)
}
