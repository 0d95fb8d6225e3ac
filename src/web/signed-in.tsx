import type { SessionView } from '../api/wire.ts'
import { webLimits } from '../limits.ts'
import { momentText } from './age.ts'
import { paths } from './api.ts'
import { usePolled } from './patients.ts'
import { useSaying } from './said.ts'
import { SaidLine } from './said-line.tsx'
import { useStation } from './station.ts'
import { isSessions } from './wire-guard.ts'
import { roleText } from './words.ts'

/** Who is signed in where: a screen that was lost, or stolen, is signed out by itself. */
export function SignedIn() {
  const { receiver } = useStation()
  const { server } = receiver.moment.value
  const { view, why, again } = usePolled<readonly SessionView[]>(paths.sessions, { everyMs: webLimits.sessionsEveryMs, isView: isSessions })
  const saying = useSaying()
  const end = async ({ id, name }: SessionView): Promise<void> => {
    if (await saying.say(paths.endSession(id), {}, { words: `${name} is signed out there.`, undo: null })) again()
  }
  return (
    <section aria-label="Who is signed in">
      <h3>Who is signed in</h3>
      {why !== '' && <p class="failed" role="alert">{view === null ? 'It cannot be shown.' : 'Not up to date.'} {why}</p>}
      <SaidLine saying={saying} />
      {view !== null && (
        <table class="devices stacks">
          <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">Since</th><th scope="col">From</th><th scope="col">End</th></tr></thead>
          <tbody>
            {view.map((one) => (
              <tr key={one.id}>
                <th scope="row">{one.name}</th>
                <td data-label="">{roleText(one.role)}</td>
                <td data-label="Since">{one.since === null ? 'not known' : momentText(one.since, server ?? one.since)}</td>
                <td data-label="From">{one.from === '' ? 'not known' : one.from}</td>
                <td data-label="">{one.isThis ? 'this screen' : <button type="button" class="quiet" onClick={() => void end(one)}>Sign out<span class="heard"> {one.name}, {one.from}</span></button>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
