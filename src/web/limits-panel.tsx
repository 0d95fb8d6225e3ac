import { useEffect, useRef, useState } from 'preact/hooks'
import type { LimitProposal, LimitsView, LimitView } from '../api/stay-wire.ts'
import type { BedView } from '../api/wire.ts'
import { momentText } from './age.ts'
import { get, paths, post } from './api.ts'
import { type Expiry, EXPIRIES, hoursOf } from './expiry.ts'
import { useStation } from './station.ts'
import { isLimitsView } from './wire-guard.ts'
import { inputText, mayAct } from './words.ts'

type Asked = { readonly kind: 'waiting' } | { readonly kind: 'failed'; readonly why: string } | { readonly kind: 'known'; readonly view: LimitsView }

/** The alarm limits in force, and whose they are. Closed until somebody looks: the numbers are the ward's for most. */
export function LimitsPanel({ bed, stay }: { readonly bed: BedView; readonly stay: string }) {
  const [isOpen, setOpen] = useState(false)
  const own = bed.context.limits ?? []
  return (
    <details class="limits" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Alarm limits <small>{own.length === 0 ? 'the ward’s' : `${own.length} set for this stay`}</small></summary>
      {isOpen && <Limits bed={bed} stay={stay} />}
    </details>
  )
}

function Limits({ bed, stay }: { readonly bed: BedView; readonly stay: string }) {
  const { receiver } = useStation()
  const [asked, setAsked] = useState<Asked>({ kind: 'waiting' })
  const [editing, setEditing] = useState<{ readonly limit: LimitView; readonly beyond: number | null } | null>(null)
  const [isProposing, setProposing] = useState(false)
  const standing = JSON.stringify([bed.context.limits, bed.context.population])
  useEffect(() => {
    let isOver = false
    void get(paths.limits(stay)).then((answer) => {
      if (isOver) return
      if (answer.kind !== 'done') setAsked({ kind: 'failed', why: answer.why })
      else if (isLimitsView(answer.body)) setAsked({ kind: 'known', view: answer.body })
      else setAsked({ kind: 'failed', why: 'The gateway answered what this page does not understand.' })
    })
    return () => {
      isOver = true
    }
    // What stands, or whoever set it, has changed.
  }, [stay, standing, isProposing])
  if (asked.kind === 'waiting') return <p class="empty">Asking…</p>
  if (asked.kind === 'failed') return <p class="failed" role="alert">{asked.why}</p>
  const { view } = asked
  const readOnly = !mayAct(receiver.ward.value?.you.role)
  const isEdited = ({ variable, side }: { readonly variable: string; readonly side: string }): boolean => editing?.limit.variable === variable && editing.limit.side === side
  const row = (limit: LimitView) => (
    <li key={`${limit.variable} ${limit.side}`}>
      <LimitLine limit={limit} bed={bed} />
      {!readOnly && <button type="button" class="quiet" aria-expanded={isEdited(limit)} onClick={() => setEditing(isEdited(limit) ? null : { limit, beyond: null })}>Change<span class="heard"> {nameOf(limit, bed)}</span></button>}
      {editing !== null && isEdited(limit) && <LimitForm key={editing.beyond} stay={stay} limit={limit} beyond={editing.beyond} done={() => setEditing(null)} />}
    </li>
  )
  return (
    <>
      <p class="hint">{wardText(view)}</p>
      <ul class="limit-list">{view.limits.filter(hasLimit).map(row)}</ul>
      <details class="limits-none" open={editing !== null && !hasLimit(editing.limit)}>
        <summary>Without a limit <small>{view.limits.filter((limit) => !hasLimit(limit)).length}</small></summary>
        <ul class="limit-list">{view.limits.filter((limit) => !hasLimit(limit)).map(row)}</ul>
      </details>
      {!readOnly && <button type="button" class="quiet" aria-expanded={isProposing} onClick={() => setProposing(!isProposing)}>Propose limits from the last hour</button>}
      {isProposing && <Proposals proposals={view.proposals} bed={bed} use={({ variable, side, beyond }) => {
        const limit = view.limits.find((one) => one.variable === variable && one.side === side)
        if (limit !== undefined) setEditing({ limit, beyond })
      }} />}
    </>
  )
}

const hasLimit = ({ ward, stay }: LimitView): boolean => ward !== null || stay !== null

const wardText = ({ ward: { name, setBy, signedBy } }: LimitsView): string =>
  `Ward limits: ${setBy === name ? name : setBy}${signedBy === null ? '' : `, signed by ${signedBy.name} on ${signedBy.at}`}.`

const nameOf = ({ variable, side }: { readonly variable: string; readonly side: string }, bed: BedView): string => `${inputText(variable, bed.values)} ${side === 'low' ? 'below' : 'above'}`

/** The number that acts, and whose it is. */
function LimitLine({ limit, bed }: { readonly limit: LimitView; readonly bed: BedView }) {
  const { server } = useStation().receiver.moment.value
  const { ward, stay, unit, isDraft } = limit
  const until = stay === null ? '' : stay.until === null ? 'until this stay ends' : `until ${momentText(stay.until, server ?? stay.at)}`
  return (
    <p class="limit-line" data-of={stay === null ? (isDraft ? 'draft' : 'ward') : 'stay'}>
      <span>{nameOf(limit, bed)}</span>{' '}
      <b>{stay?.beyond ?? ward?.beyond ?? '—'}</b> <span class="field-unit">{ward === null && stay === null ? 'no limit' : unit}</span>
      {stay === null && isDraft && <small>draft, does not act</small>}
      {stay !== null && (
        <small>
          set by {stay.by} {momentText(stay.at, server ?? stay.at)}, {until}: {stay.reason}
          {stay.signedBy === undefined ? '' : ` (${stay.signedBy} answers for it)`}. Ward: {ward === null ? 'none' : isDraft ? `${ward.beyond}, a draft that does not act` : ward.beyond}
        </small>
      )}
    </p>
  )
}

type FormProps = { readonly stay: string; readonly limit: LimitView; readonly beyond: number | null; readonly done: () => void }

function LimitForm({ stay, limit, beyond, done }: FormProps) {
  const { variable, side, from, to, unit, ward, isDraft, signedBelow } = limit
  const now = limit.stay?.beyond ?? (isDraft ? null : (ward?.beyond ?? null))
  const [text, setText] = useState(String(beyond ?? limit.stay?.beyond ?? ward?.beyond ?? ''))
  const [reason, setReason] = useState('')
  const [expiry, setExpiry] = useState<Expiry>('12')
  const [signedBy, setSignedBy] = useState('')
  const [why, setWhy] = useState('')
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    form.current?.scrollIntoView({ block: 'nearest' })
    form.current?.querySelector('input')?.focus({ preventScroll: true })
  }, [])
  const wanted = text.trim() === '' ? Number.NaN : Number(text.replace(',', '.'))
  const isInside = wanted >= from && wanted <= to
  const widens = isInside && now !== null && (side === 'low' ? wanted < now : wanted > now)
  const isSigned = signedBelow !== null && wanted < signedBelow
  const said = async (path: string, body: object): Promise<void> => {
    const answer = await post(path, body)
    if (answer.kind === 'done') done()
    else setWhy(answer.why)
  }
  const save = (event: Event): void => {
    event.preventDefault()
    void said(paths.limits(stay), { variable, side, beyond: wanted, reason, hours: hoursOf(expiry), ...(isSigned ? { signedBy } : {}) })
  }
  return (
    <form class="limit-form" onSubmit={save} ref={form}>
      <label>{side === 'low' ? 'Alarm below' : 'Alarm above'}, {unit} <input type="text" inputMode="decimal" autoComplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} /></label>
      {!isInside && <p class="hint">No limit of this kind may lie outside {from} to {to}.</p>}
      {widens && <p class="widens">This lets more pass than now ({now}).</p>}
      <label>Why <input type="text" autoComplete="off" maxLength={200} value={reason} onInput={(event) => setReason(event.currentTarget.value)} /></label>
      {isSigned && <label>Clinician who answers for a limit below {signedBelow} <input type="text" autoComplete="off" maxLength={64} value={signedBy} onInput={(event) => setSignedBy(event.currentTarget.value)} /></label>}
      <label>
        Holds{' '}
        <select value={expiry} onChange={(event) => setExpiry(EXPIRIES.find(({ id }) => id === event.currentTarget.value)?.id ?? '12')}>
          {EXPIRIES.map(({ id, words }) => <option key={id} value={id}>{words}</option>)}
        </select>
      </label>
      {why !== '' && <p class="failed" role="alert">Not changed. {why}</p>}
      <div class="observation-foot">
        <button type="submit" class="confirm" disabled={!isInside || reason.trim().length < 3 || (isSigned && signedBy.trim().length < 3)}>Set for this stay</button>
        {limit.stay !== null && <button type="button" class="quiet" onClick={() => void said(paths.wardLimit(stay), { variable, side })}>Ward’s limit again</button>}
        <button type="button" class="quiet" onClick={done}>Cancel</button>
      </div>
    </form>
  )
}

function Proposals({ proposals, bed, use }: { readonly proposals: readonly LimitProposal[]; readonly bed: BedView; readonly use: (proposal: LimitProposal) => void }) {
  if (proposals.length === 0) return <p class="hint">The last hour proposes nothing: too little is known, or the limits fit. SpO₂ and temperature are never proposed.</p>
  return (
    <ul class="limit-list" aria-label="Proposed limits">
      {proposals.map((proposal) => (
        <li key={`${proposal.variable} ${proposal.side}`}>
          <p class="limit-line">
            <span>{nameOf(proposal, bed)}</span> <b>{proposal.beyond}</b>
            <small>{proposal.now === null ? 'none acts now' : `now ${proposal.now}`}; middle of {proposal.values} values {proposal.median}. {proposal.widens ? 'Lets more pass than now.' : 'Nothing is widened.'}</small>
          </p>
          <button type="button" class="quiet" onClick={() => use(proposal)}>Use…<span class="heard"> {nameOf(proposal, bed)}</span></button>
        </li>
      ))}
    </ul>
  )
}
