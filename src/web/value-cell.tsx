import { ageText } from './age.ts'
import type { Judged, Pressure } from './slots.ts'
import { cellTitle, isOfOneTime, leadOf } from './slots.ts'
import type { AlertView } from '../api/wire.ts'
import { absentText, numberText, unitText } from './words.ts'

type Priority = AlertView['priority'] | null

type CellProps = { readonly title: string; readonly judged: Judged | null; readonly priority: Priority; readonly slot: string }

/** What stands where a number would: null when there is one. */
function wordOf({ value, freshness }: Judged): string | null {
  if (freshness === 'gone') return 'no data'
  return value.value.kind === 'absent' ? `— ${absentText(value.value.reason)}` : null
}

const Questionable = () => (
  <sup class="questionable" title="The monitor marks this value as questionable">
    ?<span class="heard"> questionable</span>
  </sup>
)

/** One number of a tile. A word stands where there is no number, never a zero and never an old number. */
export function ValueCell({ title, judged, priority, slot }: CellProps) {
  if (judged === null) {
    return (
      <div class="cell" data-slot={slot} data-freshness="none">
        <span class="cell-title">{title}</span>
        <span class="number">—</span>
        <span class="heard">no source</span>
      </div>
    )
  }
  const { value, freshness, ageMs } = judged
  const word = wordOf(judged)
  return (
    <div class="cell" data-slot={slot} data-freshness={freshness} data-priority={priority ?? undefined} data-absent={value.value.kind === 'absent'}>
      <span class="cell-title">
        {cellTitle(slot, value.label)} <small>{unitText(value.unit)}</small>
      </span>
      {word !== null ? <span class="number word">{word}</span> : (
        <span class="number">
          {numberText(value)}
          {value.questionable && <Questionable />}
        </span>
      )}
      <span class="age">{ageText(ageMs)}</span>
    </div>
  )
}

type PressureProps = { readonly pressure: Pressure | null; readonly priority: Priority }

const part = (judged: Judged | null): string => (judged === null || judged.freshness === 'gone' ? '—' : numberText(judged.value))

/** Systolic over diastolic and the mean, as one thing with one age: that of its leading part. */
export function PressureCell({ pressure, priority }: PressureProps) {
  const lead = pressure && leadOf(pressure)
  if (pressure === null || lead === null) return <ValueCell title="BP" judged={null} priority={null} slot="bp" />
  const { sys, dia, mean } = pressure
  const word = wordOf(lead)
  return (
    <div class="cell" data-slot="bp" data-freshness={lead.freshness} data-priority={priority ?? undefined} data-absent={lead.value.value.kind === 'absent'}>
      <span class="cell-title">
        {pressure.label} <small>{unitText(pressure.unit)}</small>
      </span>
      {word !== null ? <span class="number word">{word}</span> : (
        <span class="number">
          {part(sys)}<span class="slash">/</span>{part(dia)}
          {mean !== null && mean.freshness !== 'gone' && <small class="mean">({part(mean)})</small>}
          {lead.value.questionable && <Questionable />}
        </span>
      )}
      <span class="age">
        {ageText(lead.ageMs)}
        {isOfOneTime(pressure) ? '' : ' *'}
      </span>
    </div>
  )
}
