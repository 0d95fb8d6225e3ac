/** What stands for whom, in sync.db: drawn at random the first time it is asked for, and derived from nothing. */

import type { Database } from 'better-sqlite3'
import { type Surrogate, type SurrogateKind, surrogate } from '../domain/batch.ts'
import type { AlertId, DeviceId } from '../domain/ids.ts'
import { syncLimits } from '../limits.ts'
import { syncQueries as Q } from './sync-queries.ts'

export type LedgerSurrogates = {
  of(kind: SurrogateKind, id: string): Surrogate
  sensorOf(device: DeviceId, metric: string, channel: string): number
  subjectOfAlert(alert: AlertId): Surrogate | null
  rememberAlert(alert: AlertId, subject: Surrogate): void
}

/** @returns the lookup of one epoch, good for one transaction. */
export function surrogateLookup(db: Database, random: (bytes: number) => Buffer): (epoch: string) => LedgerSurrogates {
  const find = db.prepare<[object], { surrogate: string }>(Q.SURROGATE)
  const draw = db.prepare<[object]>(Q.ADD_SURROGATE)
  const findSensor = db.prepare<[object], { number: number }>(Q.SENSOR)
  const countSensors = db.prepare<[object], { sensors: number }>(Q.SENSORS)
  const addSensor = db.prepare<[object]>(Q.ADD_SENSOR)
  const findSubject = db.prepare<[object], { subject: string }>(Q.ALERT_SUBJECT)
  const addSubject = db.prepare<[object]>(Q.ADD_ALERT_SUBJECT)
  const trimSubjects = db.prepare<[object]>(Q.TRIM_ALERT_SUBJECTS)
  const lookUp = (epoch: string, kind: SurrogateKind, id: string): Surrogate => {
    const found = find.get({ epoch, kind, id })
    if (found) return surrogate(found.surrogate)
    const drawn = surrogate(random(16).toString('hex'))
    draw.run({ epoch, kind, id, surrogate: drawn })
    return drawn
  }
  return (epoch) => ({
    of: remembering((kind, id) => lookUp(epoch, kind, id)),
    sensorOf(device, metric, channel) {
      const found = findSensor.get({ epoch, device, metric, channel })
      if (found) return found.number
      const known = countSensors.get({ epoch, device, metric })?.sensors ?? 0
      // A device that names a new channel each time would fill the table: what is beyond the bound shares the last number.
      if (known >= syncLimits.sensorsPerMetricMax) return syncLimits.sensorsPerMetricMax - 1
      addSensor.run({ epoch, device, metric, channel, number: known })
      return known
    },
    subjectOfAlert(alert) {
      const found = findSubject.get({ epoch, alert })
      return found ? surrogate(found.subject) : null
    },
    rememberAlert(alert, subject) {
      if (addSubject.run({ epoch, alert, subject }).changes > 0) trimSubjects.run({ alertsMax: syncLimits.alertSubjectsMax })
    },
  })
}

/** Of what is asked through one lookup, which lives as long as a transaction: each event asks for the same few. */
function remembering(lookUp: LedgerSurrogates['of']): LedgerSurrogates['of'] {
  const known = new Map<SurrogateKind, Map<string, Surrogate>>()
  return (kind, id) => {
    let ofKind = known.get(kind)
    if (ofKind === undefined) known.set(kind, (ofKind = new Map()))
    let found = ofKind.get(id)
    if (found === undefined) ofKind.set(id, (found = lookUp(kind, id)))
    return found
  }
}
