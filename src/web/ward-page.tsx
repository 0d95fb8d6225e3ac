import { useState } from 'preact/hooks'
import type { CommissioningView, WardModeView } from '../api/house-wire.ts'
import { houseLimits, webLimits } from '../limits.ts'
import { momentText } from './age.ts'
import { paths } from './api.ts'
import { Minutes } from './bed-controls.tsx'
import { modeText, rateText, secondsText, shareText } from './house.ts'
import { usePolled } from './patients.ts'
import { useSaying } from './said.ts'
import { SaidLine } from './said-line.tsx'
import { SignedIn } from './signed-in.tsx'
import { useStation } from './station.ts'
import { isCommissioning } from './wire-guard.ts'
import { bedText, priorityText } from './words.ts'

const DAYS = [null, 1, 7, 14] as const
const MAINTENANCE_FOR = [30, 60, 120, 240] as const
const LIVE: WardModeView = { mode: 'live', isSilent: false, since: 0, by: null, words: '' }

/** How the ward is watched, who may change it, and what the rules said. */
export function WardPage() {
  const { receiver } = useStation()
  const ward = receiver.ward.value
  const [days, setDays] = useState<(typeof DAYS)[number]>(null)
  const { view, why } = usePolled<CommissioningView>(paths.commissioning(days), { everyMs: webLimits.commissioningEveryMs, isView: isCommissioning })
  if (ward === null) return <main class="page"><p class="empty large">Waiting for the gateway.</p></main>
  const watching = ward.gateway.watching ?? LIVE
  return (
    <main class="page ward-page">
      <h2>Ward</h2>
      <Mode watching={watching} now={receiver.moment.value.server ?? watching.since} role={ward.you.role} />
      <h3>What the rules {watching.isSilent ? 'would have said' : 'said'}</h3>
      <fieldset class="hours">
        <legend>The last</legend>
        {DAYS.map((one) => <label key={String(one)}><input type="radio" name="days" checked={one === days} onChange={() => setDays(one)} /> {one === null ? `since ${watching.mode === 'live' ? 'it went live' : 'it began'}` : one === 1 ? 'day' : `${one} days`}</label>)}
      </fieldset>
      {why !== '' && <p class="failed" role="alert">{view === null ? 'It cannot be shown.' : 'Not up to date.'} {why}</p>}
      {view !== null && <Report view={view} />}
      {ward.you.role === 'admin' && <SignedIn />}
    </main>
  )
}

function Mode({ watching, now, role }: { readonly watching: WardModeView; readonly now: number; readonly role: string }) {
  const saying = useSaying()
  const [words, setWords] = useState('')
  const [minutes, setMinutes] = useState(60)
  const { mode, by, since, words: said, until } = watching
  const isWritten = words.trim().length >= 3
  const say = (body: object, done: string): void => {
    setWords('')
    void saying.say(paths.wardMode, body, { words: done, undo: null })
  }
  const isEngineer = role === 'admin' || role === 'biomed'
  return (
    <section class="mode" aria-label="How the ward is watched">
      <p class="mode-now"><strong>{modeText(watching)}</strong></p>
      {since > 0 && <p class="hint">Since {momentText(since, now)}{by === null ? ', by the configuration' : `, by ${by}`}{said === '' ? '' : `: “${said}”`}{until === undefined ? '' : `; until ${momentText(until, now)}`}</p>}
      {!isEngineer && <p class="hint">An administrator signs that a ward goes live; engineers see to its maintenance.</p>}
      {isEngineer && (
        <form class="limit-form" onSubmit={(event) => event.preventDefault()}>
          {mode === 'maintenance'
            ? <p class="form-end"><button type="button" class="confirm" onClick={() => say({ mode: 'over' }, 'The maintenance is over.')}>The maintenance is over</button></p>
            : (
              <>
                <label>{mode === 'commissioning' && role === 'admin' ? 'With what you sign, or why there is maintenance' : 'Why there is maintenance'} <input type="text" autoComplete="off" maxLength={houseLimits.houseWordsCharsMax} value={words} onInput={(event) => setWords(event.currentTarget.value)} /></label>
                <Minutes legend="Maintenance for" choices={MAINTENANCE_FOR} minutes={minutes} most={houseLimits.wardMaintenanceMinutesMax} choose={setMinutes} />
                <p class="form-end">
                  {mode === 'commissioning' && role === 'admin' && <button type="button" class="confirm" disabled={!isWritten} onClick={() => say({ mode: 'live', words: words.trim() }, 'The ward is live.')}>I sign: the ward goes live</button>}
                  <button type="button" class="quiet" disabled={!isWritten} onClick={() => say({ mode: 'maintenance', words: words.trim(), minutes }, 'The ward is in maintenance.')}>Begin maintenance</button>
                </p>
                {mode === 'commissioning' && <p class="hint">Going live cannot be taken back here: read the report below first, of seven days where you can.</p>}
              </>
            )}
        </form>
      )}
      <SaidLine saying={saying} />
    </section>
  )
}

function Report({ view }: { readonly view: CommissioningView }) {
  const { from, to, bedDays, alerts, perBedDay, shortShare, rules, perBed, perDay, offenders, isCut } = view
  return (
    <div class="table-box report" tabIndex={0} role="region" aria-label="Report">
      <p class="lead"><strong>{rateText(perBedDay)}</strong> alerts a bed and day ({alerts} in {rateText(bedDays)} days of measured beds); <strong>{shareText(shortShare)}</strong> over within 15 s. {momentText(from, to)} to {momentText(to, to)}.</p>
      {isCut && <p class="failed">There is more than is read at once: the latest is missing. Choose a shorter time.</p>}
      <p class="hint"><a href={paths.commissioning(null)} download="vigil-commissioning.json">Save as JSON</a> · as a page to print: <code>vigil commissioning --html report.html</code></p>
      <Table name="By rule" heads={['Rule', 'Priority', 'Alerts', 'Per bed and day', 'Median', 'Under 15 s']} rows={rules.map((of) => [of.words, priorityText(of.priority), of.alerts, rateText(of.perBedDay), secondsText(of.medianSeconds), shareText(of.shortShare)])} />
      <Table name="By bed" heads={['Bed', 'Days measured', 'Alerts', 'Per day', 'High']} rows={perBed.map((of) => [bedText(of.label), rateText(of.bedDays), of.alerts, rateText(of.perBedDay), of.high])} />
      <Table name="By day" heads={['24 h from', 'Alerts', 'High', 'Medium', 'Low']} rows={perDay.map((of) => [momentText(of.from, 0), of.alerts, of.high, of.medium, of.low])} />
      <Table name="Who says most" heads={['Bed', 'Rule', 'Alerts']} rows={offenders.map((of) => [bedText(of.label), of.words, of.alerts])} />
    </div>
  )
}

function Table({ name, heads, rows }: { readonly name: string; readonly heads: readonly string[]; readonly rows: readonly (readonly (string | number)[])[] }) {
  return (
    <table class="devices">
      <caption>{name}</caption>
      <thead><tr>{heads.map((head) => <th key={head} scope="col">{head}</th>)}</tr></thead>
      <tbody>
        {rows.map((cells, row) => <tr key={row}>{cells.map((cell, place) => (place === 0 ? <th key={place} scope="row">{cell}</th> : <td key={place}>{cell}</td>))}</tr>)}
      </tbody>
    </table>
  )
}
