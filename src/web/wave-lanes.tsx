import { useEffect, useRef, useState } from 'preact/hooks'
import type { BedView, WavesView } from '../api/wire.ts'
import { webLimits } from '../limits.ts'
import { ageText } from './age.ts'
import { isStopped, type LiveLane, narrow, pixelsPerMs, runsOf, type Sweep, SWEEPS, takeWaves } from './live-waves.ts'
import { type Station, useStation } from './station.ts'
import { edgeText } from './strip.ts'
import { devicesOf } from './ward-state.ts'
import { unitText } from './words.ts'

/** What is known of the signals of the bed; null: the gateway has not said yet. */
type Heard = { readonly lanes: readonly LiveLane[]; readonly more: number } | null

/** Waveforms of one bed as they come. While nobody looks at the page nothing is asked for. */
function useHeard(bed: string, { receiver }: Station, isWanted: boolean): Heard {
  const [heard, setHeard] = useState<Heard>(null)
  useEffect(() => {
    if (!isWanted) return
    let lanes: readonly LiveLane[] = []
    let stop: (() => void) | null = null
    const take = (waves: WavesView, now: number): void => {
      const before = lanes
      lanes = takeWaves(lanes, waves, now)
      const isSame = before.length === lanes.length && lanes.every((lane, place) => lane === before[place])
      setHeard((known) => (known !== null && isSame && known.more === waves.more ? known : { lanes, more: waves.more }))
    }
    const look = (): void => {
      stop?.()
      stop = document.visibilityState === 'visible' ? receiver.watchWaves(bed, take) : null
    }
    look()
    document.addEventListener('visibilitychange', look)
    return () => {
      document.removeEventListener('visibilitychange', look)
      stop?.()
    }
  }, [bed, isWanted])
  return heard
}

/** Up to three live traces of a bed. Their room is kept from the beginning, so that what arrives moves no button. */
export function LiveWaves({ bed }: { readonly bed: BedView }) {
  const station = useStation()
  const ward = station.receiver.ward.value
  const isWanted = ward?.gateway.speed === 1
  const heard = useHeard(bed.id, station, isWanted)
  if (ward === null) return null
  if (!isWanted) return <p class="empty waves-none">Live waveforms are not drawn while time runs {ward.gateway.speed} times as fast.</p>
  const expected = devicesOf(ward, bed.id).reduce((sum, { waves }) => sum + waves.channels, 0)
  const lanes = heard?.lanes ?? []
  if (heard === null ? expected === 0 : lanes.length === 0) return <p class="empty waves-none">{station.receiver.moment.value.reception === 'receiving' ? 'No waveform comes from this bed.' : 'No waveform came from this bed.'}</p>
  return (
    <section class="waves" aria-label="Live waveforms" style={{ '--lanes': heard === null ? Math.min(3, expected) : lanes.length }}>
      <header>
        <h3>Waveforms <small>live<span class="behind">, {webLimits.waveDelayMs / 1_000} s behind</span>{heard !== null && heard.more > 0 ? ` · ${heard.more} more not shown` : ''}</small></h3>
        <SweepChoice />
      </header>
      <Sweeping lanes={lanes} />
    </section>
  )
}

function SweepChoice() {
  const { sweep } = useStation()
  return (
    <fieldset class="sweeps">
      <legend class="heard">Speed</legend>
      {SWEEPS.map((speed) => (
        <label key={speed}>
          <input type="radio" name="sweep" checked={sweep.value === speed} onChange={() => (sweep.value = speed)} />
          <span>{speed} mm/s</span>
        </label>
      ))}
    </fieldset>
  )
}

/** Three columns at a time look smooth, at half the price of each. */
const PAINT_EVERY_MS = 30

/** All lanes are drawn by one loop, which the browser runs only while the page is in sight. */
function Sweeping({ lanes }: { readonly lanes: readonly LiveLane[] }) {
  const { receiver, sweep } = useStation()
  const canvases = useRef(new Map<string, HTMLCanvasElement>())
  const [, drawAgain] = useState('')
  const { now } = receiver.moment.value
  useEffect(() => {
    const painters = new Map<string, Painter>()
    let frame = 0
    let painted = Number.NEGATIVE_INFINITY
    const paint = (): void => {
      frame = requestAnimationFrame(paint)
      const clocks = receiver.clocks()
      if (clocks.now - painted < PAINT_EVERY_MS) return
      painted = clocks.now
      for (const lane of lanes) {
        const canvas = canvases.current.get(lane.key)
        if (canvas === undefined) continue
        const painter = painters.get(lane.key) ?? createPainter(canvas)
        painters.set(lane.key, painter)
        if (clocks.server !== null) painter(lane, clocks.server - webLimits.waveDelayMs, sweep.peek())
      }
      // What stands beside the traces is drawn anew when it says something else.
      drawAgain(lanes.map((lane) => `${isStopped(lane, clocks.now)} ${lane.edition}`).join())
    }
    paint()
    return () => cancelAnimationFrame(frame)
  }, [lanes])
  return (
    <>
      {lanes.map((lane) => {
        const stopped = isStopped(lane, receiver.clocks().now)
        const said = stopped ? `stopped ${ageText(Math.max(3_000, now - lane.heardAt))} ago` : 'live'
        const unit = unitText(lane.unit)
        return (
          <figure key={lane.key} data-kind={lane.kind} data-state={stopped ? 'stopped' : 'live'}>
            <figcaption>
              {lane.label}
              {unit !== '' && <span>{edgeText(lane.scale.low)} to {edgeText(lane.scale.high)} {unit}</span>}
              {stopped && <b>{said}</b>}
            </figcaption>
            <canvas
              ref={(canvas) => void (canvas === null ? canvases.current.delete(lane.key) : canvases.current.set(lane.key, canvas))}
              role="img"
              aria-label={`${lane.label}, ${said}`}
            />
          </figure>
        )
      })}
    </>
  )
}

/** Draws what is due of one lane up to `until`, gateway time. */
type Painter = (lane: LiveLane, until: number, sweep: Sweep) => void

/** Ahead of the newest point: what stands to the right of it is of the sweep before. */
const BAR_PX = 14
const LINE_PX = 1.6

function createPainter(canvas: HTMLCanvasElement): Painter {
  const context = canvas.getContext('2d')
  /** Up to where columns are wiped, up to where samples are drawn, and what that was true for. */
  let wiped = Number.NaN
  let drawn = Number.NaN
  let of = ''
  return (lane, until, sweep) => {
    const { clientWidth: width, clientHeight: height } = canvas
    if (context === null || width === 0 || height === 0) return
    const perMs = pixelsPerMs(sweep)
    const sweepMs = width / perMs
    const ratio = window.devicePixelRatio
    if (Math.floor(until / sweepMs) !== Math.floor(wiped / sweepMs)) narrow(lane, until - sweepMs)
    const now = [width, height, ratio, sweep, lane.edition].join()
    if (of !== now || !(until >= wiped && until - wiped < sweepMs / 2)) {
      of = now
      canvas.width = Math.round(width * ratio)
      canvas.height = Math.round(height * ratio)
      context.scale(ratio, ratio)
      context.strokeStyle = getComputedStyle(canvas).color
      context.lineWidth = LINE_PX
      context.lineJoin = 'round'
      drawn = Number.NEGATIVE_INFINITY
    } else {
      wipe(context, { from: (wiped * perMs + BAR_PX) % width, length: (until - wiped) * perMs + 1, width, height })
    }
    wiped = until
    const oldest = until - sweepMs + BAR_PX / perMs
    for (const run of runsOf(lane, { from: Math.max(drawn, oldest), to: until }, { width, height, perMs })) {
      context.beginPath()
      for (const [place, { x, y }] of run.entries()) if (place === 0) context.moveTo(x, y)
      else context.lineTo(x, y)
      context.stroke()
    }
    const last = lane.pieces.at(-1)
    // What comes late is drawn at its place when it comes.
    if (last !== undefined) drawn = Math.max(drawn, Math.min(until, last.from + last.stepMs * (last.values.length - 1)))
  }
}

type Columns = { readonly from: number; readonly length: number; readonly width: number; readonly height: number }

function wipe(context: CanvasRenderingContext2D, { from, length, width, height }: Columns): void {
  context.clearRect(from, 0, Math.min(length, width - from), height)
  if (from + length > width) context.clearRect(0, 0, from + length - width, height)
}
