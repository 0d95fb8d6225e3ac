/** How a Mindray monitor says once a second that it may be called: ADT^A01 with control id 101, HL7 2.3.1 (Patient Data Share). */

import { MllpFramer } from '../codec/mllp.ts'
import { type Hl7Message, readHl7 } from '../codec/hl7.ts'
import { linkLimits } from '../limits.ts'
import type { Sender } from '../seams.ts'

export type Announcement = {
  /** As it is written, which anybody can; null where it is left out. */
  readonly address: string | null
  readonly port: number
  /** MonitorName, and department and bed as `unit^room^bed`. */
  readonly sender: Sender
}

const MONITOR_NAME = '2304'
const BED = '2308'
const USUAL_PORT = 4_601

/** Null for a datagram that announces nobody. */
export function readAnnouncement(datagram: Uint8Array): Announcement | null {
  const message = messageOf(datagram)
  if (message === null) return null
  const { header, segments } = message
  if (header.component(9, 1) !== 'ADT' || header.component(9, 2) !== 'A01' || header.value(10) !== '101') return null
  const visit = segments.find(({ id }) => id === 'PV1')
  if (visit === undefined) return null
  const observed = (code: string): string => segments.find((segment) => segment.id === 'OBX' && segment.component(3, 1) === code)?.value(5).trim() ?? ''
  const [department, bed, address, port] = [1, 2, 3, 4].map((n) => visit.value(3, 3, n).trim())
  const port16 = port === undefined || port === '' ? USUAL_PORT : wholeNumber(port, 65_535)
  if (port16 === null || port16 === 0) return null
  const name = observed(MONITOR_NAME)
  const bedName = bed === undefined || bed === '' ? observed(BED) : bed
  return {
    address: addressOf(address ?? ''),
    port: port16,
    sender: { name: name === '' ? null : name, location: bedName === '' && (department ?? '') === '' ? null : `${department ?? ''}^^${bedName}` },
  }
}

/** With or without the framing that the same messages have over TCP. */
function messageOf(datagram: Uint8Array): Hl7Message | null {
  const { announcementBytesMax: bytesMax } = linkLimits
  if (datagram.length > bytesMax) return null
  const framer = new MllpFramer({ frameBytesMax: bytesMax, keptBytesMax: bytesMax, noiseSpanBytesMax: bytesMax })
  for (const frame of [...framer.push(datagram), ...framer.end()]) {
    const read = frame.kind === 'message' ? readHl7(frame.content, { segmentsMax: bytesMax }) : null
    if (read?.kind === 'message') return read.message
  }
  return null
}

function wholeNumber(text: string, max: number): number | null {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : null
  return value !== null && value <= max ? value : null
}

/** Its four bytes are one number, the first the highest; 0 is none. */
function addressOf(text: string): string | null {
  const value = wholeNumber(text, 0xffff_ffff)
  return value === null || value === 0 ? null : [24, 16, 8, 0].map((bits) => (value >>> bits) & 0xff).join('.')
}
