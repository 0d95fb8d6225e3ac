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
  let patientId = 0
  let streamId = 0
  return {
    fresh() {
      const newPatients = patients.all({ afterId: patientId })
      const newStreams = streams.all({ afterId: streamId })
      patientId = newPatients.at(-1)?.id ?? patientId
      streamId = newStreams.at(-1)?.id ?? streamId
      return [
        ...[...newPatients, ...present.all()].flatMap(({ mrn, name }) => [mrn, name]),
        ...newStreams.flatMap(({ device, bed, stay }) => [device, bed, stay]),
      ].filter((text) => text !== null)
    },
    close: () => void db.close(),
  }
}
