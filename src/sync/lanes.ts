/** What may leave, by where it goes. A sink has one lane for good: what is made for the hospital never goes to central, and the other way round. */

import type { EventOrigin, Withheld } from '../domain/batch.ts'
import type { LoggedRow } from '../seams.ts'
import { type Beside, type CentralEvent, type Lane, compileLive } from './anonymise.ts'
import type { Corrected } from './amend.ts'
import { type HospitalEvent, compileHospital } from './hospital.ts'

/** `live`: pseudonyms and true times, to central. `release`: stays that are over, without dates or names that last, to central. `hospital`: identified, to the hospital's own systems, never further. */
export type LaneName = 'live' | 'release' | 'hospital'

/** What is done to the rows of a lane, in the words of its batches. */
export const METHODS: Readonly<Record<LaneName, string>> = { live: 'limited-data-set', release: 'safe-harbor', hospital: 'identified' }

export type SentCompiled = {
  readonly events: readonly { readonly event: CentralEvent | HospitalEvent; readonly origin: EventOrigin | null }[]
  readonly withheld: readonly Withheld[]
  /** Empty where nothing came of it that could have to be corrected. */
  readonly digest: string
}

export function compile(lane: LaneName, rows: readonly LoggedRow[], parts: Lane, { amendments, takenBack, beside }: Corrected & { readonly beside: Beside }): SentCompiled {
  switch (lane) {
    case 'live':
      return compileLive(rows, parts, amendments, beside)
    case 'hospital':
      return compileHospital(rows, parts, takenBack)
    case 'release':
      throw new Error('what is released is no range of the log: release-cutter.ts cuts it')
  }
}
