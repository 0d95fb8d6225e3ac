/** What the gateway says of itself once a tick: conversations that are held, a clock that was set, a disk that does not take what it is given. */

import type { Priority } from '../domain/alert.ts'
import { type MonoMs, monoMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { Committer, Lost } from './committer.ts'
import { gatewayStep } from './monitor-state.ts'
import type { Suspects } from './suspects.ts'
import type { Now } from './watch.ts'

type Parts = {
  readonly suspects: Suspects
  readonly committer: Pick<Committer, 'state' | 'progress'>
  /** A condition of the gateway, as it stands now; null: it is well. */
  readonly say: (condition: string, said: { readonly priority: Priority; readonly text: string } | null) => void
}

export class OwnState {
  readonly #parts: Parts
  /** Commits that were answered, and when there last was one, or nothing to wait for. */
  #commits: { readonly answered: number; readonly at: MonoMs }
  /** Told until then. Over at the start: what was open before is judged once. */
  #clockStep: { readonly text: string; readonly until: MonoMs } | null = { text: '', until: monoMs(-Number.MAX_SAFE_INTEGER) }

  constructor(parts: Parts, now: Now) {
    this.#parts = parts
    this.#commits = { answered: 0, at: now.at }
  }

  tick(now: Now, lastTick: Now): void {
    this.#judgeClock(now, lastTick)
    this.#judgeStore(now)
    this.#judgeSuspects(now)
  }

  #judgeSuspects(now: Now): void {
    const held = this.#parts.suspects.held(now.wall)
    const text = `Not read, because its data stopped the gateway or its driver: ${held.map(({ key }) => key).slice(0, 8).join(', ')}. Watch that bed at the monitor; "vigil quarantine release" lets it speak again`
    this.#parts.say('technical/session-held', held.length === 0 ? null : { priority: 'high', text })
  }

  /** Said for a minute: what was measured around it is timed by two clocks. */
  #judgeClock(now: Now, lastTick: Now): void {
    const text = gatewayStep(lastTick, now)
    if (text !== null) this.#clockStep = { text, until: monoMs(now.at + pumpLimits.conditionHoldMs) }
    if (this.#clockStep === null) return
    const isOver = now.at >= this.#clockStep.until
    this.#parts.say('technical/clock-step', isOver ? null : { priority: 'low', text: this.#clockStep.text })
    if (isOver) this.#clockStep = null
  }

  #judgeStore(now: Now): void {
    const { state, progress } = this.#parts.committer
    if (!progress.isWaiting || progress.answered !== this.#commits.answered) this.#commits = { answered: progress.answered, at: now.at }
    const hangs = now.at - this.#commits.at >= pumpLimits.commitSilenceMs
    if (hangs && state.kind === 'ok') {
      this.#parts.say('technical/store-failing', { priority: 'high', text: 'Readings are not being saved (the disk does not answer). Alerts go on.' })
      return
    }
    const lost = state.kind === 'ok' ? null : lostText(state.lost)
    const text = state.kind === 'ok' ? '' : `Readings are not being saved (${state.why})${lost === null ? '' : `; ${lost} lost`}. Alerts go on.`
    this.#parts.say('technical/store-failing', state.kind === 'ok' ? null : { priority: 'high', text })
  }
}

/** null: nothing was. */
export function lostText({ snapshots, others }: Lost): string | null {
  const parts = [...(snapshots > 0 ? [`${snapshots} sets of readings`] : []), ...(others > 0 ? [`${others} words on alerts and patients`] : [])]
  return parts.length === 0 ? null : parts.join(' and ')
}
