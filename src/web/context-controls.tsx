import { useState } from 'preact/hooks'
import type { BedView } from '../api/wire.ts'
import { POPULATION_WORDS, POPULATIONS } from '../domain/population.ts'
import { ruleLimits } from '../limits.ts'
import { momentText } from './age.ts'
import { type Expiry, EXPIRIES, hoursOf } from './expiry.ts'
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
  const { server } = receiver.moment.value
  const readOnly = !mayAct(receiver.ward.value?.you.role)
  const context = tap === undefined || tap.kind === 'failed' ? bed.context : { ...bed.context, ...tap.change }
  const levels = [['A', 'alert'], ['C', 'newly confused'], ['V', 'responds to voice'], ['P', 'responds to pain'], ['U', 'unresponsive']] as const
  return (
    <section class="context" aria-label="What you know">
      <h3>
        What you know <small role="status">{tap !== undefined && tap.kind !== 'failed' ? 'saving…' : ''}</small>
      </h3>
      {tap?.kind === 'failed' && <p class="failed" role="alert">Not saved. {tap.why} Please choose again.</p>}
      <Choices stay={stay} readOnly={readOnly} title="Breathing" hint={saidText(bed, 'onOxygen', server)} choices={[
        { label: 'Air', change: { onOxygen: false }, chosen: context.onOxygen === false },
        { label: 'Oxygen', change: { onOxygen: true }, chosen: context.onOxygen === true },
        { label: 'Unknown', change: { onOxygen: null }, chosen: context.onOxygen === null },
      ]} />
      <Choices stay={stay} readOnly={readOnly} title="Consciousness" hint={saidText(bed, 'consciousness', server)} choices={[
        ...levels.map(([level, title]) => ({ label: level, title, change: { consciousness: level }, chosen: context.consciousness === level })),
        { label: 'Unknown', change: { consciousness: null }, chosen: context.consciousness === null },
      ]} />
      <Choices stay={stay} readOnly={readOnly} title="Infection suspected" hint={infectionHint(bed, server)} choices={[
        { label: 'Yes', change: { infectionSuspected: true }, chosen: context.infectionSuspected },
        { label: 'No', change: { infectionSuspected: false }, chosen: !context.infectionSuspected },
      ]} />
      <Spo2Scale stay={stay} readOnly={readOnly} scale={context.spo2Scale} said={saidText(bed, 'spo2Scale', server)} />
      <PopulationChoice stay={stay} readOnly={readOnly} population={context.population} said={saidText(bed, 'population', server)} />
    </section>
  )
}

/** `M. Ferreira, 14:02: COPD, target 88 to 92; until 15:00`; empty where nobody is known to have said it. */
function saidText({ context }: BedView, fact: keyof NonNullable<BedView['context']['said']>, server: number | null): string {
  const word = context.said?.[fact]
  if (word === undefined) return ''
  const now = server ?? word.at
  return `${word.by}, ${momentText(word.at, now)}${word.reason === undefined ? '' : `: ${word.reason}`}${word.until === undefined ? '' : `; until ${momentText(word.until, now)}`}`
}

function infectionHint(bed: BedView, server: number | null): string {
  const word = bed.context.said?.infectionSuspected
  const ends = bed.context.infectionSuspected && word !== undefined ? `; ends ${momentText(word.until ?? word.at + ruleLimits.infectionMs, server ?? word.at)} unless it is said again` : ''
  return `${saidText(bed, 'infectionSuspected', server)}${ends}`
}

type ScaleProps = { readonly stay: string; readonly readOnly: boolean; readonly scale: 1 | 2; readonly said: string }

/** Scale 2 is a clinician's documented decision: it is asked for its reason and its end. */
function Spo2Scale({ stay, readOnly, scale, said }: ScaleProps) {
  const { changeContext } = useStation()
  const [isAsking, setAsking] = useState(false)
  const [reason, setReason] = useState('')
  const [expiry, setExpiry] = useState<Expiry>('stay')
  const save = (event: Event): void => {
    event.preventDefault()
    const hours = hoursOf(expiry)
    setAsking(false)
    void changeContext(stay, { spo2Scale: 2, reason: reason.trim(), ...(hours === null ? {} : { hours }) })
  }
  return (
    <fieldset class="choices" disabled={readOnly}>
      <legend>SpO₂ scale</legend>
      <div class="choice-row">
        <label><input type="radio" name={`${stay} scale`} checked={scale === 1 && !isAsking} onChange={() => (setAsking(false), void (scale === 2 && changeContext(stay, { spo2Scale: 1 })))} /><span>Scale 1</span></label>
        <label><input type="radio" name={`${stay} scale`} checked={scale === 2 || isAsking} onChange={() => setAsking(scale === 1)} /><span>Scale 2</span></label>
      </div>
      {said !== '' && <p class="hint">{said}</p>}
      {isAsking && (
        <form class="limit-form" onSubmit={save}>
          <label>Who decided it, and why <input type="text" autoComplete="off" maxLength={200} placeholder="Dr …: target 88–92 %, because …" value={reason} onInput={(event) => setReason(event.currentTarget.value)} /></label>
          <label>Holds <select value={expiry} onChange={(event) => setExpiry(EXPIRIES.find(({ id }) => id === event.currentTarget.value)?.id ?? 'stay')}>{EXPIRIES.map(({ id, words }) => <option key={id} value={id}>{words}</option>)}</select></label>
          <button type="submit" class="confirm" disabled={reason.trim().length < 3}>Set scale 2</button>
        </form>
      )}
    </fieldset>
  )
}

type PopulationProps = { readonly stay: string; readonly readOnly: boolean; readonly population: BedView['context']['population']; readonly said: string }

function PopulationChoice({ stay, readOnly, population, said }: PopulationProps) {
  const { changeContext } = useStation()
  return (
    <fieldset class="choices" disabled={readOnly}>
      <legend>Limits and scores for</legend>
      <select value={population} aria-label="Population" onChange={(event) => {
        const chosen = POPULATIONS.find((one) => one === event.currentTarget.value)
        if (chosen !== undefined) void changeContext(stay, { population: chosen })
      }}>
        {POPULATIONS.map((one) => <option key={one} value={one}>{POPULATION_WORDS[one]}</option>)}
      </select>
      <p class="hint">{said === '' ? 'by the patient’s age, or as the ward declared it' : said}</p>
    </fieldset>
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
      {hint !== undefined && hint !== '' && <p class="hint">{hint}</p>}
    </fieldset>
  )
}
