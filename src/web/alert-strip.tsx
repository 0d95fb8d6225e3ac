import { useEffect, useState } from 'preact/hooks'
import type { AlertView, StripView } from '../api/wire.ts'
import { waveLimits, webLimits } from '../limits.ts'
import { clockText } from './age.ts'
import { get, paths } from './api.ts'
import { edgeText, LANE_HEIGHT, LANE_WIDTH, type Lane, lanesOf, momentsOf, ONSET_X } from './strip.ts'
import { isStripView } from './wire-guard.ts'
import { unitText } from './words.ts'

/** What was kept with an alert; null: nothing yet. While the alert is young it is asked for a few times. */
function useStrip({ id, priority }: AlertView): StripView | null {
  const [strip, setStrip] = useState<StripView | null>(null)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null
    let isOver = false
    const known = strip === null ? 0 : momentsOf(strip).length
    const ask = async (asksLeft: number): Promise<void> => {
      const answer = await get(paths.strip(id))
      if (isOver) return
      const found = answer.kind === 'done' && isStripView(answer.body) ? answer.body : null
      if (found !== null && (found.damaged > 0 || momentsOf(found).length > known)) setStrip(found)
      else if (asksLeft > 1) timer = setTimeout(() => void ask(asksLeft - 1), webLimits.stripAskEveryMs)
    }
    void ask(priority === 'high' ? webLimits.stripAsksMax : 1)
    return () => {
      isOver = true
      if (timer !== null) clearTimeout(timer)
    }
  }, [id, priority])
  return strip
}

const SECONDS = [-waveLimits.stripBeforeMs, 0, waveLimits.stripBeforeMs, waveLimits.stripAfterMs].map((ms) => ms / 1_000)
const secondsText = (seconds: number): string => (seconds === 0 ? 'alert' : `${seconds > 0 ? '+' : '−'}${Math.abs(seconds)} s`)

/** The waveforms around the moment at which an alert became high. Where there are none, nothing. */
export function AlertStrip({ alert }: { readonly alert: AlertView }) {
  const strip = useStrip(alert)
  if (strip === null) return null
  const [last, ...earlier] = momentsOf(strip)
  return (
    <div class="strip">
      {last !== undefined && <Moment strip={strip} at={last} />}
      {earlier.map((at) => (
        <details key={at}>
          <summary>Waveforms around {clockText(at)}</summary>
          <Lanes lanes={lanesOf(strip, at)} />
        </details>
      ))}
      {strip.damaged > 0 && <p class="hint">Some of the waveforms kept with this alert are damaged and not shown.</p>}
    </div>
  )
}

function Moment({ strip, at }: { readonly strip: StripView; readonly at: number }) {
  return (
    <section aria-label={`Waveforms around ${clockText(at)}`}>
      <h3>Waveforms around {clockText(at)} <small>kept, not live</small></h3>
      <Lanes lanes={lanesOf(strip, at)} />
    </section>
  )
}

function Lanes({ lanes }: { readonly lanes: readonly Lane[] }) {
  return (
    <>
      {lanes.map(({ key, kind, label, unit, low, high, path }) => (
        <figure key={key} data-kind={kind}>
          {/* Numbers without a unit, as of a pleth, say nothing to anybody. */}
          <figcaption>{label} {unitText(unit) !== '' && <span>{edgeText(low)} to {edgeText(high)} {unitText(unit)}</span>}</figcaption>
          <svg viewBox={`0 0 ${LANE_WIDTH} ${LANE_HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${label} from ${waveLimits.stripBeforeMs / 1_000} s before to ${waveLimits.stripAfterMs / 1_000} s after`}>
            <line class="onset" x1={ONSET_X} x2={ONSET_X} y1="0" y2={LANE_HEIGHT} />
            <path d={path} />
          </svg>
        </figure>
      ))}
      <p class="strip-axis" aria-hidden="true">{SECONDS.map((seconds) => <span key={seconds}>{secondsText(seconds)}</span>)}</p>
    </>
  )
}
