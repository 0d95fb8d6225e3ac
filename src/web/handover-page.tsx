import { useState } from 'preact/hooks'
import type { BedView, HandoverView } from '../api/wire.ts'
import { webLimits } from '../limits.ts'
import { momentText } from './age.ts'
import { paths } from './api.ts'
import { BedMark } from './bed-mark.tsx'
import { handoverAlerts, handoverLimits, handoverObserved, handoverText, ruleText, spanText, unwatchedText } from './handover.ts'
import { usePolled } from './patients.ts'
import { nurseText } from './shift.ts'
import { useStation } from './station.ts'
import { isHandover } from './wire-guard.ts'
import { bedText } from './words.ts'

const HOURS = [1, 4, 8, 12, 24] as const

/** For whoever takes over: how long each bed was watched, and why it was not. */
export function HandoverPage() {
  const { receiver } = useStation()
  const [hours, setHours] = useState<number>(8)
  const { reception, server } = receiver.moment.value
  const { view, why } = usePolled<HandoverView>(paths.handover(hours), { everyMs: webLimits.handoverEveryMs, isView: isHandover })
  return (
    <main class="page">
      <h2>Handover <small role="status">{view === null ? '' : `at ${momentText(view.to, server ?? view.to)}: ${handoverText(view)}`}</small></h2>
      <fieldset class="hours">
        <legend>The last</legend>
        {HOURS.map((one) => (
          <label key={one}><input type="radio" name="hours" checked={one === hours} onChange={() => setHours(one)} /> {one} h</label>
        ))}
      </fieldset>
      <button type="button" class="quiet print-button" onClick={() => window.print()}>Print</button>
      {/* The page's own clock knows sooner than its next question that nothing comes any more. */}
      {(why !== '' || reception === 'silent') && <p class="failed" role="alert">{view === null ? 'What was watched cannot be shown.' : `NOT UP TO DATE: this is how it was at ${momentText(view.to, server ?? view.to)}.`} {why}</p>}
      {view === null ? (why === '' && <p class="empty large">Waiting for the gateway.</p>) : <Beds view={view} />}
    </main>
  )
}

function Beds({ view }: { readonly view: HandoverView }) {
  const { ward } = useStation().receiver
  const known = new Map(ward.value?.beds.map((one) => [one.id, one]))
  if (view.beds.length === 0) return <p class="empty large">No beds configured.</p>
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label="Handover">
      {view.isCut && <p class="failed">There is more than is read at once: the latest is missing. Choose a shorter time.</p>}
      <table class="devices stacks handover">
        <thead>
          <tr><th scope="col">Bed</th><th scope="col">Whose</th><th scope="col">Open alerts</th><th scope="col">Limits of this patient</th><th scope="col">Last observation</th><th scope="col">Not watched at all</th><th scope="col">Why</th><th scope="col">Each rule for itself, not watched</th></tr>
        </thead>
        <tbody>
          {view.beds.map(({ bed, label, unwatchedSeconds, reasons, rules, told }) => (
            <tr key={bed}>
              <th scope="row">{bedText(label)}<Standing bed={known.get(bed)} /></th>
              <Note title="Nurse" words={`${nurseText(told?.nurse ?? undefined)}${told?.nurse?.isStale === true ? ' (last shift)' : ''}`} />
              <Note title="Alerts" words={handoverAlerts(told, view.to)} />
              <Note title="Limits" words={handoverLimits(told, view.to)} />
              <Note title="Observed" words={handoverObserved(told, view.to)} />
              <td data-label="">{unwatchedSeconds < 1 ? 'watched all the time' : `unwatched for ${spanText(unwatchedSeconds)}`}</td>
              <Note title="Why" words={reasons.filter(({ seconds }) => seconds >= 1).map(({ why, seconds }) => `${unwatchedText(why)} ${spanText(seconds)}`).join(', ')} />
              <Note title="Each rule" words={rules.filter((rule) => rule.unwatchedSeconds - unwatchedSeconds >= 1).map((rule) => `${ruleText(rule.rule)} ${spanText(rule.unwatchedSeconds)}`).join(', ')} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** How the bed is and what the treatment is for. */
function Standing({ bed }: { readonly bed: BedView | undefined }) {
  return bed === undefined ? null : <BedMark bed={bed} />
}

/** On a phone, where each row is a block, what there is nothing to say of is left out. */
function Note({ title, words }: { readonly title: string; readonly words: string }) {
  return <td data-label={title} class="note-cell" data-none={words === ''}>{words === '' ? '—' : words}</td>
}
