/** Who and what this ward knows by name, for the egress scanner: read from vigil.db, never written anywhere. */

import { openReaderDatabase } from './database.ts'
import { identifierQueries as Q } from './sync-queries.ts'

export interface KnownIdentifiers {
  /** Those not told before, and those of patients who are present. */
  fresh(): readonly string[]
  close(): void
}

type Person = { readonly mrn: string | null; readonly name: string | null }
type Stream = { readonly device: string; readonly bed: string | null; readonly stay: string | null }

/** @throws StoreUnreadable when there is no database, or none that this version can read. */
export function openKnownIdentifiers(folder: string): KnownIdentifiers {
  const { db } = openReaderDatabase(folder)
  const patients = db.prepare<[object], Person & { readonly id: number }>(Q.PATIENTS_AFTER)
  const present = db.prepare<[], Person>(Q.PATIENTS_PRESENT)
  const streams = db.prepare<[object], Stream & { readonly id: number }>(Q.STREAMS_AFTER)
  const facts = db.prepare<[object], { readonly id: number; readonly by: string; readonly body: string }>(Q.FACTS_AFTER)
  let factId = 0
  let patientId = 0
  let streamId = 0
  return {
    fresh() {
      const newPatients = patients.all({ afterId: patientId })
      const newStreams = streams.all({ afterId: streamId })
      patientId = newPatients.at(-1)?.id ?? patientId
      streamId = newStreams.at(-1)?.id ?? streamId
      const newFacts = facts.all({ afterId: factId })
      factId = newFacts.at(-1)?.id ?? factId
      return [
        ...[...newPatients, ...present.all()].flatMap(({ mrn, name }) => [mrn, name]),
        ...newStreams.flatMap(({ device, bed, stay }) => [device, bed, stay]),
        ...newFacts.flatMap(({ by, body }) => [by, ...namesIn(body)]),
      ].filter((text) => text !== null)
    },
    close: () => void db.close(),
  }
}

/** Numbers, names and visits of a fact. */
function namesIn(body: string): readonly string[] {
  const { patient, prior, visit }: { readonly patient?: Person; readonly prior?: string | null; readonly visit?: string | null } = JSON.parse(body)
  return [patient?.mrn, patient?.name, prior, visit].filter((text) => typeof text === 'string')
}
