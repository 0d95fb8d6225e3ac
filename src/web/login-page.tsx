import { useEffect, useRef, useState } from 'preact/hooks'
import { type Answer, paths, post } from './api.ts'
import { tokenIn } from './login-link.ts'
import { useStation } from './station.ts'

type State = { readonly kind: 'ready' | 'busy' } | { readonly kind: 'refused'; readonly why: string }

export function LoginPage() {
  const station = useStation()
  const field = useRef<HTMLInputElement>(null)
  const [state, setState] = useState<State>({ kind: 'ready' })
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')

  async function ask(question: Promise<Answer>, refusal: string): Promise<void> {
    setState({ kind: 'busy' })
    const answer = await question
    if (answer.kind === 'done') return station.loggedIn()
    setState({ kind: 'refused', why: answer.kind === 'denied' ? refusal : answer.why })
    setPassword('')
  }

  useEffect(() => field.current?.focus(), [])
  function followLink(): void {
    const token = tokenIn(location.hash)
    if (token === null) return
    // Out of the address at once: it must not stay in the history or be read over a shoulder.
    history.replaceState(null, '', location.pathname)
    void ask(post(paths.loginLink, { token }), 'This link was used before or has expired. Log in with name and password, or ask for a new link.')
  }

  useEffect(() => {
    followLink()
    // A link pasted into the address of an open login page changes only what stands behind the #.
    const over = new AbortController()
    window.addEventListener('hashchange', followLink, { signal: over.signal })
    return () => over.abort()
  }, [])

  const submit = (event: Event): void => {
    event.preventDefault()
    void ask(post(paths.login, { name, password }), 'Name or password is wrong.')
  }
  const busy = state.kind === 'busy'
  return (
    <main class="login">
      <form onSubmit={submit}>
        <h1>Vigil</h1>
        {station.loginNote.value !== '' && <p class="failed">{station.loginNote.value}</p>}
        <label>
          Name
          <input
            ref={field}
            name="name"
            autoComplete="username"
            autoCapitalize="none"
            required
            maxLength={64}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autoComplete="current-password"
            required
            maxLength={256}
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        <p class="failed" role="alert">{state.kind === 'refused' ? state.why : ''}</p>
        <button type="submit" class="primary" disabled={busy}>{busy ? 'Logging in…' : 'Log in'}</button>
      </form>
    </main>
  )
}
