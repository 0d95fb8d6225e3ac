/** One row after the other, within the transaction of the group. */

import { wallMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { StayRecord } from '../seams.ts'
import { rowCrc } from './crc.ts'
import { type PackedStrip, stripCrc } from './strips.ts'
import type { EncodedEvent, EncodedFrame, EncodedSnapshot } from './tick-codec.ts'
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
  const context = JSON.stringify(stay.memory === undefined ? stay.context : { ...stay.context, memory: stay.memory })
  connection.putStay.run({ id, bed, patient, openedAt, closedAt, context, crc: rowCrc(id, bed, patient, openedAt, closedAt, context) })
}

export function addEvent(connection: Connection, { at, kind, alertId, opens, body }: EncodedEvent, seq: number): void {
  connection.addEvent.run({ seq, at, kind, alertId, body, crc: rowCrc(seq, at, kind, alertId, body) })
  if (alertId === null || opens === null) return
  if (opens) connection.openAlert.run({ alertId, crc: rowCrc(alertId) })
  else connection.closeAlert.run({ alertId })
}

export function addStrip(connection: Connection, strip: PackedStrip): void {
  connection.addStrip.run({ ...strip, crc: stripCrc(strip) })
}

/** Several statements that are one row: all of them or none. */
export function whole(connection: Connection, write: () => void): void {
  connection.savepoint.run()
  try {
    write()
    connection.release.run()
  } catch (error) {
    // A disk that fails may have rolled all of it back by itself.
    if (connection.db.inTransaction) {
      connection.rollbackTo.run()
      connection.release.run()
    }
    throw error
  }
}

const PEER = 'store'

/** A row that the database refused, as a frame in quarantine. */
export function refusedRow(what: string, row: object, why: string): EncodedFrame {
  const bytes = Buffer.from(JSON.stringify(row))
  const at = 'at' in row && typeof row.at === 'number' ? row.at : 0
  return frameOf({ what, why, bytes, at, device: 'device' in row && typeof row.device === 'string' ? row.device : '' })
}

export function refusedSnapshot(connection: Connection, { stream, receivedAt, readings }: EncodedSnapshot, why: string): EncodedFrame {
  return frameOf({ what: 'snapshot', why, bytes: readings, at: receivedAt, device: connection.stream.get({ id: stream })?.device ?? '' })
}

type RefusedPart = { readonly what: string; readonly why: string; readonly bytes: Uint8Array; readonly at: number; readonly device: string }

const frameOf = ({ what, why, bytes, at, device }: RefusedPart): EncodedFrame => ({
  // What was refused may be the time itself.
  at: wallMs(Number.isFinite(at) ? at + 0 : 0),
  device, peer: PEER, why: `the database refuses this ${what}: ${why}`, length: bytes.length, bytes: bytes.subarray(0, pumpLimits.quarantinedFrameBytesMax),
})
