/** Who lies where, as the gateway last said, and what people at this screen say of it. */

import { useEffect, useState } from 'preact/hooks'
import type { AssociationsView, BedAssociationFacts, GivenView, RegistryLookup } from '../api/wire.ts'
import { webLimits } from '../limits.ts'
import { type Answer, get, paths, post } from './api.ts'
import { isAssociationFacts, isAssociations, isGivenView, isLookup } from './wire-guard.ts'

/** `view`: null until it was heard once. `why`: it could not be asked for just now; empty when all is well. */
export type Polled<View> = { readonly view: View | null; readonly why: string; /** Asks at once. */ readonly again: () => void }

const NOT_UNDERSTOOD = 'The gateway says something that this page does not understand. Reload the page.'

/** Asked for now and every `everyMs`; a new `path` begins anew, and what was heard of the old one is gone. null: nothing is asked. */
export function usePolled<View>(path: string | null, { everyMs, isView }: { readonly everyMs: number; readonly isView: (thing: unknown) => thing is View }): Polled<View> {
  const [heard, setHeard] = useState<{ readonly path: string | null; readonly view: View | null; readonly why: string }>({ path, view: null, why: '' })
  const [asked, setAsked] = useState(0)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null
    let isOver = false
    const ask = async (of: string): Promise<void> => {
      const answer = await get(of)
      if (isOver) return
      setHeard((before) => {
        if (answer.kind === 'done' && isView(answer.body)) return { path: of, view: answer.body, why: '' }
        return { path: of, view: before.path === of ? before.view : null, why: answer.kind === 'done' ? NOT_UNDERSTOOD : answer.why }
      })
      timer = setTimeout(() => void ask(of), everyMs)
    }
    if (path !== null) void ask(path)
    return () => {
      isOver = true
      if (timer !== null) clearTimeout(timer)
    }
  }, [path, asked])
  const isOurs = heard.path === path
  return { view: isOurs ? heard.view : null, why: isOurs ? heard.why : '', again: () => setAsked((before) => before + 1) }
}

export const useAssociations = (): Polled<AssociationsView> => usePolled(paths.associations, { everyMs: webLimits.associationsEveryMs, isView: isAssociations })

export const useAssociationFacts = (bed: string): Polled<BedAssociationFacts> => usePolled(paths.association(bed), { everyMs: webLimits.associationsEveryMs, isView: isAssociationFacts })

export const useGiven = (stay: string | null): Polled<GivenView> => usePolled(stay === null ? null : paths.given(stay), { everyMs: webLimits.givenEveryMs, isView: isGivenView })

/** Whose number it is. Trouble of any kind is `unknown`, and never "nobody". */
export async function lookUp(number: string): Promise<RegistryLookup> {
  const answer = await post(paths.lookup, { number })
  if (answer.kind === 'done' && isLookup(answer.body)) return answer.body
  return { kind: 'unknown', why: answer.kind === 'done' ? NOT_UNDERSTOOD : answer.why }
}

type Who = { readonly mrn: string; readonly name?: string; readonly bornOn?: string; readonly sex?: string }

/** Whom a number means: the patient whom the registry names where it names exactly one, else the number as it was read. */
export function whoOf(number: string, looked: RegistryLookup | null): Who {
  const [only] = looked?.kind === 'found' && !looked.isMore && looked.patients.length === 1 ? looked.patients : []
  if (only === undefined) return { mrn: number }
  const { mrn, name, ...rest } = only.identity
  return { mrn: mrn ?? number, ...(name === null ? {} : { name }), ...rest }
}

export const sayScanned = (who: Who, place: { readonly bed: string } | { readonly device: string }): Promise<Answer> => post(paths.scan, { ...who, ...place })
export const sayTyped = (who: Who, bed: string): Promise<Answer> => post(paths.typed, { ...who, bed })
export const sayConfirmed = (fact: number): Promise<Answer> => post(paths.confirm(fact), {})
export const sayWithdrawn = (fact: number): Promise<Answer> => post(paths.withdraw(fact), {})
export const sayUnassigned = (bed: string): Promise<Answer> => post(paths.unassign(bed), {})

/** The number of the fact that came of it; null where the answer has none. */
export function factOf(body: unknown): number | null {
  const fact = typeof body === 'object' && body !== null && 'fact' in body ? body.fact : null
  return typeof fact === 'number' ? fact : null
}
