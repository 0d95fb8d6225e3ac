/** Whether each acknowledgement left after the fsync of the very WAL bytes that hold its message. */

import { CONTROL_ID, type Transport } from './payload.ts'
import type { TraceEvent } from './trace.ts'
import { packetIdOf } from './senders.ts'

export type Sent = Extract<TraceEvent, { readonly kind: 'sent' }>

/** Which messages a write to a socket tells its reader are stored. */
export type AcknowledgedBy = (sent: Sent) => readonly number[]

export type Order = { readonly acknowledged: number; /** After the sync. */ readonly proven: number; readonly unproven: readonly number[] }

/** SQLite's file format, 4.1: a header of 32 bytes; before each page a header of 24, whose second word is not 0 in the last frame of a transaction. */
const WAL_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

export function orderIn(events: readonly TraceEvent[], acknowledgedBy: AcknowledgedBy): Order {
  /** Messages of transactions that are not whole yet, whole and not synced, and synced. */
  let begun = new Set<number>()
  let whole: { readonly at: number; readonly ids: ReadonlySet<number> }[] = []
  const synced = new Set<number>()
  const known = new Set<number>()
  let isLastFrame = false
  let acknowledged = 0
  const unproven: number[] = []
  for (const [at, event] of events.entries()) {
    if (event.kind === 'sent') {
      const ids = acknowledgedBy(event)
      acknowledged += ids.length
      unproven.push(...ids.filter((id) => !synced.has(id)))
    } else if (event.file.endsWith('vigil.db-wal')) {
      if (event.kind === 'write') {
        if (event.bytes.length === FRAME_HEADER_BYTES) isLastFrame = event.bytes.readUInt32BE(4) !== 0
        else if (event.bytes.length > WAL_HEADER_BYTES) {
          for (const id of idsIn(event.bytes)) if (!known.has(id)) begun.add(id)
          for (const id of begun) known.add(id)
          if (isLastFrame) {
            whole.push({ at, ids: begun })
            begun = new Set()
          }
        }
      } else if (event.kind === 'sync') {
        for (const { at: wroteAt, ids } of whole) if (wroteAt < event.since) for (const id of ids) synced.add(id)
        whole = whole.filter(({ at: wroteAt }) => wroteAt >= event.since)
      }
    }
  }
  return { acknowledged, proven: acknowledged - unproven.length, unproven }
}

/** Messages whose control id stands in a page. */
const idsIn = (page: Buffer): readonly number[] => [...page.toString('latin1').matchAll(CONTROL_ID)].map(([, id]) => Number(id))

/** The acknowledgements that leave our own listeners, by what stands in them: MSA of HL7, PUBACK of MQTT 3.1.1 §3.4. */
export function acknowledgements(of: {
  readonly hl7Port: number
  readonly mqttPort: number
  readonly hospitalPort: number
  /** Messages that went through the hospital's broker, in the order in which it handed them over. */
  readonly throughHospital: readonly number[]
  /** Message by packet identifier, for each port that an MQTT sender wrote from. */
  readonly published: ReadonlyMap<number, readonly number[]>
}): (transport: Transport) => AcknowledgedBy {
  const byPacket = new Map([...of.published].map(([port, ids]) => [port, new Map(ids.map((id) => [packetIdOf(id), id]))]))
  const sockets = new Map<string, ReturnType<typeof pubacksOf>>()
  const pubacks = ({ localPort, remotePort, bytes }: Sent): readonly number[] => {
    const name = `${localPort} ${remotePort}`
    const read = sockets.get(name) ?? pubacksOf()
    sockets.set(name, read)
    return read(bytes)
  }
  let handedOver = 0
  return (transport) => (sent) => {
    const { localPort, remotePort, bytes } = sent
    if (transport === 'mllp' && localPort === of.hl7Port) {
      return [...bytes.toString('latin1').matchAll(/\rMSA\|(?:AA|CA)\|vgl(\d{9})/g)].map(([, id]) => Number(id))
    }
    if (transport === 'mqtt' && localPort === of.mqttPort) return pubacks(sent).flatMap((packet) => byPacket.get(remotePort)?.get(packet) ?? [])
    // Its packet identifiers are the broker's own; it hands over one after the other.
    if (transport === 'hospital' && remotePort === of.hospitalPort) return pubacks(sent).flatMap(() => of.throughHospital[handedOver++] ?? [])
    return []
  }
}

const PUBACK = 0x40

/** Packet identifiers of the PUBACKs in what was written to one socket. A write may hold a part of a packet; it counts with its last byte. */
function pubacksOf(): (bytes: Buffer) => readonly number[] {
  let rest = Buffer.alloc(0)
  return (bytes) => {
    const found: number[] = []
    let from = 0
    const all = Buffer.concat([rest, bytes])
    for (let end = 2 + (all[1] ?? 0); from + 2 <= all.length && end <= all.length; end = from + 2 + (all[from + 1] ?? 0)) {
      if (all[from] === PUBACK) found.push(all.readUInt16BE(from + 2))
      from = end
    }
    rest = all.subarray(from)
    return found
  }
}
