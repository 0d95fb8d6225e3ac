/** One row after the other, within the transaction of the group. */

import { pumpLimits } from '../limits.ts'
import type { StayRecord } from '../seams.ts'
import { bytesCrc, rowCrc } from './crc.ts'
import type { EncodedEvent, EncodedFrame } from './tick-codec.ts'
import type { Connection } from './writer-connection.ts'

export function putStay(connection: Connection, stay: StayRecord): void {
  const { id, bed, identity, openedAt, closedAt } = stay
  const known = connection.patientOfStay.get({ stay: id })?.patient ?? null
  let patient = known
  if (identity) {
    const row = { ...identity, crc: rowCrc(id, identity.mrn, identity.name) }
    if (known === null) patient = Number(connection.addPatient.run(row).lastInsertRowid)
    else connection.changePatient.run({ ...row, id: known })
  } else if (known !== null) {
    // What was said of the patient is taken back: the words go, the number stays, for it is never given to another.
    connection.changePatient.run({ id: known, mrn: null, name: null, crc: rowCrc(id, null, null) })
    patient = null
  }
  const context = JSON.stringify(stay.context)
  connection.putStay.run({ id, bed, patient, openedAt, closedAt, context, crc: rowCrc(id, bed, patient, openedAt, closedAt, context) })
}

export function addEvent(connection: Connection, { at, kind, alertId, opens, body }: EncodedEvent, seq: number): void {
  connection.addEvent.run({ seq, at, kind, alertId, body, crc: rowCrc(seq, at, kind, alertId, body) })
  if (alertId === null || opens === null) return
  if (opens) connection.openAlert.run({ alertId, crc: rowCrc(alertId) })
  else connection.closeAlert.run({ alertId })
}

export function addQuarantined(connection: Connection, frames: readonly EncodedFrame[]): void {
  for (const { at, device, peer, why, length, bytes } of frames) {
    connection.addQuarantined.run({ at, device, peer, why, length, bytes, crc: bytesCrc(bytes, at, device, peer, why, length) })
  }
  for (const device of new Set(frames.map((frame) => frame.device))) {
    const { changes } = connection.trimQuarantine.run({ device, framesMax: pumpLimits.quarantinedFramesPerDeviceMax })
    if (changes > 0) connection.countDropped.run({ device, frames: changes })
  }
}
