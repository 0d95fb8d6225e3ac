/** Whose each bed is, as the screens see it, and what else is known of who lies there: answered from the ledger, the registry and the history. */

import type { Logger } from 'pino'
import type { Ward } from './api/ward.ts'
import type { AssociationsView, GivenView, RegistryLookup } from './api/wire.ts'
import type { Standing } from './domain/association.ts'
import type { BedId, StayId } from './domain/ids.ts'
import type { WallMs } from './domain/time.ts'
import { apiLimits, storeLimits } from './limits.ts'
import type { Bed } from './pump/beds.ts'
import { associationHead } from './pump/ledger-hands.ts'
import type { Pump } from './pump/pump.ts'
import type { Registry } from './registry.ts'
import type { History } from './store/history.ts'
import type { WardParts } from './ward.ts'

type Of<State> = Pick<WardParts<State>, 'pump' | 'associate' | 'lookup'>

/** How well it is known who lies in a bed; null where nobody does. */
export function standingOf<State>(pump: Pump<State>, bed: Bed): Standing | null {
  const occupant = pump.whose.associations.occupantOf(bed.id, pump.now())
  return occupant.kind === 'patient' ? occupant.standing : null
}

export function createWhose<State>({ pump, associate, lookup }: Of<State>): Pick<Ward, 'associations' | 'association' | 'associate' | 'lookup'> {
  /** The list, and until when it is told again as it is: the ledger is looked through for it. */
  let made: { readonly list: AssociationsView; readonly until: number } | null = null

  const listOf = (): AssociationsView => ({
    hasRegistry: lookup !== null,
    beds: [...pump.beds.values()].map((bed) => ({ ...associationHead(pump.whose.associations, { bed, now: pump.now() }), label: bed.label })),
  })

  return {
    associations() {
      const { at } = pump.now()
      if (made === null || at >= made.until) made = { list: listOf(), until: at + apiLimits.associationsMs }
      return made.list
    },
    association(bed: BedId) {
      const view = pump.association(bed)
      return view && { ...view, label: pump.beds.get(bed)?.label ?? bed }
    },
    associate(request, by) {
      made = null
      return associate(request, by)
    },
    lookup: (number, by) => lookup?.(number, by) ?? Promise.resolve({ kind: 'unknown', why: 'This ward names no registry that could be asked.' }),
  }
}

/** Who asked is written down, not for whom. */
export function lookupOf(registry: Registry, { stop, log }: { readonly stop: AbortSignal; readonly log: Pick<Logger, 'info'> }): (number: string, by: string) => Promise<RegistryLookup> {
  return async (number, by) => {
    const answer = await registry.ask({ by: 'number', number }, stop)
    log.info({ by, answer: answer.kind }, 'The registry was asked whose a number is.')
    if (answer.kind !== 'found') return answer
    return { ...answer, patients: answer.patients.map(({ identity, location }) => ({ identity, location })) }
  }
}

/** Medicines of the last day. */
export async function givenOf(history: Pick<History, 'given'>, stay: StayId, now: WallMs): Promise<GivenView | null> {
  const kept = await history.given({ stay, from: now - storeLimits.givenShownMs })
  return kept.kind === 'failed' ? null : { given: kept.given, isCut: kept.isCut }
}
