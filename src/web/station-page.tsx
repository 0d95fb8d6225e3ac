import { effect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { isTyping } from './focus.ts'
import { webLimits } from '../limits.ts'
import type { AlertView } from '../api/wire.ts'
import { isAimed, type Target, targeted } from './aim.ts'
import { AlertList } from './alert-list.tsx'
import { BedPanel } from './bed-panel.tsx'
import { alertsOfBed, highestUnacknowledged } from './order.ts'
import { ownFirst } from './shift.ts'
import { type Station, useStation } from './station.ts'
import { Tile } from './tile.tsx'
import { columnsOf, isArrow, nextTile } from './tile-grid.ts'
import { devicesOf } from './ward-state.ts'
import { mayAct } from './words.ts'

export function StationPage() {
  const station = useStation()
  const { receiver, openBed } = station
  const ward = receiver.ward.value
  const list = useRef<HTMLUListElement>(null)
  useKeys(station, list)
  const bed = ward?.beds.find((one) => one.id === openBed.value)
  return (
    <main class="station" data-panel={bed !== undefined}>
      <section class="beds" aria-label="Beds">
        {bed === undefined ? <Tiles list={list} /> : <BedPanel key={bed.id} bed={bed} />}
      </section>
      <AlertList />
    </main>
  )
}

/** Rows of three, four, five or six: up to 24 beds stand on a ward screen without scrolling. */
const densityOf = (beds: number): string => (beds <= 6 ? 'few' : beds <= 12 ? 'ward' : beds <= 15 ? 'many' : 'dense')

function Tiles({ list }: { readonly list: { current: HTMLUListElement | null } }) {
  const { receiver, alerts, focusedBed, mine } = useStation()
  const ward = receiver.ward.value
  if (ward === null) return <p class="empty large">Waiting for the gateway. Until it answers nothing is known of any bed.</p>
  if (ward.beds.length === 0) return <p class="empty large">No beds configured: add them under “beds” in the site's configuration, then restart the gateway.</p>
  return (
    <ul class="tiles" data-density={densityOf(ward.beds.length)} ref={list} onBlurCapture={() => (focusedBed.value = null)}>
      {ownFirst(ward.beds, mine.value).map((bed, index) => (
        <Tile key={bed.id} bed={bed} first={index === 0} alerts={alertsOfBed(alerts.value, bed.id)} devices={devicesOf(ward, bed.id)} />
      ))}
    </ul>
  )
}

function useKeys(station: Station, list: { current: HTMLUListElement | null }): void {
  useEffect(() => {
    const over = new AbortController()
    let pending: ReturnType<typeof setTimeout> | undefined
    let lastKeyAt = Number.NEGATIVE_INFINITY
    let target: Target = { alert: null, bed: null, at: performance.now() }
    const unfollow = effect(() => {
      const { alert, bed } = firstOf(station)
      target = targeted(target, { alert: alert && `${alert.id} ${alert.priority}`, bed }, performance.now())
    })
    const press = (event: KeyboardEvent): void => {
      clearTimeout(pending)
      if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return
      if (isArrow(event.key) && list.current !== null) {
        event.preventDefault()
        moveFocus(list.current, event.key)
      } else if (event.key === 'a' && !event.repeat && event.timeStamp - lastKeyAt > webLimits.scanKeyMsMax) {
        // A scanner types too, and its codes have letters: a key that another one follows at once is nobody's word.
        const { alert } = firstOf(station)
        const isMeant = isAimed(target, event.timeStamp)
        pending = setTimeout(() => acknowledgeFirst(station, alert, isMeant), webLimits.scanKeyMsMax)
      }
      lastKeyAt = event.timeStamp
    }
    window.addEventListener('keydown', press, { signal: over.signal })
    return () => {
      over.abort()
      unfollow()
      clearTimeout(pending)
    }
  }, [])
}

function moveFocus(list: HTMLUListElement, arrow: Parameters<typeof nextTile>[1]): void {
  const buttons = [...list.querySelectorAll<HTMLButtonElement>('.tile-open')]
  const columns = columnsOf([...list.children].map((tile) => tile.getBoundingClientRect().top))
  const index = buttons.findIndex((button) => button === document.activeElement)
  buttons[index === -1 ? 0 : nextTile(index, arrow, { columns, count: buttons.length })]?.focus()
}

/** The highest alert of the open or focused bed; with neither, of the ward. */
function firstOf({ openBed, focusedBed, alerts }: Station): { readonly alert: AlertView | null; readonly bed: string | null } {
  const bed = openBed.value ?? focusedBed.value
  return { alert: highestUnacknowledged(bed === null ? alerts.value : alertsOfBed(alerts.value, bed)), bed }
}

/** `alert`: what stood first when the key went down. */
function acknowledgeFirst(station: Station, alert: AlertView | null, isMeant: boolean): void {
  if (alert === null || !mayAct(station.receiver.ward.peek()?.you.role)) return
  if (isMeant) void station.acknowledge(alert)
  else station.aim.miss(alert.id)
}
