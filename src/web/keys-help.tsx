import { useEffect, useRef } from 'preact/hooks'
import { isTyping } from './focus.ts'
import { type Route, useStation } from './station.ts'

const KEYS = [
  ['← ↑ → ↓', 'go from bed to bed'],
  ['Enter', 'open the bed'],
  ['a', 'acknowledge the highest alert of this bed; with no bed chosen, of the ward'],
  ['p', 'who lies where: the page “Patients”; there every key goes to the scan field'],
  ['s', 'who has which bed: the page “Shift”'],
  ['w', 'how the ward is watched, and what the rules said: the page “Ward”'],
  ['b', 'how the open bed is: away, empty, in cleaning, monitor tested'],
  ['h', 'what was not watched: the page “Handover”'],
  ['o', 'take an observation of the open bed'],
  ['Esc', 'close; on “Patients” forget what was scanned, then go back'],
  ['?', 'these keys'],
] as const

const PAGES: ReadonlyMap<string, Route> = new Map([['p', 'patients'], ['s', 'shift'], ['w', 'ward'], ['h', 'handover']])

export function KeysHelp() {
  const { keysShown, route, go } = useStation()
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const over = new AbortController()
    const press = (event: KeyboardEvent): void => {
      const isPlain = !event.repeat && !event.ctrlKey && !event.metaKey && !event.altKey
      const to = PAGES.get(event.key)
      const from = route.peek()
      // On "Patients" every key goes to the scan field.
      if (to !== undefined && isPlain && from !== 'login' && from !== 'patients' && from !== to && !isTyping(event.target)) {
        // Else it would stand in the first field of the page that opens.
        event.preventDefault()
        go(to)
      }
      if (event.key === '?' && route.peek() !== 'login' && !(event.target instanceof HTMLInputElement)) keysShown.value = !keysShown.peek()
    }
    window.addEventListener('keydown', press, { signal: over.signal })
    return () => over.abort()
  }, [])
  // Not modal: nothing may ever stand between a nurse and the alerts.
  useEffect(() => {
    if (keysShown.value) dialog.current?.focus()
  }, [keysShown.value])
  if (!keysShown.value) return null
  const close = (): void => void (keysShown.value = false)
  return (
    <dialog class="keys" open aria-label="Keys" tabIndex={-1} ref={dialog} onKeyDown={(event) => event.key === 'Escape' && close()}>
      <h2>Keys</h2>
      <dl>
        {KEYS.map(([key, words]) => (
          <div key={key}>
            <dt><kbd>{key}</kbd></dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="quiet" onClick={close}>Close</button>
    </dialog>
  )
}
