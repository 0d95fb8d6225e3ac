/** What the registry said of patients of whom nothing was known here: that they came may be told later than that they went. Pure. */

import { type FactBody, personOf } from '../domain/association.ts'
import { agree } from '../domain/association-corrections.ts'
import { associationLimits } from '../limits.ts'

type Said = { readonly body: FactBody }

export class PassedBy<Word extends Said> {
  readonly #words: Word[] = []

  /** Those that end what others begin, or say who is who: the newest are kept. Where somebody lay elsewhere is no matter of this ward. */
  keep(words: readonly Word[]): void {
    this.#words.push(...words.filter(({ body }) => KEPT.has(body.kind)).slice(-associationLimits.passedByMax))
    this.#words.splice(0, Math.max(0, this.#words.length - associationLimits.passedByMax))
  }

  /** Those about the same patients and visits, which from now on are known. */
  recall(words: readonly Word[]): readonly Word[] {
    if (words.length === 0 || this.#words.length === 0) return []
    const isAbout = (one: FactBody, other: FactBody): boolean => numbersIn(one).some((number) => numbersIn(other).includes(number)) && agree(visitIn(one), visitIn(other))
    const recalled = this.#words.filter(({ body }) => words.some((word) => isAbout(word.body, body)))
    for (const word of recalled) this.#words.splice(this.#words.indexOf(word), 1)
    return recalled
  }
}

const KEPT: ReadonlySet<FactBody['kind']> = new Set(['discharged', 'away', 'cancelled', 'merged', 'visit-moved'])

const numbersIn = (body: FactBody): readonly string[] =>
  [personOf(body)?.mrn ?? null, body.kind === 'merged' || body.kind === 'visit-moved' ? body.prior : null].filter((number) => number !== null)

/** A visit that was moved was told with the number of before: it is about that patient whatever his visit. */
const visitIn = (body: FactBody): string | null => ('visit' in body && body.kind !== 'visit-moved' ? body.visit : null)
