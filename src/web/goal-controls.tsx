import { useState } from 'preact/hooks'
import type { BedView } from '../api/wire.ts'
import { GOAL_WORDS, type GoalKind, GOALS } from '../domain/bed-state.ts'
import { houseLimits } from '../limits.ts'
import { momentText } from './age.ts'
import { paths } from './api.ts'
import { useFirstField } from './focus.ts'
import { goalText, isReviewDue } from './house.ts'
import { useSaying } from './said.ts'
import { SaidLine } from './said-line.tsx'
import { useStation } from './station.ts'
import { mayAct } from './words.ts'

const REVIEW_HOURS = [4, 8, 12, 24, 72] as const
const SHORT: Readonly<Record<GoalKind, string>> = { full: 'Full', limited: 'Limited', comfort: 'Comfort' }
const EFFECT: Readonly<Record<GoalKind, string>> = {
  full: 'Everything calls.',
  limited: 'It stands on the tile. Everything calls as before.',
  comfort: 'NEWS2, PEWS and the sepsis screen are shown and call nobody, until the review is due. Limits, and the monitor’s own alarms, are told as before.',
}

/** What the treatment is for, as a named clinician decided it. It belongs to the stay, and goes with it. */
export function GoalControls({ bed, stay }: { readonly bed: BedView; readonly stay: string }) {
  const { receiver } = useStation()
  const saying = useSaying()
  const [asking, setAsking] = useState<GoalKind | null>(null)
  const { goal } = bed
  const now = receiver.moment.value.server ?? goal?.at ?? 0
  const readOnly = !mayAct(receiver.ward.value?.you.role) && receiver.ward.value?.you.role !== 'station'
  const path = paths.goal(stay)
  const undo = goal === undefined
    ? { goal: 'full', decidedBy: 'nobody yet', reason: 'set by mistake, taken back', reviewHours: houseLimits.goalReviewHoursMax }
    : { goal: goal.goal, decidedBy: goal.decidedBy, reason: goal.reason, reviewHours: goal.reviewHours }
  const save = (body: GoalAsked): void => {
    void saying.say(path, body, { words: 'Saved.', undo: { path, body: undo } })
    setAsking(null)
  }
  return (
    <section class="goal" aria-label="What the treatment is for">
      <fieldset class="choices" disabled={readOnly}>
        <legend>Treatment</legend>
        <div class="choice-row">
          {GOALS.map((one) => (
            <label key={one}>
              <input type="radio" name={`${stay} goal`} checked={one === (asking ?? goal?.goal ?? 'full')} onChange={() => setAsking(one)} />
              <span>{SHORT[one]}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {goal !== undefined && asking === null && (
        <p class="bed-said" data-phase={isReviewDue(goal, now) ? 'overdue' : undefined}>
          {goalText(goal)} <small>({goal.by}, {momentText(goal.at, now)})</small><br />
          {goal.goal === 'full' ? '' : `${isReviewDue(goal, now) ? 'Review was due' : 'Review due'} ${momentText(goal.reviewDueAt, now)}. ${goal.goal === 'comfort' && !goal.quiets ? 'Its prompts call again until it is reviewed.' : EFFECT[goal.goal]}`}
          {goal.goal !== 'full' && !readOnly && <button type="button" class="quiet" onClick={() => void saying.say(paths.goalReview(stay), {}, { words: 'Reviewed.', undo: null })}>Reviewed: it stays so</button>}
        </p>
      )}
      {asking !== null && <GoalForm goal={asking} save={save} cancel={() => setAsking(null)} />}
      <SaidLine saying={saying} />
    </section>
  )
}

type GoalAsked = { readonly goal: GoalKind; readonly decidedBy: string; readonly reason: string; readonly reviewHours: number }

function GoalForm({ goal, save, cancel }: { readonly goal: GoalKind; readonly save: (body: GoalAsked) => void; readonly cancel: () => void }) {
  const field = useFirstField<HTMLInputElement>()
  const [decidedBy, setDecidedBy] = useState('')
  const [reason, setReason] = useState('')
  const [reviewHours, setReviewHours] = useState(24)
  return (
    <form class="limit-form" onSubmit={(event) => (event.preventDefault(), save({ goal, decidedBy: decidedBy.trim(), reason: reason.trim(), reviewHours }))}>
      <p class="hint">{EFFECT[goal]}</p>
      <label>Decided by <input type="text" ref={field} autoComplete="off" maxLength={64} placeholder="the clinician, by name" value={decidedBy} onInput={(event) => setDecidedBy(event.currentTarget.value)} /></label>
      <label>Why <input type="text" autoComplete="off" maxLength={houseLimits.houseWordsCharsMax} value={reason} onInput={(event) => setReason(event.currentTarget.value)} /></label>
      <label>Reviewed every <select value={reviewHours} onChange={(event) => setReviewHours(Number(event.currentTarget.value))}>{REVIEW_HOURS.map((hours) => <option key={hours} value={hours}>{hours} hours</option>)}</select></label>
      <p class="form-end"><button type="submit" class="confirm" disabled={decidedBy.trim().length < 3 || reason.trim().length < 3}>Set {GOAL_WORDS[goal]}</button> <button type="button" class="quiet" onClick={cancel}>Cancel</button></p>
    </form>
  )
}
