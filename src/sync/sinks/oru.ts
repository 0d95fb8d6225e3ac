/**
 * Confirmed values as ORU^R01 of HL7 2.6 in the manner of IHE PCD-01: PID and PV1 say whose, each OBX is one value with OBX-11 F. node-hl7-client
 * checks fields against the standard as it builds; times are put in by us, for it would stamp MSH-7 with the time of building, and a message
 * that is sent again must be the same.
 */

import { createHash } from 'node:crypto'
import type { WireEvent } from './events.ts'
import { fieldsOf, textOf } from './events.ts'

/** Who lay there, as the gateway knows it. */
export type StayIdentity = { readonly mrn: string | null; /** As in PID-5: `Doe^Jane`. */ readonly name: string | null; readonly bed: string }

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
export type OruGroup = { readonly stay: string; readonly device: string; readonly timestamp: string; readonly events: readonly WireEvent[] }

/** In the order of the batch. */
export function groupsOf(events: readonly WireEvent[]): readonly OruGroup[] {
  const groups: { readonly stay: string; readonly device: string; readonly timestamp: string; readonly events: WireEvent[] }[] = []
  for (const event of events) {
    const stay = textOf(event.fields['stay'])
    const device = textOf(event.fields['device'])
    const last = groups.at(-1)
    if (last?.stay === stay && last.device === device && last.timestamp === event.timestamp) last.events.push(event)
    else groups.push({ stay, device, timestamp: event.timestamp, events: [event] })
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

/** One message, without framing. @throws Error of node-hl7-client when a field breaks the standard. */
export async function oruOf(group: OruGroup, { mrn, name, bed }: StayIdentity, header: OruHeader): Promise<Uint8Array> {
  const { HL7_2_6 } = await import('node-hl7-client')
  const at = hl7Time(group.timestamp)
  const id = controlIdOf(group)
  const built = new HL7_2_6({ hardError: true })
    .buildMSH({
      msh_3: escaped(header.sendingApplication), msh_4: escaped(header.sendingFacility), msh_5: escaped(header.receivingApplication), msh_6: escaped(header.receivingFacility),
      msh_9_1: 'ORU', msh_9_2: 'R01', msh_9_3: 'ORU_R01', msh_10: id, msh_11_1: 'P', msh_18: 'UNICODE UTF-8',
    })
    .buildPID({
      pid_1: '1', pid_3: mrn === null ? '' : `${escaped(mrn)}^^^${escaped(header.assigningAuthority)}^MR`,
      pid_5: name === null ? '' : name.split('^').map(escaped).join('^'),
    })
    .buildPV1({ pv1_1: '1', pv1_2: 'I', pv1_3: `${escaped(header.unit)}^^${escaped(bed)}` })
    .buildOBR({ obr_1: '1', obr_3: `${id}^VIGIL`, obr_4: '182777000^monitoring of patient^SCT', obr_7: at, obr_25: 'F' })
  group.events.forEach(({ fields }, place) => {
    const { metric, mdc, loinc, label, unit, value, channel } = fieldsOf(fields['data'])
    const other = typeof loinc === 'string' ? `^${escaped(loinc)}^${escaped(textOf(label))}^LN` : ''
    built.buildOBX({
      obx_1: String(place + 1), obx_2: 'NM', obx_3: `${String(mdc)}^${escaped(textOf(metric))}^MDC${other}`, obx_4: escaped(textOf(channel)) || '1',
      obx_5: String(value), obx_6: `${escaped(textOf(unit))}^${escaped(textOf(unit))}^UCUM`, obx_11: 'F', obx_14: at,
    })
  })
  return new TextEncoder().encode(built.toMessage().set('MSH.7', at).toString())
}
