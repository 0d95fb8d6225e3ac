import type { AlertView } from '../api/wire.ts'
import { ageText } from './age.ts'
import { priorityOfValue } from './order.ts'
import { cellTitle, isOfOneTime, type Judged, leadOf, type Pressure, SLOT_TITLES, type SlotName } from './slots.ts'
import { absentText, numberText, unitText } from './words.ts'

type CellProps = { readonly slot: SlotName; readonly judged: Judged | null; readonly alerts: readonly AlertView[] }

/** An alert names its inputs by the label of the source, as the tile does. */
const namesOf = ({ value }: Judged): readonly string[] => [value.label, value.metric, value.key]

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
export function ValueCell({ slot, judged, alerts }: CellProps) {
  if (judged === null) return <NoSource slot={slot} title={SLOT_TITLES[slot]} />
  const { value, freshness, ageMs } = judged
  const word = wordOf(judged)
  const priority = priorityOfValue(alerts, namesOf(judged))
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

const NoSource = ({ slot, title }: { readonly slot: string; readonly title: string }) => (
  <div class="cell" data-slot={slot} data-freshness="none">
    <span class="cell-title">{title}</span>
    <span class="number">—</span>
    <span class="heard">no source</span>
  </div>
)

type PressureProps = { readonly pressure: Pressure | null; readonly alerts: readonly AlertView[] }

const part = (judged: Judged | null): string => (judged === null || judged.freshness === 'gone' ? '—' : numberText(judged.value))

/** Systolic over diastolic and the mean, as one thing with one age: that of its leading part. */
export function PressureCell({ pressure, alerts }: PressureProps) {
  const lead = pressure && leadOf(pressure)
  if (pressure === null || lead === null) return <NoSource slot="bp" title="BP" />
  const { sys, dia, mean } = pressure
  const word = wordOf(lead)
  const priority = priorityOfValue(alerts, [sys, dia, mean].flatMap((judged) => (judged === null ? [] : namesOf(judged))))
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
