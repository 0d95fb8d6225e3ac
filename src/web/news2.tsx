import type { BedView, ScoreView } from '../api/wire.ts'
import { momentText } from './age.ts'
import { type Moment, receptionFreshness } from './freshness.ts'
import { missingWords, scoreText } from './words.ts'

type ScoreProps = { readonly bed: BedView; readonly moment: Moment }

/** An aid, made from what the monitors sent; what is missing is said, never counted as zero. PEWS in place of NEWS2 where the patient is a child. */
export function EarlyWarning({ bed, moment }: ScoreProps) {
  const { news2, pews = null, observed = null } = bed
  const score = pews ?? news2
  const freshness = score === null ? 'none' : receptionFreshness(moment)
  return (
    <div class="news2" data-freshness={freshness}>
      <span class="cell-title">
        {pews === null ? 'NEWS2' : 'PEWS'} <small class="full">estimate</small><small class="brief" aria-hidden="true">est.</small>
      </span>
      {score === null || freshness === 'gone' ? <span class="news2-total">—</span> : (
        <>
          <span class="news2-total">{scoreText(score)}</span>
          <span class="news2-missing">
            <span class="full">{pews === null ? missingWords(score.missing) : lackText(score)}</span>
            <span class="brief" aria-hidden="true">{lackText(score)}</span>
          </span>
        </>
      )}
      {observed !== null && (
        <span class="news2-observed">
          <span class="heard">Observed: NEWS2 </span><span aria-hidden="true">obs. </span>{observed.complete ? observed.total : `≥${observed.min}`} <small>{momentText(observed.takenAt, moment.server ?? observed.takenAt)}</small>
        </span>
      )}
    </div>
  )
}

const lackText = ({ missing }: ScoreView): string => (missing.length === 0 ? '' : `${missing.length} missing`)
