/**
 * Confirmed values as ORU^R01 of HL7 2.6 in the manner of IHE PCD-01: PID and PV1 say whose, each OBX is one value with OBX-11 F; or W where it was
 * told before and is not so (HL7 table 0085: post original as wrong, for example transmitted for wrong patient), in a message of its own. Held in the
 * message model of node-hl7-client 4, not made by its builders: those stamp MSH-7 with the time of building (a message that is sent again must be
 * the same), leave out MSH-18, and take no more than 20 characters in PID-3.
 */

import { createHash } from 'node:crypto'
import type { WireEvent } from './events.ts'
import { fieldsOf, textOf } from './events.ts'

/** Who lay there, as the gateway knows it. */
export type StayIdentity = {
  readonly mrn: string | null
  /** As it is shown, `Doe, Jane`; or as in PID-5, `Doe^Jane`. */
  readonly name: string | null
  readonly bed: string
}

export type OruHeader = {
  readonly sendingApplication: string
  readonly sendingFacility: string
  readonly receivingApplication: string
  readonly receivingFacility: string
  /** PID-3.4: who issued the record numbers. */
  readonly assigningAuthority: string
  /** PV1-3.1. */
  readonly unit: string
}

/** Values of one stay and device that were measured in one instant: one message. */
export type OruGroup = { readonly stay: string; readonly device: string; readonly timestamp: string; readonly isWithdrawn: boolean; readonly events: readonly WireEvent[] }

/** In the order of the batch. */
export function groupsOf(events: readonly WireEvent[]): readonly OruGroup[] {
  const groups: (OruGroup & { readonly events: WireEvent[] })[] = []
  for (const event of events) {
    const stay = textOf(event.fields['stay'])
    const device = textOf(event.fields['device'])
    const isWithdrawn = event.fields['status'] === 'withdrawn'
    const last = groups.at(-1)
    if (last?.stay === stay && last.device === device && last.timestamp === event.timestamp && last.isWithdrawn === isWithdrawn) last.events.push(event)
    else groups.push({ stay, device, timestamp: event.timestamp, isWithdrawn, events: [event] })
  }
  return groups
}

/** MSH-10: the same for the same values, whatever batch brings them; many receivers take 20 characters. */
export const controlIdOf = ({ events }: OruGroup): string => createHash('sha256').update(events.map(({ key }) => key).join('\n')).digest('hex').slice(0, 20)

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\E\\', '|': '\\F\\', '^': '\\S\\', '&': '\\T\\', '~': '\\R\\' }

/** Text within a component (HL7 2.6, §2.7): separators escaped, control characters left out. */
export const escaped = (text: string): string => text.replace(/[\\|^&~]/g, (letter) => ESCAPES[letter] ?? '').replace(/\p{Cc}/gu, '')

/** `2026-01-15T02:00:00.000Z` as HL7 writes it, in UTC. */
export const hl7Time = (iso: string): string => `${iso.replace(/[-:T]/g, '').replace('Z', '')}+0000`

const SEPARATORS = 'MSH|^~\\&|'
/** PID-5 of somebody whose name is not known: it is required, and name type U says so (HL7 table 0200). */
const NO_NAME = '^^^^^^U'

type Fields = Readonly<Record<number, string>>

/** One message, without framing. node-hl7-client holds it; fields are put in as they are to stand there. */
export async function oruOf(group: OruGroup, { mrn, name, bed }: StayIdentity, header: OruHeader): Promise<Uint8Array> {
  const { Message } = await import('node-hl7-client')
  const at = hl7Time(group.timestamp)
  const id = controlIdOf(group)
  const { sendingApplication, sendingFacility, receivingApplication, receivingFacility } = header
  const ends = [sendingApplication, sendingFacility, receivingApplication, receivingFacility].map(escaped).join('|')
  // The line end behind the header is what the library takes for all the others.
  const message = new Message({ text: `${SEPARATORS}${ends}|${at}||ORU^R01^ORU_R01|${id}|P|2.6||||||UNICODE UTF-8\r` })
  const add = (segment: string, fields: Fields): void => {
    const added = message.addSegment(segment)
    for (const [field, text] of Object.entries(fields)) added.set(field, text)
  }
  add('PID', {
    1: '1', 3: mrn === null ? '' : `${escaped(mrn)}^^^${escaped(header.assigningAuthority)}^MR`,
    5: name === null ? NO_NAME : nameOf(name),
  })
  add('PV1', { 1: '1', 2: 'I', 3: `${escaped(header.unit)}^^${escaped(bed)}` })
  add('OBR', { 1: '1', 3: `${id}^VIGIL`, 4: '182777000^monitoring of patient^SCT', 7: at, 25: group.isWithdrawn ? 'C' : 'F' })
  group.events.forEach(({ fields }, place) => add('OBX', obxOf(fieldsOf(fields['data']), { place, at, group })))
  return new TextEncoder().encode(message.toString().replace(/\r*$/, '\r'))
}

/** Family name first: what stands behind the first comma is given names. */
function nameOf(name: string): string {
  const [family = '', ...given] = name.split(', ')
  return (name.includes('^') ? name.split('^') : [family, given.join(', ')]).map(escaped).join('^').replace(/\^$/, '')
}

type About = { readonly place: number; readonly at: string; readonly group: OruGroup }

function obxOf({ metric, mdc, loinc, label, unit, value, channel }: Readonly<Record<string, unknown>>, { place, at, group: { device, isWithdrawn } }: About): Fields {
  const other = typeof loinc === 'string' ? `^${escaped(loinc)}^${escaped(textOf(label))}^LN` : ''
  const ucum = escaped(textOf(unit))
  return {
    1: String(place + 1), 2: 'NM', 3: `${String(mdc)}^${escaped(textOf(metric))}^MDC${other}`, 4: escaped(textOf(channel)) || '1', 5: String(value),
    6: `${ucum}^${ucum}^UCUM`, 11: isWithdrawn ? 'W' : 'F', 14: at, 18: escaped(device),
  }
}
