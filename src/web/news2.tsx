import type { ScoreView } from '../api/wire.ts'
import type { Freshness } from './freshness.ts'
import { missingText, scoreText } from './words.ts'

/** An aid, made from what the monitors sent; what is missing is said, never counted as zero. */
export function News2({ score, freshness }: { readonly score: ScoreView | null; readonly freshness: Freshness }) {
  if (score === null || freshness === 'gone') {
    return (
      <div class="news2" data-freshness="none">
        <span class="news2-title">NEWS2</span>
        <span class="news2-total">—</span>
      </div>
    )
  }
  return (
    <div class="news2" data-freshness={freshness}>
      <span class="news2-title">NEWS2 estimate</span>
      <span class="news2-total">{scoreText(score)}</span>
      {score.missing.length > 0 && <span class="news2-missing">without {score.missing.map(missingText).join(', ')}</span>}
    </div>
  )
}
