import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ShiftView } from '../api/shift-wire.ts'
import { webLimits } from '../limits.ts'
import { type Asking, chosen, entered, erased, isWhole, namesToChoose, NOBODY_YET, pressed } from './actor.ts'
import type { Question } from './actor-gate.ts'
import { get, paths } from './api.ts'
import { isTyped } from './scan.ts'
import { useStation } from './station.ts'
import { isShiftView } from './wire-guard.ts'

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'] as const

/** Who taps: a badge, or a name and a PIN. Not modal: nothing may ever stand between a nurse and the alerts. */
export function ActorBox() {
  const { actor } = useStation()
  const question = actor.question.value
  return question === null ? null : <Ask key={question.id} question={question} />
}

function Ask({ question }: { readonly question: Question }) {
  const { actor } = useStation()
  const field = useRef<HTMLInputElement>(null)
  const keys = useRef<number[]>([])
  const [asking, setAsking] = useState<Asking>(NOBODY_YET)
  const [hint, setHint] = useState('')
  const names = useNames()

  useEffect(() => {
    const timer = setTimeout(() => actor.answer(null), webLimits.actorAskMs)
    return () => clearTimeout(timer)
  }, [asking, question.why])
  // At once, and not after the next drawing: a badge may be scanned as soon as this stands there.
  useLayoutEffect(() => field.current?.focus(), [asking.name, question.why])
  useEffect(() => {
    if (question.why === '') return
    setAsking((before) => ({ ...before, pin: '' }))
    keys.current = []
  }, [question.why])
  // Wherever the keyboard is, a scanner writes here while this is asked.
  useLayoutEffect(() => {
    const over = new AbortController()
    const anywhere = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') return actor.answer(null)
      if (event.key.length !== 1 || event.ctrlKey || event.altKey || event.metaKey) return
      event.stopPropagation()
      keys.current = [...keys.current, performance.now()].slice(-webLimits.scanKeysMax)
      if (event.target !== field.current && event.key !== ' ') field.current?.focus()
    }
    window.addEventListener('keydown', anywhere, { capture: true, signal: over.signal })
    return () => over.abort()
  }, [])

  function send(text: string, typed: boolean): void {
    const step = entered(asking, text, typed)
    keys.current = []
    if (step.kind === 'more') {
      setHint(step.hint)
      setAsking({ ...asking, pin: '' })
    } else actor.answer(step.proof)
  }
  const submit = (event: Event): void => {
    event.preventDefault()
    const code = asking.pin
    if (!question.isBusy) send(code, isTyped(keys.current, code))
  }
  const press = (digit: string): void => {
    keys.current = []
    setHint('')
    setAsking(pressed(asking, digit))
  }
  const words = question.isBusy ? 'One moment…' : question.why !== '' ? question.why : hint !== '' ? hint : asking.name === null ? 'Scan your badge, or choose your name.' : `${asking.name}: type your PIN.`
  return (
    <dialog class="actor" open aria-label="Who are you?">
      <form onSubmit={submit}>
        <h2>Who are you? <small>to {question.deed}</small></h2>
        <p class="actor-words" data-refused={question.why !== '' && !question.isBusy} role="status">{words}</p>
        <div class="actor-names" role="group" aria-label="Names">
          {names.map((name) => (
            <button key={name} type="button" aria-pressed={asking.name === name} disabled={question.isBusy} onClick={() => (setHint(''), setAsking(chosen(asking, name)))}>{name}</button>
          ))}
        </div>
        <input
          ref={field} type="password" inputMode="none" aria-label="PIN, or badge" autoComplete="off" maxLength={64} value={asking.pin} readOnly={question.isBusy}
          onInput={(event) => setAsking({ ...asking, pin: event.currentTarget.value })}
        />
        <div class="actor-pad" data-open={asking.name !== null}>
          {DIGITS.map((digit) => <button key={digit} type="button" disabled={question.isBusy} onClick={() => press(digit)}>{digit}</button>)}
          <button type="button" aria-label="Erase" disabled={question.isBusy} onClick={() => setAsking(erased(asking))}>⌫</button>
          <button type="button" disabled={question.isBusy} onClick={() => press('0')}>0</button>
          <button type="button" class="primary" disabled={question.isBusy || !isWhole(asking)} onClick={() => send(asking.pin, true)}>OK</button>
        </div>
        <button type="button" class="quiet" onClick={() => actor.answer(null)}>Cancel</button>
      </form>
    </dialog>
  )
}

/** Asked for once, when the question comes: nothing waits for it, for a badge needs no name. */
function useNames(): readonly string[] {
  const [view, setView] = useState<ShiftView | null>(null)
  useEffect(() => {
    void get(paths.shift).then((answer) => answer.kind === 'done' && isShiftView(answer.body) && setView(answer.body))
  }, [])
  return view === null ? [] : namesToChoose(view)
}
