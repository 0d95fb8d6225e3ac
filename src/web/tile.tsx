import type { AlertView, BedView, DeviceView } from '../api/wire.ts'
import { TileTrend } from './bed-trend.tsx'
import { BedMark } from './bed-mark.tsx'
import { Mark } from './mark.tsx'
import { EarlyWarning } from './news2.tsx'
import { highestOf, highestUnacknowledged, rowsIn } from './order.ts'
import { PatientLine } from './patient-line.tsx'
import { isMine, nurseText } from './shift.ts'
import { judgeValues, pressureSlot, type SlotName, slotValue } from './slots.ts'
import { useStation } from './station.ts'
import { PressureCell, ValueCell } from './value-cell.tsx'
import { bedText, linkText, pendingText, priorityText } from './words.ts'

type TileProps = { readonly bed: BedView; readonly alerts: readonly AlertView[]; readonly devices: readonly DeviceView[]; readonly first: boolean }

export function Tile({ bed, alerts, devices, first }: TileProps) {
  const { receiver, openBed, focusedBed, mine } = useStation()
  const moment = receiver.moment.value
  const judged = judgeValues(bed, receiver.ward.value?.firstSeen.get(bed.id), moment)
  const highest = highestOf(alerts)
  const cell = (slot: SlotName) => <ValueCell slot={slot} judged={slotValue(judged, slot)} alerts={alerts} />
  return (
    <li class="tile" data-bed={bed.id} data-priority={highest?.priority} data-acknowledged={highest !== null && highestUnacknowledged(alerts) === null}>
      <div class="tile-head">
        <button
          type="button"
          class="tile-open"
          tabIndex={focusedBed.value === bed.id || (focusedBed.value === null && first) ? 0 : -1}
          onClick={() => (openBed.value = bed.id)}
          onFocus={() => (focusedBed.value = bed.id)}
        >
          <span class="heard">Open </span>
          <span class="bed-label" data-long={bed.label.length > 5}>{bed.label}</span>
        </button>
        <PatientLine bed={bed} />
        {bed.nurse !== undefined && <span class="tile-nurse" data-stale={bed.nurse.isStale} data-mine={isMine(bed, mine.value)}><span class="heard">Nurse: </span>{nurseText(bed.nurse)}</span>}
      </div>
      <BedMark bed={bed} />
      {bed.values.length === 0 ? <p class="tile-empty">{emptyText(devices)}</p> : (
        <div class="cells">
          {cell('spo2')}
          {cell('hr')}
          {cell('rr')}
          <PressureCell pressure={pressureSlot(judged)} alerts={alerts} />
          {cell('temperature')}
          <EarlyWarning bed={bed} moment={moment} />
        </div>
      )}
      <TileTrend bed={bed} />
      <TileFoot bed={bed} alerts={alerts} devices={devices} />
    </li>
  )
}

/** The highest alert, and how many more; else, quietly, a limit in its delay; else what is wrong with the monitor; else nothing. */
function TileFoot({ bed, alerts, devices }: Omit<TileProps, 'first'>) {
  const { moment } = useStation().receiver
  const more = rowsIn(alerts).length - 1
  const alert = highestUnacknowledged(alerts) ?? highestOf(alerts)
  if (alert !== null) {
    return (
      <p class="tile-foot" data-priority={alert.priority} data-acknowledged={alert.acknowledged !== null}>
        <Mark priority={alert.priority} />
        <span class="heard">{bedText(bed.label)}, {priorityText(alert.priority)} priority: </span>
        <span class="foot-text">{alert.text}{alert.state === 'latched' ? ' (over)' : ''}</span>
        {alert.acknowledged !== null && <span class="tick" title={`Acknowledged by ${alert.acknowledged.by}`}>✓<span class="heard"> acknowledged</span></span>}
        {more > 0 && <span class="more">+{more}</span>}
      </p>
    )
  }
  const [pending] = bed.pending ?? []
  if (pending !== undefined) return <p class="tile-foot" data-pending="true">{pendingText(pending, moment.value)}</p>
  const trouble = deviceTrouble(devices)
  return trouble === null || bed.values.length === 0 ? null : <p class="tile-foot" data-trouble="true">{trouble}</p>
}

const emptyText = (devices: readonly DeviceView[]): string => deviceTrouble(devices) ?? 'Nothing received yet.'

function deviceTrouble(devices: readonly DeviceView[]): string | null {
  if (devices.length === 0) return 'No monitor is bound to this bed.'
  const away = devices.filter((device) => device.link !== 'live')
  return away.length === 0 ? null : away.map((device) => `${device.id}: ${linkText(device.link)}`).join(', ')
}
