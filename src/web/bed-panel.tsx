import { useEffect, useRef, useState } from 'preact/hooks'
import { isTyping } from './focus.ts'
import type { BedView } from '../api/wire.ts'
import { agoText } from './age.ts'
import { AlertCard } from './alert-list.tsx'
import { AlertStrip } from './alert-strip.tsx'
import { PanelTrend } from './bed-trend.tsx'
import { BedControls } from './bed-controls.tsx'
import { GoalControls } from './goal-controls.tsx'
import { ContextControls } from './context-controls.tsx'
import { GivenList } from './given-list.tsx'
import { Mark } from './mark.tsx'
import { LimitsPanel } from './limits-panel.tsx'
import { EarlyWarning } from './news2.tsx'
import { noObservation, ObservationForm, Observed, observedText } from './observation-panel.tsx'
import { gravestOf } from '../domain/alert-row.ts'
import { alertsOfBed, highestOf, rowsIn } from './order.ts'
import { PatientLine } from './patient-line.tsx'
import { type Judged, judgeValues } from './slots.ts'
import { useStation } from './station.ts'
import { LiveWaves } from './wave-lanes.tsx'
import { absentText, bedText, inputText, mayAct, numberText, unitText } from './words.ts'

/** All that is known of one bed. The other beds stay in sight as a row of buttons, the open alerts in their list. */
export function BedPanel({ bed }: { readonly bed: BedView }) {
  const { openBed, alerts, receiver } = useStation()
  const moment = receiver.moment.value
  const heading = useRef<HTMLHeadingElement>(null)
  const [isObserving, setObserving] = useState(false)
  const { observed = null } = bed
  const cannot = noObservation(bed)
  const mayObserve = mayAct(receiver.ward.value?.you.role)
  // The keys are listened to once, and do what holds now.
  const back = useRef((): void => undefined)
  const begin = useRef((): void => undefined)
  useEffect(() => {
    const over = new AbortController()
    heading.current?.focus()
    const press = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') back.current()
      else if (event.key === 'o' && !event.ctrlKey && !event.altKey && !event.metaKey && !isTyping(event.target)) begin.current()
    }
    window.addEventListener('keydown', press, { signal: over.signal })
    return () => over.abort()
  }, [])
  const close = (): void => {
    openBed.value = null
    // The tile comes back with the next drawing; the keyboard returns to it.
    requestAnimationFrame(() => document.querySelector<HTMLButtonElement>(`.tile[data-bed="${CSS.escape(bed.id)}"] .tile-open`)?.focus())
  }
  back.current = () => (isObserving ? setObserving(false) : close())
  begin.current = () => setObserving(mayObserve && cannot === null)
  const ofBed = alertsOfBed(alerts.value, bed.id)
  const judged = judgeValues(bed, receiver.ward.value?.firstSeen.get(bed.id), moment)
  return (
    <article class="panel" aria-labelledby="panel-title">
      <BedStrip />
      <header class="panel-head">
        <h2 id="panel-title" tabIndex={-1} ref={heading}>{bedText(bed.label)}</h2>
        <PatientLine bed={bed} />
        <EarlyWarning bed={bed} moment={moment} />
        {observed !== null && <p class="observed-head">{observedText(observed, moment.server ?? observed.takenAt)}</p>}
        {mayObserve && <button type="button" class="take" disabled={cannot !== null} title={cannot ?? undefined} onClick={() => setObserving(true)}>Take observation <kbd>o</kbd></button>}
        <button type="button" class="close" onClick={close}>Close <kbd>Esc</kbd></button>
      </header>
      <div class="panel-body">
        <div class="panel-main">
          <LiveWaves key={bed.id} bed={bed} />
          {ofBed.length > 0 && <ol class="panel-alerts">{rowsIn(ofBed).map((row) => <AlertCard key={row.head.id} row={row} onOpen={null}><AlertStrip alert={gravestOf(row)} /></AlertCard>)}</ol>}
          <PanelTrend bed={bed} judged={judged} alerts={ofBed} />
        </div>
        <div class="panel-side">
          {isObserving && bed.stay !== null ? <ObservationForm bed={bed} stay={bed.stay} close={() => setObserving(false)} /> : observed !== null && <Observed bed={bed} observed={observed} />}
          {bed.news2 !== null && bed.news2.missing.length > 0 && (
            <p class="panel-missing">NEWS2 is an estimate without {bed.news2.missing.map((name) => inputText(name, bed.values)).join(', ')}.</p>
          )}
          <BedControls bed={bed} />
          {bed.stay !== null && <GoalControls bed={bed} stay={bed.stay} />}
          <ContextControls bed={bed} />
          {bed.stay !== null && <LimitsPanel bed={bed} stay={bed.stay} />}
          <ValueTable judged={judged} />
          <GivenList bed={bed} />
        </div>
      </div>
    </article>
  )
}

function BedStrip() {
  const { receiver, openBed, alerts } = useStation()
  return (
    <nav class="bed-strip" aria-label="Beds">
      {receiver.ward.value?.beds.map((bed) => {
        const highest = highestOf(alertsOfBed(alerts.value, bed.id))
        return (
          <button
            key={bed.id}
            type="button"
            aria-current={bed.id === openBed.value ? 'true' : undefined}
            data-priority={highest?.priority}
            data-acknowledged={highest !== null && highest.acknowledged !== null}
            onClick={() => (openBed.value = bed.id)}
          >
            {highest !== null && <Mark priority={highest.priority} />}
            {bed.label}
          </button>
        )
      })}
    </nav>
  )
}

function ValueTable({ judged }: { readonly judged: readonly Judged[] }) {
  return (
    <section class="values" aria-label="All values">
      <h3>All values</h3>
      {judged.length === 0 ? <p class="empty">Nothing has been received for this bed.</p> : (
        <table>
          <tbody>
            {judged.map(({ value, ageMs, freshness }) => (
              <tr key={value.key} data-freshness={freshness}>
                <th scope="row">{value.label}</th>
                <td class="table-number">
                  {freshness === 'gone' ? 'no data' : value.value.kind === 'absent' ? absentText(value.value.reason) : numberText(value)}
                  {value.questionable && freshness !== 'gone' ? ' ?' : ''}
                </td>
                <td class="table-unit">{unitText(value.unit)}</td>
                <td class="age">{agoText(ageMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
