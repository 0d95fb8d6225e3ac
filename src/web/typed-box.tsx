import { useState } from 'preact/hooks'
import type { BedAssociation } from '../api/wire.ts'
import { lookUp, sayTyped, whoOf } from './patients.ts'
import { type LabelOf, lookupText } from './patient-words.ts'
import { useStation } from './station.ts'
import { bedText } from './words.ts'

type State = { readonly kind: 'ready' | 'busy' } | { readonly kind: 'refused' | 'done'; readonly words: string }
type Props = { readonly beds: readonly BedAssociation[]; readonly hasRegistry: boolean; readonly labelOf: LabelOf; readonly changed: () => void }

/** Where there is no scanner: what is typed waits for a second person. */
export function TypedBox({ beds, hasRegistry, labelOf, changed }: Props) {
  const { receiver } = useStation()
  const [number, setNumber] = useState('')
  const [bed, setBed] = useState('')
  const [state, setState] = useState<State>({ kind: 'ready' })

  async function send(): Promise<void> {
    setState({ kind: 'busy' })
    const looked = hasRegistry && receiver.ward.value?.you.role === 'nurse' ? await lookUp(number.trim()) : null
    const who = whoOf(number.trim(), looked)
    const answer = await sayTyped(who, bed)
    changed()
    if (answer.kind !== 'done') return setState({ kind: 'refused', words: answer.why })
    setState({ kind: 'done', words: `${who.name === undefined ? who.mrn : `${who.name} (${who.mrn})`} for ${bedText(labelOf(bed))} waits for a second person.${looked === null || looked.kind === 'found' ? '' : ` ${lookupText(looked).replace(' The scan counts all the same.', '')}`}` })
    setNumber('')
    setBed('')
  }

  const submit = (event: Event): void => {
    event.preventDefault()
    if (state.kind !== 'busy') void send()
  }
  return (
    <details class="typed">
      <summary>No scanner? Type it</summary>
      <form onSubmit={submit}>
        <label>Number on the wristband<input value={number} required maxLength={200} autoComplete="off" autoCapitalize="none" onInput={(event) => setNumber(event.currentTarget.value)} /></label>
        <label>
          Bed
          <select value={bed} required onChange={(event) => setBed(event.currentTarget.value)}>
            <option value="">choose…</option>
            {beds.map((one) => <option key={one.bed} value={one.bed}>{bedText(one.label)}</option>)}
          </select>
        </label>
        <button type="submit" class="primary" disabled={state.kind === 'busy'}>{state.kind === 'busy' ? 'Saving…' : 'Propose'}</button>
        <p class="hint">It counts once a second person has confirmed it.</p>
        <p class={state.kind === 'refused' ? 'failed' : 'hint'} role="status">{state.kind === 'refused' || state.kind === 'done' ? state.words : ''}</p>
      </form>
    </details>
  )
}
