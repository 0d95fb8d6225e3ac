import { useEffect, useRef, useState } from 'preact/hooks'
import type { ObservedView } from '../api/stay-wire.ts'
import type { BedView } from '../api/wire.ts'
import { OBSERVED_NAMES, type ObservedName } from '../domain/confirmed.ts'
import { observationLimits } from '../limits.ts'
import { agoText, momentText } from './age.ts'
import { get, paths, post } from './api.ts'
import { type Draft, draftOf, enteredOf, problemOf, requestOf, scoreOf } from './observation.ts'
import { useStation } from './station.ts'
import { isFrozenView } from './wire-guard.ts'
import { inputText, mayAct, scoreText } from './words.ts'

const TITLES: Readonly<Record<ObservedName, string>> = { rr: 'Respirations', spo2: 'SpO₂', sbp: 'Systolic BP', pulse: 'Pulse', temperature: 'Temperature' }
const LEVELS = [['A', 'Alert'], ['C', 'Confused, new'], ['V', 'Voice'], ['P', 'Pain'], ['U', 'No response']] as const

/** Why no set can be taken here; null: one can. */
export const noObservation = (bed: BedView): string | null =>
  bed.stay === null ? 'Nobody is known to be in this bed yet.' : bed.context.population === 'adult' ? null : 'NEWS2 is made for adults who are not pregnant.'

type PanelProps = { readonly bed: BedView; readonly stay: string; readonly close: () => void }

/** Freeze, correct, confirm. Nothing of it is a measurement until a person has said that it is right. */
export function ObservationForm({ bed, stay, close }: PanelProps) {
  const { receiver } = useStation()
  const [draft, setDraft] = useState<Draft | null>(null)
  const [why, setWhy] = useState('')
  const [isSending, setSending] = useState(false)
  const section = useRef<HTMLElement>(null)
  const take = async (): Promise<void> => {
    setWhy('')
    const answer = await get(paths.freeze(stay))
    if (answer.kind !== 'done') setWhy(answer.why)
    else if (isFrozenView(answer.body)) setDraft(draftOf(answer.body))
    else setWhy('The gateway answered what this page does not understand.')
  }
  useEffect(() => {
    section.current?.scrollIntoView({ block: 'nearest' })
    section.current?.focus()
    void take()
  }, [])
  const confirm = async (): Promise<void> => {
    if (draft === null || isSending) return
    setSending(true)
    const answer = await post(paths.observations(stay), requestOf(draft))
    setSending(false)
    if (answer.kind === 'done') close()
    else setWhy(answer.why)
  }
  const { server } = receiver.moment.value
  const ageMs = draft === null || server === null ? 0 : server - draft.frozen.at
  const isOld = ageMs > observationLimits.frozenMsMax
  return (
    <section class="observation" aria-label="Take observation" tabIndex={-1} ref={section}>
      <h3>Observation <small>{draft === null ? 'freezing…' : `values as they stood at ${momentText(draft.frozen.at, server ?? draft.frozen.at)}`}</small></h3>
      {draft !== null && <Fields draft={draft} bed={bed} set={setDraft} />}
      {draft !== null && <Total draft={draft} bed={bed} />}
      {isOld && <p class="failed">Frozen {agoText(ageMs)}: too long ago to confirm. Freeze again.</p>}
      {why !== '' && <p class="failed" role="alert">{draft === null ? '' : 'Not confirmed. '}{why}</p>}
      <div class="observation-foot">
        {draft !== null && (
          <button type="button" class="confirm" disabled={isSending || isOld || problemOf(draft) !== null} onClick={() => void confirm()}>
            {isSending ? 'Confirming…' : `Confirm as ${receiver.ward.value?.you.name ?? ''}`}
          </button>
        )}
        <button type="button" class="quiet" onClick={() => void take()}>Freeze again</button>
        <button type="button" class="quiet" onClick={close}>Cancel</button>
      </div>
    </section>
  )
}

type FieldsProps = { readonly draft: Draft; readonly bed: BedView; readonly set: (draft: Draft) => void }

function Fields({ draft, bed, set }: FieldsProps) {
  const { parts } = scoreOf(draft)
  const { server } = useStation().receiver.moment.value
  const saidText = (fact: 'onOxygen' | 'consciousness', words: string): string => {
    const word = bed.context.said?.[fact]
    return word === undefined ? '' : `last said: ${words}, ${momentText(word.at, server ?? word.at)} by ${word.by}`
  }
  return (
    <>
      <ul class="observation-values">
        {OBSERVED_NAMES.map((name) => <Field key={name} name={name} draft={draft} points={parts[name]} set={set} />)}
      </ul>
      <Large title="Breathing" name={`${bed.id} observed oxygen`} points={parts['oxygen']} hint={saidText('onOxygen', bed.context.onOxygen === true ? 'oxygen' : 'air')} choices={[
        { label: 'Air', chosen: draft.onOxygen === false, choose: () => set({ ...draft, onOxygen: false }) },
        { label: 'Oxygen', chosen: draft.onOxygen === true, choose: () => set({ ...draft, onOxygen: true }) },
      ]} />
      <Large title="Consciousness" name={`${bed.id} observed consciousness`} points={parts['consciousness']} hint={saidText('consciousness', bed.context.consciousness ?? 'unknown')} choices={
        LEVELS.map(([level, words]) => ({ label: level, words, chosen: draft.consciousness === level, choose: () => set({ ...draft, consciousness: level }) }))
      } />
    </>
  )
}

type FieldProps = { readonly name: ObservedName; readonly draft: Draft; readonly points: number | undefined; readonly set: (draft: Draft) => void }

function Field({ name, draft, points, set }: FieldProps) {
  const { frozen } = draft
  const entered = enteredOf(draft, name)
  const stood = frozen.values.find((value) => value.name === name)
  const agoOf = stood === undefined ? '' : `${agoText(frozen.at - stood.at)}${stood.isTimeUncertain ? ', time uncertain' : ''}`
  const note = entered.kind === 'wrong' ? entered.why
    : entered.kind === 'absent' ? (stood === undefined ? 'no value: measure it' : 'left out')
    : entered.corrected ? (stood === undefined ? 'entered by hand' : `corrected, was ${stood.value.toFixed(frozen.ranges[name].decimals)}`)
    : `${stood?.label ?? ''} · ${agoOf}${stood?.isDoubtful === true ? ' · weak signal' : ''}`
  return (
    <li data-entered={entered.kind === 'value' && entered.corrected ? 'corrected' : entered.kind}>
      <label>
        <span class="field-title">{TITLES[name]}</span>
        <input
          type="text"
          inputMode="decimal"
          autoComplete="off"
          aria-invalid={entered.kind === 'wrong'}
          value={draft.typed[name]}
          onInput={(event) => set({ ...draft, typed: { ...draft.typed, [name]: event.currentTarget.value } })}
          onFocus={(event) => event.currentTarget.select()}
        />
        <span class="field-unit">{frozen.ranges[name].unit}{name === 'spo2' && frozen.spo2Scale === 2 ? ' scale 2' : ''}</span>
      </label>
      <span class="field-note" title={stood?.device}>{note}</span>
      <Points points={points} />
    </li>
  )
}

const Points = ({ points }: { readonly points: number | undefined }) => (
  <span class="points" data-points={points === undefined ? 'none' : points >= 3 ? 'three' : points > 0 ? 'some' : 'zero'}>
    {points === undefined ? '?' : points}<span class="heard"> points</span>
  </span>
)

type LargeChoice = { readonly label: string; readonly words?: string; readonly chosen: boolean; readonly choose: () => void }
type LargeProps = { readonly title: string; readonly name: string; readonly hint: string; readonly points: number | undefined; readonly choices: readonly LargeChoice[] }

function Large({ title, name, hint, points, choices }: LargeProps) {
  return (
    <fieldset class="choices large">
      <legend>{title} <small>{hint}</small></legend>
      <div class="choice-row">
        {choices.map(({ label, words, chosen, choose }) => (
          <label key={label}>
            <input type="radio" name={name} checked={chosen} onChange={choose} />
            <span>{label}{words !== undefined && <small>{words}</small>}</span>
          </label>
        ))}
        <Points points={points} />
      </div>
    </fieldset>
  )
}

function Total({ draft, bed }: { readonly draft: Draft; readonly bed: BedView }) {
  const score = scoreOf(draft)
  return (
    <p class="observation-total" role="status">
      <span>NEWS2</span> <b>{score.complete ? score.total : `at least ${score.min}`}</b>
      {!score.complete && <small>{score.min} to {score.max}: without {score.missing.map((name) => inputText(name, bed.values)).join(', ')}</small>}
    </p>
  )
}

/** The newest set that was confirmed, in words that no estimate has. */
export function Observed({ bed, observed }: { readonly bed: BedView; readonly observed: ObservedView }) {
  const { receiver } = useStation()
  const { server } = receiver.moment.value
  const [why, setWhy] = useState('')
  const { stay } = bed
  const mayTakeBack = server !== null && stay !== null && server <= observed.takeBackUntil && mayAct(receiver.ward.value?.you.role)
  const takeBack = async (): Promise<void> => {
    if (stay === null) return
    const answer = await post(paths.takeBack(stay), { confirmedAt: observed.confirmedAt })
    setWhy(answer.kind === 'done' ? '' : answer.why)
  }
  const parts = Object.entries(observed.parts).filter(([, points]) => points > 0).map(([name, points]) => `${inputText(name, bed.values)} ${points}`)
  return (
    <section class="observed" aria-label="Confirmed observation">
      <p class="observed-score">{observedText(observed, server ?? observed.takenAt)}</p>
      <p class="hint">{parts.length === 0 ? 'No parameter scores.' : `Points: ${parts.join(', ')}.`}{observed.missing.length > 0 ? ` Not taken: ${observed.missing.map((name) => inputText(name, bed.values)).join(', ')}.` : ''}</p>
      {observed.corrected.length > 0 && <p class="hint">Corrected: {observed.corrected.map(({ name, from, to }) => `${inputText(name, bed.values)} ${from === null ? `${to} by hand` : `${from} → ${to}`}`).join(', ')}.</p>}
      {mayTakeBack && <button type="button" class="quiet" onClick={() => void takeBack()}>This was a mistake: take it back</button>}
      {why !== '' && <p class="failed" role="alert">Not taken back. {why}</p>}
    </section>
  )
}

/** `NEWS2 7 at 03:12 by M. Ferreira`. */
export const observedText = (observed: ObservedView, now: number): string => `NEWS2 ${scoreText(observed)} at ${momentText(observed.takenAt, now)} by ${observed.by}`
