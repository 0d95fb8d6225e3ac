import { useState } from 'preact/hooks'
import type { BedAssociation } from '../api/wire.ts'
import { agoText, clockText, momentText } from './age.ts'
import type { Answer } from './api.ts'
import { disputeText, factText, type LabelOf, personText, sourceText, standingText, summaryText } from './patient-words.ts'
import { sayConfirmed, sayUnassigned, sayWithdrawn, useAssociationFacts, useAssociations } from './patients.ts'
import { ScanBox } from './scan-box.tsx'
import { useStation } from './station.ts'
import { TypedBox } from './typed-box.tsx'
import { bedText, mayIdentify } from './words.ts'

/** Whose the values of each bed are, how well that is known, and what is to be done about it. */
export function PatientsPage() {
  const { receiver } = useStation()
  const ward = receiver.ward.value
  const { view, why, again } = useAssociations()
  if (ward === null || (view === null && why === '')) return <main class="page"><p class="empty large">Waiting for the gateway.</p></main>
  if (view === null) return <main class="page"><p class="empty large" role="alert">Who lies where cannot be shown. {why}</p></main>
  const labels = new Map(view.beds.map(({ bed, label }) => [bed, label]))
  const labelOf: LabelOf = (bed) => labels.get(bed) ?? bed
  const isMine = mayIdentify(ward.you.role)
  return (
    <main class="page patients">
      <h2>Patients <small role="status">{summaryText(view.beds)}</small></h2>
      {why !== '' && <p class="failed" role="alert">Not up to date. {why}</p>}
      {!isMine && <p class="hint">You may look. Who lies where is said at the bedside, by nurses and biomedical engineers.</p>}
      {view.beds.length === 0 ? (
        <p class="empty large">No beds configured: add them under “beds” in the site's configuration, then restart the gateway.</p>
      ) : (
        <div class="patients-body" data-mine={isMine}>
          {isMine && (
            <aside class="identify">
              <ScanBox beds={view.beds} hasRegistry={view.hasRegistry} labelOf={labelOf} changed={again} />
              <TypedBox beds={view.beds} hasRegistry={view.hasRegistry} labelOf={labelOf} changed={again} />
            </aside>
          )}
          <ul class="bed-list">
            {view.beds.map((bed) => <BedRow key={bed.bed} bed={bed} you={ward.you.name} isMine={isMine} labelOf={labelOf} changed={again} />)}
          </ul>
        </div>
      )}
    </main>
  )
}

type RowProps = { readonly bed: BedAssociation; readonly you: string; readonly isMine: boolean; readonly labelOf: LabelOf; readonly changed: () => void }

const standingOf = ({ occupant }: BedAssociation): string => (occupant.kind === 'patient' ? occupant.standing : occupant.kind)

/** A tap under way or refused. */
type Tap = { readonly kind: 'ready' | 'sending' } | { readonly kind: 'refused'; readonly why: string }

function useTap(changed: () => void): { readonly tap: Tap; readonly send: (question: () => Promise<Answer>) => void } {
  const [tap, setTap] = useState<Tap>({ kind: 'ready' })
  const ask = async (question: () => Promise<Answer>): Promise<void> => {
    setTap({ kind: 'sending' })
    const answer = await question()
    setTap(answer.kind === 'done' ? { kind: 'ready' } : { kind: 'refused', why: answer.why })
    changed()
  }
  return { tap, send: (question) => void (tap.kind !== 'sending' && ask(question)) }
}

function BedRow({ bed, you, isMine, labelOf, changed }: RowProps) {
  const [isOpen, setOpen] = useState(false)
  const { occupant, disputes, proposals } = bed
  return (
    <li class="bed-row" data-standing={standingOf(bed)} data-disputed={disputes.length > 0}>
      <div class="bed-who">
        <h3>{bedText(bed.label)}</h3>
        <div class="bed-patient">
          {occupant.kind === 'patient' && (
            <p class="lying">
              <b>{occupant.patient.name ?? occupant.patient.mrn ?? 'name not shown to your role'}</b>
              {occupant.patient.name !== null && occupant.patient.mrn !== null && <span class="mrn">{occupant.patient.mrn}</span>}
              {occupant.patient.bornOn !== undefined && <span class="born">born {occupant.patient.bornOn}</span>}
            </p>
          )}
          <p class="standing" data-standing={standingOf(bed)}>{standingText(occupant)}<Since bed={bed} /></p>
        </div>
        <div class="bed-taps">
          {isMine && occupant.kind === 'patient' && <Unassign bed={bed} changed={changed} />}
          <button type="button" class="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{isOpen ? 'Hide what was said' : 'What was said'}</button>
        </div>
      </div>
      {disputes.map((dispute) => <p key={JSON.stringify(dispute)} class="dispute">{disputeText(dispute, labelOf)}</p>)}
      {proposals.map((proposal) => <Proposal key={proposal.fact} proposal={proposal} you={you} isMine={isMine} changed={changed} />)}
      {isOpen && <Facts bed={bed.bed} labelOf={labelOf} />}
    </li>
  )
}

function Since({ bed: { occupant } }: { readonly bed: BedAssociation }) {
  const { receiver } = useStation()
  const { server } = receiver.moment.value
  if (occupant.kind !== 'patient' || occupant.since === null || server === null) return null
  return <span class="since">, here since {momentText(occupant.since, server)}</span>
}

/** Two taps: what is taken away is whose the values are. */
function Unassign({ bed, changed }: { readonly bed: BedAssociation; readonly changed: () => void }) {
  const [isAsked, setAsked] = useState(false)
  const { tap, send } = useTap(changed)
  if (tap.kind === 'refused') return <p class="failed" role="alert">{tap.why}</p>
  if (!isAsked) return <button type="button" class="quiet" disabled={tap.kind === 'sending'} onClick={() => setAsked(true)}>Not this patient</button>
  const yes = (): void => {
    setAsked(false)
    send(() => sayUnassigned(bed.bed))
  }
  return (
    <>
      <button type="button" class="sure" onClick={yes}>Yes: {bedText(bed.label)} is not identified</button>
      <button type="button" class="quiet" onClick={() => setAsked(false)}>Keep</button>
    </>
  )
}

type ProposalProps = { readonly proposal: BedAssociation['proposals'][number]; readonly you: string; readonly isMine: boolean; readonly changed: () => void }

function Proposal({ proposal: { fact, patient, by, at }, you, isMine, changed }: ProposalProps) {
  const { receiver } = useStation()
  const { server } = receiver.moment.value
  const { tap, send } = useTap(changed)
  const isOwn = by === you
  return (
    <div class="proposal">
      <p>
        Typed{server === null ? '' : ` ${agoText(server - at)}`} by {isOwn ? 'you' : by}: <b>{personText(patient)}</b>.{' '}
        {isOwn ? 'A second person must confirm it, or somebody scans the wristband.' : isMine ? 'Compare the number with the wristband before you confirm.' : 'It waits for a second person.'}
      </p>
      {isMine && (
        <div class="bed-taps">
          <button type="button" class="sure" disabled={isOwn || tap.kind === 'sending'} title={isOwn ? 'You typed it yourself.' : undefined} onClick={() => send(() => sayConfirmed(fact))}>Confirm</button>
          <button type="button" class="quiet" disabled={tap.kind === 'sending'} onClick={() => send(() => sayWithdrawn(fact))}>Take it back</button>
        </div>
      )}
      {tap.kind === 'refused' && <p class="failed" role="alert">{tap.why}</p>}
    </div>
  )
}

/** True and learned at one time, or nearly: one of the two times is enough. */
const TOGETHER_MS = 60_000

function Facts({ bed, labelOf }: { readonly bed: string; readonly labelOf: LabelOf }) {
  const { receiver } = useStation()
  const { view, why } = useAssociationFacts(bed)
  const { server } = receiver.moment.value
  if (view === null) return <p class="hint">{why === '' ? 'Asking the gateway…' : `What was said cannot be shown. ${why}`}</p>
  if (view.facts.length === 0) return <p class="hint">Nothing has been said of this bed yet.</p>
  return (
    <ol class="facts">
      {view.facts.map((fact) => (
        <li key={fact.id}>
          <time title={clockText(fact.learnedAt)}>{server === null ? clockText(fact.learnedAt) : momentText(fact.learnedAt, server)}</time>
          <span>
            {factText(fact, labelOf)}
            {Math.abs(fact.learnedAt - fact.effectiveAt) > TOGETHER_MS && server !== null && <small> from {momentText(fact.effectiveAt, server)} on</small>}
          </span>
          <span class="by">{sourceText(fact)}</span>
        </li>
      ))}
    </ol>
  )
}
