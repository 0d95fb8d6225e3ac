/** What the screens see of beds, devices and alerts. Pure. */

import type { BedNurse } from '../api/shift-wire.ts'
import type { AlertView, BedView, DeviceView, ScoreView, ValueView } from '../api/wire.ts'
import { type Alert, rankOf } from '../domain/alert.ts'
import type { Standing } from '../domain/association.ts'
import type { Place } from '../alerts/causes.ts'
import type { Pending } from '../alerts/lifecycle.ts'
import type { AlertId } from '../domain/ids.ts'
import { viewLimits } from '../limits.ts'
import { contextOf, effectiveContext } from '../rules/context.ts'
import { offsetWords } from '../rules/device-clock.ts'
import { type Bed, type Latest, freshContext, keyOf } from './beds.ts'
import type { DeviceTimeView } from './clock-doctor.ts'
import type { Device } from './devices.ts'
import { goalView, type Marked, markView } from './house-view.ts'
import { observedView } from './stay-ward.ts'
import type { Now } from './watch.ts'
import type { Waves } from './waves.ts'

function valueView({ observation }: Latest): ValueView {
  const { metric, measurement, flags, correctedAt } = observation
  const age = flags.includes('episodic') || metric.kind === 'episodic' ? viewLimits.episodic : viewLimits.periodic
  return {
    metric: metric.id,
    key: keyOf(observation),
    label: metric.label,
    unit: metric.unit,
    decimals: metric.decimals,
    value: measurement,
    at: correctedAt,
    ...age,
    questionable: flags.includes('questionable') || flags.includes('low-signal'),
  }
}

export function deviceView(device: Device, waves: Waves, now: Now, clock: DeviceTimeView | null = null): DeviceView {
  const { id, driver, bed, lastFrameAt, link, counts, silenceMs, unknown } = device
  const silent = lastFrameAt !== null && silenceMs > 0 && now.at - lastFrameAt.at >= silenceMs
  const state = link.kind === 'down' ? 'down' : lastFrameAt === null ? 'never' : silent ? 'silent' : 'live'
  const notes = [
    ...(unknown ? ['Not in the configuration: add it under "devices" and bind it to a bed.'] : []),
    ...(!unknown && bed === null ? ['Bound to no bed: its values belong to nobody.'] : []),
    ...(silenceMs === 0 ? ['Comes and goes: its silence is no alert.'] : []),
    ...(state === 'never' && silenceMs > 0 ? ['Nothing heard since start: check cable, speed, address and the monitor’s export setting.'] : []),
    ...(link.kind === 'down' ? [`Connection lost: ${link.why}.`] : []),
    ...(state === 'silent' ? ['Connected, but silent.'] : []),
    ...(device.clock?.isWrong === true ? [`Its clock is ${offsetWords(device.clock.offsetMs)}: set it at the monitor.`] : []),
    ...(counts.quarantined > 0 ? ['Some frames were not believed: see the quarantine.'] : []),
  ]
  return { id, driver, bed, link: state, lastFrameAt: lastFrameAt?.wall ?? null, frames: { ...counts }, waves: waves.kept(id, now.wall), note: notes.join(' '), clock }
}

/** `devices`: those that stand at this bed. `standing`: of who lies there, as the ledger has it. */
export function bedView(bed: Bed, of: { readonly devices: readonly Device[]; readonly standing: Standing | null; readonly waves: Waves; readonly news2: ScoreView | null; readonly pews: ScoreView | null; readonly nurse?: BedNurse | null; readonly mark?: Marked | null; readonly pending?: readonly Pending[]; readonly now: Now }): BedView {
  const identity = bed.stay?.identity ?? null
  return {
    id: bed.id,
    label: bed.label,
    stay: bed.stay?.id ?? null,
    patient: { name: identity?.name ?? null, mrn: identity?.mrn ?? null, identified: identity ? (of.standing ?? 'asserted') : 'none' },
    devices: of.devices.map((device) => deviceView(device, of.waves, of.now)),
    values: [...bed.latest.values()].map(valueView),
    news2: of.news2,
    pews: of.pews,
    ...(of.pending && of.pending.length > 0 ? { pending: of.pending.map(({ id, text, priority, onsetAt, dueAt }) => ({ id, text, priority, onsetAt, dueAt })) } : {}),
    observed: bed.stay === null ? null : observedView(bed.stay.context),
    ...(of.nurse ? { nurse: of.nurse } : {}),
    ...(of.mark ? { mark: markView(of.mark) } : {}),
    ...(bed.stay?.context.goal ? { goal: goalView(bed.stay.context.goal, of.now.wall) } : {}),
    context: contextView(bed, of.now),
  }
}

/** What holds now; sets of vital signs are shown apart. */
function contextView({ stay, population }: Bed, { wall }: Now): BedView['context'] {
  if (stay === null) return freshContext(population)
  const { observations: _sets, away: _away, goal: _goal, ...context } = effectiveContext(contextOf(stay, wall), wall).context
  return context
}

export const alertView = (alert: Alert, of: { readonly unsaved: ReadonlySet<AlertId>; readonly labelOf: (alert: Alert) => string | null; readonly place: Place | null }): AlertView => ({
  ...alert,
  saved: !of.unsaved.has(alert.id),
  bedLabel: of.labelOf(alert),
  ...(of.place === null ? {} : { inRow: of.place }),
})

/** Highest priority first, then oldest; latched after active. */
export const byUrgency = (a: Alert, b: Alert): number =>
  rankOf(b.priority) - rankOf(a.priority) || Number(a.state === 'latched') - Number(b.state === 'latched') || a.startedAt - b.startedAt
