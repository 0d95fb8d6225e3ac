/** What may leave, by where it goes. A sink has one lane for good: what is made for the hospital never goes to central, and the other way round. */

import type { EventOrigin, Withheld } from '../domain/batch.ts'
import type { LoggedRow } from '../seams.ts'
import { type CentralEvent, type Lane, compileLive } from './anonymise.ts'
import { type HospitalEvent, compileHospital } from './hospital.ts'

/** `live`: pseudonyms and true times, to central. `hospital`: identified, to the hospital's own systems, never further. */
export type LaneName = 'live' | 'hospital'

/** What is done to the rows of a lane, in the words of its batches. */
export const METHODS: Readonly<Record<LaneName, string>> = { live: 'limited-data-set', hospital: 'identified' }

export type SentCompiled = {
  readonly events: readonly { readonly event: CentralEvent | HospitalEvent; readonly origin: EventOrigin | null }[]
  readonly withheld: readonly Withheld[]
}

export function compile(lane: LaneName, rows: readonly LoggedRow[], parts: Lane): SentCompiled {
  switch (lane) {
    case 'live':
      return compileLive(rows, parts)
    case 'hospital':
      return compileHospital(rows, parts)
  }
}
