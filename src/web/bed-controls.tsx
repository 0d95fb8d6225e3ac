import { useEffect, useRef, useState } from 'preact/hooks'
import type { BedView } from '../api/wire.ts'
import { AWAY_REASONS, AWAY_WORDS, BED_STATES, type AwayReason, type BedState } from '../domain/bed-state.ts'
import { houseLimits } from '../limits.ts'
import { paths } from './api.ts'
import { isTyping, useFirstField } from './focus.ts'
import { type BedStateRequest, markText, phaseText, saidBefore, stateWord } from './house.ts'
import { useSaying } from './said.ts'
import { SaidLine } from './said-line.tsx'
import { useStation } from './station.ts'

const LABELS: Readonly<Record<BedState, string>> = { occupied: 'Occupied', away: 'Away…', empty: 'Empty', cleaning: 'Cleaning', maintenance: 'Test…' }
const BACK_IN = [15, 30, 60, 120, 240] as const
const TEST_FOR = [10, 20, 30, 60] as const
/** How this bed is. What is measured is watched, whatever is said. */
export function BedControls({ bed }: { readonly bed: BedView }) {
  const { receiver } = useStation()
  const saying = useSaying()
  const [asking, setAsking] = useState<'away' | 'maintenance' | null>(null)
  const first = useRef<HTMLInputElement>(null)
  const role = receiver.ward.value?.you.role
  const now = receiver.moment.value.server ?? bed.mark?.at ?? 0
  const state = asking ?? bed.mark?.state ?? 'occupied'
  useEffect(() => {
    const over = new AbortController()
    const press = (event: KeyboardEvent): void => {
      if (event.key !== 'b' || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return
      event.preventDefault()
      first.current?.scrollIntoView({ block: 'nearest' })
      first.current?.focus()
    }
    window.addEventListener('keydown', press, { signal: over.signal })
    return () => over.abort()
  }, [])
  const say = (body: BedStateRequest): void => {
    setAsking(null)
    const path = paths.bedState(bed.id)
    void saying.say(path, body, { words: 'Saved.', undo: { path, body: saidBefore(bed.mark, now) } })
  }
  const choose = (chosen: BedState): void => {
    if (chosen === 'away' || chosen === 'maintenance') setAsking(chosen)
    else say({ state: chosen })
  }
  // Whoever tests monitors says so, and that it is over; where a patient is, nurses say.
  const mayChoose = (one: BedState): boolean => role === 'nurse' || role === 'station' || (role === 'biomed' && (one === 'maintenance' || one === 'occupied'))
  return (
    <section class="bed-state" aria-label="How this bed is">
      <fieldset class="choices">
        <legend>This bed <kbd>b</kbd></legend>
        <div class="choice-row">
          {BED_STATES.map((one) => (
            <label key={one} title={one === 'maintenance' ? 'Its monitor is tested: nobody lies there' : undefined}>
              <input type="radio" name={`${bed.id} state`} {...(one === state ? { ref: first } : {})} checked={one === state} disabled={!mayChoose(one)} onChange={() => choose(one)} onClick={() => one === state && one !== 'occupied' && choose(one)} />
              <span>{LABELS[one]}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {bed.mark !== undefined && asking === null && (
        <p class="bed-said" data-phase={bed.mark.phase}><strong>{stateWord(bed.mark)}</strong> {markText(bed.mark, now)}<br />{phaseText(bed.mark)}</p>
      )}
      {asking === 'away' && <AwayForm say={say} cancel={() => setAsking(null)} />}
      {asking === 'maintenance' && <TestForm say={say} cancel={() => setAsking(null)} />}
      <SaidLine saying={saying} />
    </section>
  )
}

type FormProps = { readonly say: (body: BedStateRequest) => void; readonly cancel: () => void }

function AwayForm({ say, cancel }: FormProps) {
  const field = useFirstField<HTMLSelectElement>()
  const [reason, setReason] = useState<AwayReason>('imaging')
  const [minutes, setMinutes] = useState(60)
  const [words, setWords] = useState('')
  const isRight = minutes > 0 && minutes <= houseLimits.awayMinutesMax
  return (
    <form class="limit-form" onSubmit={(event) => (event.preventDefault(), say({ state: 'away', reason, words: words.trim(), minutes }))}>
      <label>Where to <select ref={field} value={reason} onChange={(event) => setReason(AWAY_REASONS.find((one) => one === event.currentTarget.value) ?? 'other')}>{AWAY_REASONS.map((one) => <option key={one} value={one}>{AWAY_WORDS[one]}</option>)}</select></label>
      <Minutes legend="Back in" choices={BACK_IN} minutes={minutes} most={houseLimits.awayMinutesMax} choose={setMinutes} />
      <label>More <input type="text" autoComplete="off" maxLength={houseLimits.houseWordsCharsMax} value={words} placeholder="may stay empty" onInput={(event) => setWords(event.currentTarget.value)} /></label>
      <p class="form-end"><button type="submit" class="confirm" disabled={!isRight}>Away</button> <button type="button" class="quiet" onClick={cancel}>Cancel</button></p>
    </form>
  )
}

function TestForm({ say, cancel }: FormProps) {
  const field = useFirstField<HTMLInputElement>()
  const [minutes, setMinutes] = useState(30)
  const [words, setWords] = useState('')
  const isRight = minutes > 0 && minutes <= houseLimits.bedMaintenanceMinutesMax
  return (
    <form class="limit-form" onSubmit={(event) => (event.preventDefault(), say({ state: 'maintenance', words: words.trim(), minutes }))}>
      <p class="hint">No patient may be on this monitor: what it sends is nobody’s, and no rule looks at it.</p>
      <Minutes legend="For" choices={TEST_FOR} minutes={minutes} most={houseLimits.bedMaintenanceMinutesMax} choose={setMinutes} />
      <label>Why <input type="text" ref={field} autoComplete="off" maxLength={houseLimits.houseWordsCharsMax} value={words} placeholder="may stay empty" onInput={(event) => setWords(event.currentTarget.value)} /></label>
      <p class="form-end"><button type="submit" class="confirm" disabled={!isRight}>Test this monitor</button> <button type="button" class="quiet" onClick={cancel}>Cancel</button></p>
    </form>
  )
}

type MinutesProps = { readonly legend: string; readonly choices: readonly number[]; readonly minutes: number; readonly most: number; readonly choose: (minutes: number) => void }

export function Minutes({ legend, choices, minutes, most, choose }: MinutesProps) {
  return (
    <fieldset class="minutes">
      <legend>{legend}</legend>
      {choices.map((one) => <button key={one} type="button" aria-pressed={one === minutes} onClick={() => choose(one)}>{one < 120 ? `${one} min` : `${one / 60} h`}</button>)}
      <label><span class="heard">{legend}, minutes</span><input type="number" min={1} max={most} value={minutes} onInput={(event) => choose(Number(event.currentTarget.value))} /> min</label>
    </fieldset>
  )
}
