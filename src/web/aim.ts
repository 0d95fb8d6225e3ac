/**
 * What a tap or a key was meant for. A list that changes its order under the finger brings another alert to where the finger
 * falls; so what has just moved, or has just come, takes no tap until a person can have seen it there.
 */

import { type ReadonlySignal, signal } from '@preact/signals'
import { webLimits } from '../limits.ts'

/** Where something to be tapped stands in the window, what it is for (which alert, and how grave), and page time since when. */
export type Stand = { readonly x: number; readonly y: number; readonly what: string; readonly at: number }

/** Less is no other place for a finger. Many small steps are one large one: they are counted from where it stood last. */
const STEP_PX = 6

export const stood = (before: Stand | undefined, { x, y, what }: Omit<Stand, 'at'>, at: number): Stand =>
  before !== undefined && before.what === what && Math.abs(before.x - x) <= STEP_PX && Math.abs(before.y - y) <= STEP_PX ? before : { x, y, what, at }

/** Whether a tap can have been meant for what stands there. Its time may lie before the step: it fell while the page was drawing. */
export const isAimed = (stand: Pick<Stand, 'at'> | undefined, tappedAt: number): boolean => stand !== undefined && tappedAt - stand.at >= webLimits.aimMs

/** What the key `a` would acknowledge: the alert and how grave it is, of which bed (null: of the ward), and page time since when. */
export type Target = { readonly alert: string | null; readonly bed: string | null; readonly at: number }

/** Who goes to another bed knows that the key is for that one; what came into the place of another by itself must be seen first. */
export function targeted(before: Target, { alert, bed }: Omit<Target, 'at'>, at: number): Target {
  if (alert === before.alert && bed === before.bed) return before
  const isChosen = bed !== null && bed !== before.bed
  return { alert, bed, at: isChosen ? Number.NEGATIVE_INFINITY : at }
}

export interface Aim {
  /** The alert that a tap or a key just missed, so that its row says so; null: none. */
  readonly missed: ReadonlySignal<string | null>
  miss(alert: string): void
  /** The pointer came down on this. */
  press(thing: Element, at: number): void
  /** Whether the press that made this click was meant for it. A click without a press is one of the keyboard, which goes to what is focused. */
  isMeant(click: MouseEvent, thing: Element): boolean
}

/** Watches all that carries `data-aim`, which says what it is for, wherever on the page. */
export function watchAim(stop: AbortSignal): Aim {
  const stands = new WeakMap<Element, Stand>()
  const missed = signal<string | null>(null)
  let pressed: { readonly thing: Element; readonly isAimed: boolean } | null = null
  let isDue = false
  let forgets: ReturnType<typeof setTimeout> | undefined

  function look(): void {
    const at = performance.now()
    for (const thing of document.querySelectorAll('[data-aim]')) {
      const { left, top, width, height } = thing.getBoundingClientRect()
      // Under a dialog it stands nowhere: a second tap on that one's button must not fall through.
      if (thing.contains(document.elementFromPoint(left + width / 2, top + height / 2))) stands.set(thing, stood(stands.get(thing), { x: left, y: top, what: thing.getAttribute('data-aim') ?? '' }, at))
      else stands.delete(thing)
    }
  }
  /** Once for what is drawn together. */
  function soon(): void {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      look()
    })
  }

  const observer = new MutationObserver(soon)
  observer.observe(document.documentElement, { subtree: true, childList: true, characterData: true, attributes: true })
  for (const name of ['scroll', 'resize']) window.addEventListener(name, soon, { capture: true, passive: true, signal: stop })
  stop.addEventListener('abort', () => {
    observer.disconnect()
    clearTimeout(forgets)
  })

  return {
    missed,
    miss(alert) {
      clearTimeout(forgets)
      missed.value = alert
      forgets = setTimeout(() => (missed.value = null), webLimits.aimSaidMs)
    },
    press(thing, at) {
      // What was changed and not drawn yet has been seen by nobody.
      look()
      pressed = { thing, isAimed: isAimed(stands.get(thing), at) }
    },
    isMeant: ({ detail }, thing) => detail === 0 || (pressed?.thing === thing && pressed.isAimed),
  }
}
