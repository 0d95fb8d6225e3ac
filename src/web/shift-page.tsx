import { useState } from 'preact/hooks'
import type { ShiftNurse, ShiftView } from '../api/shift-wire.ts'
import { peopleLimits, webLimits } from '../limits.ts'
import { minuteText, momentText } from './age.ts'
import { paths, post } from './api.ts'
import { usePolled } from './patients.ts'
import { type Draft, draftOf, draftText, isChanged, othersToName, shiftNotes, toggled } from './shift.ts'
import { useStation } from './station.ts'
import { isShiftView } from './wire-guard.ts'
import { mayAct } from './words.ts'

type Said = { readonly kind: 'ready' | 'busy' } | { readonly kind: 'refused' | 'done'; readonly words: string }
type Say = (request: object, done: string) => Promise<boolean>

/** Who has which bed: tap a nurse, tap her beds, save. */
export function ShiftPage() {
  const { receiver } = useStation()
  const { view, why, again } = usePolled<ShiftView>(paths.shift, { everyMs: webLimits.shiftEveryMs, isView: isShiftView })
  const [draft, setDraft] = useState<Draft | null>(null)
  const [said, setSaid] = useState<Said>({ kind: 'ready' })
  const may = mayAct(receiver.ward.value?.you.role)

  const say: Say = async (request, done) => {
    setSaid({ kind: 'busy' })
    const answer = await post(paths.shift, request)
    setSaid(answer.kind === 'done' ? { kind: 'done', words: done } : { kind: 'refused', words: answer.why })
    again()
    return answer.kind === 'done'
  }
  const save = async (): Promise<void> => {
    if (draft !== null && (await say({ what: 'assign', nurse: draft.nurse, beds: [...draft.beds] }, `${draft.nurse} has ${draft.beds.size === 1 ? '1 bed' : `${draft.beds.size} beds`}.`))) setDraft(null)
  }
  if (view === null) return <main class="page"><h2>Shift</h2>{why === '' ? <p class="empty large">Waiting for the gateway.</p> : <p class="failed" role="alert">The shift cannot be shown. {why}</p>}</main>
  const undo = view.undo
  return (
    <main class="page shift" onKeyDown={(event) => event.key === 'Escape' && setDraft(null)}>
      <h2>Shift <small role="status">{shiftText(view)}</small></h2>
      {why !== '' && <p class="failed" role="alert">Not up to date. {why}</p>}
      {shiftNotes(view).map((note) => <p key={note} class="shift-note">{note}</p>)}
      <div class="shift-said" data-kind={said.kind} role={said.kind === 'refused' ? 'alert' : 'status'}>
        {'words' in said && <p>{said.words}</p>}
        {may && undo !== null && <button type="button" class="quiet" disabled={said.kind === 'busy'} onClick={() => void say({ what: 'undo', version: undo }, 'Taken back.')}>Undo the last change</button>}
      </div>
      <div class="shift-body">
        <People view={view} draft={draft} pick={(nurse) => setDraft(draft?.nurse === nurse.name ? null : draftOf(nurse))} say={say} may={may} />
        <Beds view={view} draft={draft} toggle={(bed) => draft && setDraft(toggled(draft, bed))} save={() => void save()} cancel={() => setDraft(null)} busy={said.kind === 'busy'} />
      </div>
      {may && <Begin say={say} isFirst={view.shift === null} />}
    </main>
  )
}

const shiftText = ({ at, shift }: ShiftView): string =>
  shift === null ? '' : `${shift.isOver ? 'ended' : 'until'} ${momentText(shift.endsAt, at)} · charge nurse ${shift.charge ?? 'nobody'} · begun by ${shift.by} ${minuteText(shift.startedAt)}`

type PeopleProps = { readonly view: ShiftView; readonly draft: Draft | null; readonly pick: (nurse: ShiftNurse) => void; readonly say: Say; readonly may: boolean }

function People({ view, draft, pick, say, may }: PeopleProps) {
  const nurses = view.shift?.nurses ?? []
  return (
    <section class="shift-people" aria-label="People">
      <h3>People</h3>
      <ul>
        {nurses.map((nurse) => (
          <li key={nurse.name} class="shift-nurse" data-picked={draft?.nurse === nurse.name} data-late={nurse.onBreak?.isOver === true}>
            <button type="button" class="shift-name" aria-pressed={draft?.nurse === nurse.name} disabled={!may} onClick={() => pick(nurse)}>
              <b>{nurse.name}</b>{view.shift?.charge === nurse.name ? ' · charge nurse' : ''}
              <small>{nurse.beds.length === 0 ? 'no bed' : nurse.beds.length === 1 ? '1 bed' : `${nurse.beds.length} beds`}{nurse.onBreak === null ? '' : ` · on break until ${minuteText(nurse.onBreak.until)}`}</small>
            </button>
            {may && <NurseActs nurse={nurse} view={view} say={say} />}
            {!may && nurse.buddy !== null && <small>buddy {nurse.buddy}</small>}
          </li>
        ))}
      </ul>
      {nurses.length === 0 && <p class="empty">Nobody yet.</p>}
      {may && <AddNurse view={view} say={say} />}
    </section>
  )
}

function NurseActs({ nurse, view, say }: { readonly nurse: ShiftNurse; readonly view: ShiftView; readonly say: Say }) {
  const { name, buddy, onBreak } = nurse
  const isCharge = view.shift?.charge === name
  const others = (view.shift?.nurses ?? []).filter((one) => one.name !== name)
  return (
    <div class="shift-acts">
      <label>
        Buddy
        <select value={buddy ?? ''} onChange={({ currentTarget: { value } }) => void say({ what: 'buddy', nurse: name, buddy: value === '' ? null : value }, value === '' ? `${name} has no buddy.` : `${value} is the buddy of ${name}.`)}>
          <option value="">nobody</option>
          {others.map((one) => <option key={one.name} value={one.name}>{one.name}</option>)}
        </select>
      </label>
      {onBreak === null ? (
        <>
          <button type="button" class="quiet" onClick={() => void say({ what: 'break', nurse: name, minutes: 15 }, `${name} is on break for 15 min.`)}>Break 15</button>
          <button type="button" class="quiet" onClick={() => void say({ what: 'break', nurse: name, minutes: 30 }, `${name} is on break for 30 min.`)}>30 min</button>
        </>
      ) : <button type="button" class="primary" onClick={() => void say({ what: 'back', nurse: name }, `${name} is back.`)}>Back from break</button>}
      <button type="button" class="quiet" aria-pressed={isCharge} onClick={() => void say({ what: 'charge', nurse: isCharge ? null : name }, isCharge ? 'There is no charge nurse.' : `${name} is the charge nurse.`)}>Charge</button>
      <button type="button" class="quiet" onClick={() => void say({ what: 'leave', nurse: name }, `${name} has gone home.`)}>Goes home</button>
    </div>
  )
}

function AddNurse({ view, say }: { readonly view: ShiftView; readonly say: Say }) {
  const [name, setName] = useState('')
  const submit = (event: Event): void => {
    event.preventDefault()
    if (name.trim() !== '') void say({ what: 'assign', nurse: name.trim(), beds: [] }, `${name.trim()} is here.`).then((isDone) => isDone && setName(''))
  }
  return (
    <form class="shift-add" onSubmit={submit}>
      <label>Who comes<input value={name} list="shift-names" maxLength={peopleLimits.nameCharsMax} autoComplete="off" onInput={(event) => setName(event.currentTarget.value)} /></label>
      <datalist id="shift-names">{othersToName(view).map((one) => <option key={one} value={one} />)}</datalist>
      <button type="submit" class="primary" disabled={name.trim() === ''}>Add</button>
    </form>
  )
}

type BedsProps = { readonly view: ShiftView; readonly draft: Draft | null; readonly toggle: (bed: string) => void; readonly save: () => void; readonly cancel: () => void; readonly busy: boolean }

function Beds({ view, draft, toggle, save, cancel, busy }: BedsProps) {
  const before = view.shift?.nurses.find(({ name }) => name === draft?.nurse)?.beds ?? []
  return (
    <section class="shift-beds" aria-label="Beds">
      <h3>{draft === null ? 'Beds' : `Beds of ${draft.nurse}`}</h3>
      {draft === null ? <p class="hint">Tap a nurse, then her beds.</p> : (
        <p class="shift-draft">
          <span role="status">{draftText(draft, view.beds)}</span>
          <button type="button" class="primary" disabled={busy || !isChanged(draft, before)} onClick={save}>Save</button>
          <button type="button" class="quiet" onClick={cancel}>Cancel</button>
        </p>
      )}
      <div class="shift-grid">
        {view.beds.map(({ bed, label, assigned, holder, buddy }) => (
          <button key={bed} type="button" class="shift-bed" aria-pressed={draft?.beds.has(bed) ?? false} disabled={draft === null} data-stale={view.shift?.isOver === true} onClick={() => toggle(bed)}>
            <span class="shift-label">{label}</span>
            <b>{assigned ?? (holder === null ? 'whole ward' : `charge: ${holder}`)}</b>
            <small>{holder !== assigned && assigned !== null ? `with ${holder ?? 'the whole ward'}` : buddy === null ? '' : `then ${buddy}`}</small>
          </button>
        ))}
      </div>
    </section>
  )
}

const HOURS = [6, 8, 10, 12] as const

function Begin({ say, isFirst }: { readonly say: Say; readonly isFirst: boolean }) {
  const [hours, setHours] = useState<number>(peopleLimits.usualShiftHours)
  const begin = (keep: boolean): void => void say({ what: 'begin', hours, keep }, 'A new shift has begun.')
  return (
    <fieldset class="hours shift-begin">
      <legend>A new shift, for</legend>
      {HOURS.map((one) => <label key={one}><input type="radio" name="shift-hours" checked={one === hours} onChange={() => setHours(one)} /> {one} h</label>)}
      {!isFirst && <button type="button" class="quiet" onClick={() => begin(true)}>Begin with the same people</button>}
      <button type="button" class="quiet" onClick={() => begin(false)}>Begin with nobody</button>
    </fieldset>
  )
}
