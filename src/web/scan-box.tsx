import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { BedAssociation, RegistryLookup } from '../api/wire.ts'
import { webLimits } from '../limits.ts'
import { factOf, lookUp, sayScanned, sayTyped, sayUnassigned, sayWithdrawn, whoOf } from './patients.ts'
import { type LabelOf, lookupText } from './patient-words.ts'
import { type Held, isTyped, NOTHING_HELD, type Place, readCode, stillHeld } from './scan.ts'
import { useStation } from './station.ts'
import { bedText } from './words.ts'

/** What came of it. `undo`: what takes it back, and what that button says. */
type Outcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'busy'; readonly words: string }
  | { readonly kind: 'refused'; readonly words: string }
  | { readonly kind: 'done'; readonly words: string; readonly undo: { readonly words: string; readonly act: () => Promise<{ readonly kind: string; readonly why?: string }>; readonly done: string } | null }

type Props = { readonly beds: readonly BedAssociation[]; readonly hasRegistry: boolean; readonly labelOf: LabelOf; readonly changed: () => void }

/** Wristband and bed, in either order: a scanner types them here, wherever the keyboard was. */
export function ScanBox({ beds, hasRegistry, labelOf, changed }: Props) {
  const { receiver, go } = useStation()
  const field = useRef<HTMLInputElement>(null)
  const keys = useRef<number[]>([])
  const openedAt = useRef(performance.now())
  const looking = useRef<{ readonly number: string; readonly answer: Promise<RegistryLookup | null> } | null>(null)
  const [text, setText] = useState('')
  const [held, setHeld] = useState<Held>(NOTHING_HELD)
  const [looked, setLooked] = useState<RegistryLookup | null>(null)
  const [outcome, setOutcome] = useState<Outcome>({ kind: 'none' })
  const devices = (receiver.ward.value?.devices ?? []).filter(({ bed }) => bed !== null)
  const asksRegistry = hasRegistry && receiver.ward.value?.you.role === 'nurse'

  function forget(): void {
    looking.current = null
    setHeld(NOTHING_HELD)
    setLooked(null)
  }

  /** The registry is asked as soon as the number is known; who it is about may change meanwhile. */
  function lookFor(number: string): Promise<RegistryLookup | null> {
    if (looking.current?.number === number) return looking.current.answer
    const answer = asksRegistry ? lookUp(number) : Promise.resolve(null)
    looking.current = { number, answer }
    setLooked(null)
    void answer.then((known) => {
      if (looking.current?.number === number) setLooked(known)
    })
    return answer
  }

  const bedOfPlace = (place: Place): string | null => ('bed' in place ? place.bed : (devices.find(({ id }) => id === place.device)?.bed ?? null))

  async function both(number: string, place: Place, typed: boolean): Promise<void> {
    const bed = bedOfPlace(place)
    const where = bed === null ? 'this bed' : bedText(labelOf(bed))
    setOutcome({ kind: 'busy', words: `${number} in ${where}: ${asksRegistry ? 'asking the registry for the name…' : 'saving…'}` })
    const who = whoOf(number, await lookFor(number))
    forget()
    const answer = typed && bed !== null ? await sayTyped(who, bed) : await sayScanned(who, place)
    const name = who.name === undefined ? who.mrn : `${who.name} (${who.mrn})`
    if (answer.kind !== 'done') setOutcome({ kind: 'refused', words: answer.why })
    else setOutcome(typed ? proposed(name, where, factOf(answer.body)) : confirmed(name, where, bed))
    changed()
  }

  const confirmed = (name: string, where: string, bed: string | null): Outcome => ({
    kind: 'done',
    words: `${name} lies in ${where}: confirmed.`,
    undo: bed === null ? null : { words: 'Wrong: take it back', act: () => sayUnassigned(bed), done: `Taken back. ${where} is not identified now: scan who lies there.` },
  })

  const proposed = (name: string, where: string, fact: number | null): Outcome => ({
    kind: 'done',
    words: `${name} for ${where} was typed, not scanned: it waits in the list until a second person confirms it.`,
    undo: fact === null ? null : { words: 'Take it back', act: () => sayWithdrawn(fact), done: 'Taken back.' },
  })

  function take(code: string, typed: boolean): void {
    const at = performance.now()
    const step = readCode(held, { code, typed, at }, { beds: beds.map(({ bed }) => bed), devices: devices.map(({ id }) => id) })
    switch (step.kind) {
      case 'both':
        return void both(step.number, step.place, step.typed)
      case 'no-place':
        forget()
        return setOutcome({ kind: 'refused', words: `“${step.code}” is neither a bed nor a monitor at a bed of this ward. Nothing was changed: begin again with the wristband.` })
      case 'held':
        setHeld(step.held)
        setOutcome({ kind: 'none' })
        if (step.held.kind === 'wristband') void lookFor(step.held.number)
    }
  }

  const submit = (event: Event): void => {
    event.preventDefault()
    const code = text.trim()
    const [first = 0] = keys.current
    const typed = isTyped(keys.current, code)
    keys.current = []
    setText('')
    if (code === '' || outcome.kind === 'busy') return
    if (!typed && first - openedAt.current < webLimits.scanSettleMs) return setOutcome({ kind: 'refused', words: 'This page was just being opened. Scan once more.' })
    take(code, typed)
  }

  const press = (event: KeyboardEvent): void => {
    if (event.key.length === 1) keys.current = [...keys.current, performance.now()].slice(-webLimits.scanKeysMax)
    else if (event.key === 'Backspace' || event.key === 'Delete') keys.current = []
  }

  useEffect(() => {
    // On a phone the keyboard would hide the page.
    if (window.matchMedia('(pointer: fine)').matches) field.current?.focus()
  }, [])
  // At once, and not after the next drawing: a second key that follows closely must find what the first one made of it.
  useLayoutEffect(() => {
    const over = new AbortController()
    const anywhere = (event: KeyboardEvent): void => {
      const isEntry = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement
      if (event.key === 'Escape') {
        if (held.kind === 'nothing' && outcome.kind === 'none' && (!isEntry || event.target === field.current)) go('station')
        keys.current = []
        setText('')
        forget()
        setOutcome({ kind: 'none' })
      } else if (!isEntry && event.key.length === 1 && event.key !== ' ' && event.key !== '?' && !event.ctrlKey && !event.altKey && !event.metaKey) {
        // The letter itself lands in the field: the keyboard is moved there before it is written.
        press(event)
        field.current?.focus()
      }
    }
    window.addEventListener('keydown', anywhere, { signal: over.signal })
    return () => over.abort()
  }, [held, outcome])
  useEffect(() => {
    if (held.kind === 'nothing') return undefined
    const timer = setTimeout(() => stillHeld(held, performance.now()).kind === 'nothing' && forget(), held.at + webLimits.scanHoldMs - performance.now() + 1)
    return () => clearTimeout(timer)
  }, [held])
  useEffect(() => {
    if (outcome.kind !== 'done') return undefined
    const timer = setTimeout(() => setOutcome({ kind: 'none' }), webLimits.scanDoneMs)
    return () => clearTimeout(timer)
  }, [outcome])

  async function undo({ act, done }: { readonly act: () => Promise<{ readonly kind: string; readonly why?: string }>; readonly done: string }): Promise<void> {
    setOutcome({ kind: 'busy', words: 'Taking it back…' })
    const answer = await act()
    setOutcome(answer.kind === 'done' ? { kind: 'done', words: done, undo: null } : { kind: 'refused', words: `Not taken back. ${answer.why ?? ''}` })
    changed()
  }

  return (
    <section class="scan" aria-label="Scan">
      <form onSubmit={submit}>
        <label for="scan-field">Scan wristband and bed <small>in either order; the monitor’s code will do for the bed</small></label>
        <input
          id="scan-field" ref={field} value={text} autoComplete="off" autoCapitalize="none" spellcheck={false} maxLength={200} enterKeyHint="done"
          onInput={(event) => setText(event.currentTarget.value)} onKeyDown={press} readOnly={outcome.kind === 'busy'}
        />
      </form>
      {(outcome.kind === 'none' || held.kind !== 'nothing') && <HeldLine held={held} looked={looked} asks={asksRegistry} labelOf={labelOf} bedOfPlace={bedOfPlace} />}
      <div class="scan-outcome" data-kind={outcome.kind} role={outcome.kind === 'refused' ? 'alert' : 'status'}>
        {outcome.kind !== 'none' && <p>{outcome.words}</p>}
        {outcome.kind === 'done' && outcome.undo !== null && <button type="button" class="quiet" onClick={() => outcome.undo !== null && void undo(outcome.undo)}>{outcome.undo.words}</button>}
      </div>
    </section>
  )
}

type HeldProps = { readonly held: Held; readonly looked: RegistryLookup | null; readonly asks: boolean; readonly labelOf: LabelOf; readonly bedOfPlace: (place: Place) => string | null }

/** What was read, and what is to be read next. */
function HeldLine({ held, looked, asks, labelOf, bedOfPlace }: HeldProps) {
  if (held.kind === 'nothing') return <p class="scan-next">Nothing scanned yet.</p>
  if (held.kind === 'place') {
    const bed = bedOfPlace(held.place)
    return <p class="scan-next" role="status"><b>{bed === null ? 'This bed' : bedText(labelOf(bed))}</b>. Now scan the wristband.</p>
  }
  return (
    <div role="status">
      <p class="scan-next"><b>Wristband {held.number}</b>. Now scan the bed, or its monitor.</p>
      {asks && <p class="scan-name">{looked === null ? 'Asking the registry for the name…' : lookupText(looked)}</p>}
    </div>
  )
}
