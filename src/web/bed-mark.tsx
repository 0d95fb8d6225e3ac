import type { BedView } from '../api/wire.ts'
import { goalMark, isReviewDue, markText, stateWord } from './house.ts'
import { useStation } from './station.ts'

/** On the tile: how the bed is, where somebody said it, and what the treatment is for. */
export function BedMark({ bed }: { readonly bed: BedView }) {
  const { server } = useStation().receiver.moment.value
  const { mark, goal } = bed
  const now = server ?? mark?.at ?? goal?.at ?? 0
  const treatment = goalMark(goal, now)
  if (mark === undefined && treatment === '') return null
  return (
    <p class="tile-mark" data-state={mark?.state} data-phase={mark?.phase}>
      {mark !== undefined && <><strong>{stateWord(mark)}</strong> <span class="mark-text">{mark.phase === 'measured' ? 'but a patient is measured' : markText(mark, now)}</span></>}
      {treatment !== '' && goal !== undefined && <span class="tile-goal" data-due={isReviewDue(goal, now)}>{treatment}</span>}
    </p>
  )
}
