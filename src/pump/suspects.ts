/**
 * Conversations whose bytes did harm: a driver threw on them, or the process died while they were read. They are not read
 * for a while: their bytes are kept as they come, the ward goes on. What took the process down outlives it.
 *
 * - a driver threw: 1 s, doubling with each time up to a minute; forgotten ten minutes after the last.
 * - an endless loop, as the watchdog saw it: 5 s, so that the other beds speak first after the restart; the second time
 *   within a day an hour, or until somebody releases it.
 * - a death that nobody explains (a kill, a power cut, a crash of native code): nothing, unless the same conversation was
 *   being read at the next death too and nothing of it was read well in between; then an hour as well.
 */

import type { WallMs } from '../domain/time.ts'
import { wallMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'

export type Suspect = {
  /** The device, or the host that it speaks from. */
  readonly key: string
  readonly threw: number
  readonly stalls: number
  readonly deaths: number
  readonly lastAt: WallMs
  readonly heldUntil: WallMs
}

export type SuspectParts = {
  readonly known: readonly Suspect[]
  /** Whose bytes were being read when the process before this one died. */
  readonly found: { readonly key: string; readonly how: 'stalled' | 'died' } | null
  readonly now: WallMs
  /** What has to outlive the process changed. */
  readonly changed: (all: readonly Suspect[]) => void
}

const { suspectHoldMs, suspectForgetMs, stallHoldMs, throwHoldMs, throwHoldMsMax, throwForgetMs, suspectsMax } = pumpLimits

export class Suspects {
  readonly #suspects = new Map<string, Suspect>()
  readonly #tell: (all: readonly Suspect[]) => void
  /** Who is struck at this start, and since when, until the first link opens. */
  #struck: { readonly key: string; readonly at: WallMs } | null = null

  constructor({ known, found, now, changed }: SuspectParts) {
    this.#tell = changed
    for (const suspect of known) if (now - suspect.lastAt < suspectForgetMs) this.#suspects.set(suspect.key, { ...suspect, threw: 0 })
    if (!found) return
    this.#strike(found, now)
    this.#struck = { key: found.key, at: now }
  }

  /** The first link opens: a hold that shall let the others speak first begins now, however long the start took. */
  linksOpen(now: WallMs): void {
    const suspect = this.#struck && this.#suspects.get(this.#struck.key)
    if (this.#struck && suspect && suspect.heldUntil > suspect.lastAt) {
      this.#suspects.set(suspect.key, { ...suspect, lastAt: now, heldUntil: wallMs(now + (suspect.heldUntil - this.#struck.at)) })
    }
    this.#struck = null
  }

  all(): readonly Suspect[] {
    return [...this.#suspects.values()]
  }

  /** Almost always. */
  get isEmpty(): boolean {
    return this.#suspects.size === 0
  }

  /** Those whose bytes are not read now. */
  held(now: WallMs): readonly Suspect[] {
    return this.isEmpty ? [] : this.all().filter((suspect) => isHeld(suspect, now))
  }

  isHeld(key: string, now: WallMs): boolean {
    const suspect = this.#suspects.get(key)
    return suspect !== undefined && isHeld(suspect, now)
  }

  /** A driver threw on this conversation's bytes. */
  threw(key: string, now: WallMs): void {
    const known = this.#suspects.get(key)
    const threw = known && now - known.lastAt < throwForgetMs ? known.threw + 1 : 1
    const holdMs = Math.min(throwHoldMsMax, throwHoldMs * 2 ** (threw - 1))
    const heldUntil = wallMs(Math.max(now + holdMs, known && isHeld(known, now) ? known.heldUntil : 0))
    this.#put({ key, stalls: 0, deaths: 0, ...known, threw, lastAt: now, heldUntil })
  }

  /** A whole frame of it was read, and nothing happened: a death that nobody explained was not its doing. */
  wasRead(key: string): void {
    const known = this.#suspects.get(key)
    if (known === undefined || known.deaths === 0) return
    if (known.stalls + known.threw === 0) this.#suspects.delete(key)
    else this.#suspects.set(key, { ...known, deaths: 0 })
    this.#changed()
  }

  /** A person says that it may speak again. False: nobody is held under that name. */
  release(key: string): boolean {
    const was = this.#suspects.delete(key)
    if (was) this.#changed()
    return was
  }

  #strike({ key, how }: NonNullable<SuspectParts['found']>, now: WallMs): void {
    const known = this.#suspects.get(key)
    const stalls = (known?.stalls ?? 0) + (how === 'stalled' ? 1 : 0)
    const deaths = (known?.deaths ?? 0) + (how === 'died' ? 1 : 0)
    const holdMs = stalls > 1 || deaths > 1 ? suspectHoldMs : how === 'stalled' ? stallHoldMs : 0
    this.#put({ key, threw: 0, stalls, deaths, lastAt: now, heldUntil: wallMs(now + holdMs) })
    this.#changed()
  }

  #changed(): void {
    this.#tell(this.all())
  }

  #put(suspect: Suspect): void {
    // The one that was put longest ago makes room.
    this.#suspects.delete(suspect.key)
    const oldest = this.#suspects.size >= suspectsMax ? this.#suspects.keys().next().value : undefined
    if (oldest !== undefined) this.#suspects.delete(oldest)
    this.#suspects.set(suspect.key, suspect)
  }
}

/** A clock that was set back must not hold anybody for longer than was meant. */
const isHeld = ({ heldUntil }: Suspect, now: WallMs): boolean => now < heldUntil && heldUntil - now <= suspectHoldMs
