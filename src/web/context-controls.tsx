import type { BedView } from '../api/wire.ts'
import { type StayChange, useStation } from './station.ts'
import { mayAct } from './words.ts'

type Choice = { readonly label: string; readonly change: StayChange; readonly chosen: boolean; readonly title?: string }

/** What the nurse knows and no monitor says. It belongs to the stay, and goes with it. */
export function ContextControls({ bed }: { readonly bed: BedView }) {
  const { pending, receiver } = useStation()
  const { stay } = bed
  if (stay === null) {
    return (
      <section class="context" aria-label="What you know">
        <h3>What you know</h3>
        <p class="empty">Nobody is known to be in this bed yet. This opens with the first values.</p>
      </section>
    )
  }
  const tap = pending.value.get(stay)
  const readOnly = !mayAct(receiver.ward.value?.you.role)
  const context = tap === undefined || tap.kind === 'failed' ? bed.context : { ...bed.context, ...tap.change }
  const levels = [['A', 'alert'], ['C', 'newly confused'], ['V', 'responds to voice'], ['P', 'responds to pain'], ['U', 'unresponsive']] as const
  return (
    <section class="context" aria-label="What you know">
      <h3>
        What you know <small role="status">{tap !== undefined && tap.kind !== 'failed' ? 'saving…' : ''}</small>
      </h3>
      {tap?.kind === 'failed' && <p class="failed" role="alert">Not saved. {tap.why} Please choose again.</p>}
      <Choices stay={stay} readOnly={readOnly} title="Breathing" choices={[
        { label: 'Air', change: { onOxygen: false }, chosen: context.onOxygen === false },
        { label: 'Oxygen', change: { onOxygen: true }, chosen: context.onOxygen === true },
        { label: 'Unknown', change: { onOxygen: null }, chosen: context.onOxygen === null },
      ]} />
      <Choices stay={stay} readOnly={readOnly} title="Consciousness" choices={[
        ...levels.map(([level, title]) => ({ label: level, title, change: { consciousness: level }, chosen: context.consciousness === level })),
        { label: 'Unknown', change: { consciousness: null }, chosen: context.consciousness === null },
      ]} />
      <Choices stay={stay} readOnly={readOnly} title="Infection suspected" choices={[
        { label: 'Yes', change: { infectionSuspected: true }, chosen: context.infectionSuspected },
        { label: 'No', change: { infectionSuspected: false }, chosen: !context.infectionSuspected },
      ]} />
      <Choices stay={stay} readOnly={readOnly} title="SpO₂ scale" hint="Scale 2 only where a clinician has documented a target of 88–92 %." choices={[
        { label: 'Scale 1', change: { spo2Scale: 1 }, chosen: context.spo2Scale === 1 },
        { label: 'Scale 2', change: { spo2Scale: 2 }, chosen: context.spo2Scale === 2 },
      ]} />
    </section>
  )
}

type ChoicesProps = { readonly stay: string; readonly title: string; readonly hint?: string; readonly readOnly: boolean; readonly choices: readonly Choice[] }

function Choices({ stay, title, hint, readOnly, choices }: ChoicesProps) {
  const { changeContext } = useStation()
  return (
    <fieldset class="choices" disabled={readOnly}>
      <legend>{title}</legend>
      <div class="choice-row">
        {choices.map(({ label, title: words, change, chosen }) => (
          <label key={label} title={words}>
            <input type="radio" name={`${stay} ${title}`} checked={chosen} onChange={() => void changeContext(stay, change)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
      {hint !== undefined && <p class="hint">{hint}</p>}
    </fieldset>
  )
}
