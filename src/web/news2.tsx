import type { ScoreView } from '../api/wire.ts'
import { type Moment, receptionFreshness } from './freshness.ts'
import { missingWords, scoreText } from './words.ts'

type News2Props = { readonly score: ScoreView | null; readonly moment: Moment }

/** An aid, made from what the monitors sent; what is missing is said, never counted as zero. */
export function News2({ score, moment }: News2Props) {
  const freshness = score === null ? 'none' : receptionFreshness(moment)
  return (
    <div class="news2" data-freshness={freshness}>
      <span class="cell-title">
        NEWS2 <small class="full">estimate</small><small class="brief" aria-hidden="true">est.</small>
      </span>
      {score === null || freshness === 'gone' ? <span class="news2-total">—</span> : (
        <>
          <span class="news2-total">{scoreText(score)}</span>
          <span class="news2-missing">
            <span class="full">{missingWords(score.missing)}</span>
            <span class="brief" aria-hidden="true">{score.missing.length === 0 ? '' : `${score.missing.length} missing`}</span>
          </span>
        </>
      )}
    </div>
  )
}
