/** Medicines given: RAS^O17 (HL7 2.6, chapter 4). An order (ORC) has doses (RXA), and behind them by what route (RXR). */

import { type Fault, type Hl7Message, type MedicationGiven, type Segment, driverLimits, flagBit, flagsOf, readNumber, shown } from '#driver'
import { isErased } from './people.ts'
import type { Reader } from './reader.ts'

export type GivenTold = { readonly given: readonly MedicationGiven[]; readonly faults: readonly Fault[] }

/** HL7 tables 0322 and 0206. */
const STATUS: ReadonlyMap<string, MedicationGiven['status']> = new Map([['', 'not-said'], ['CP', 'complete'], ['PA', 'partial'], ['RE', 'refused'], ['NA', 'not-given']])
const ACTIONS: ReadonlyMap<string, MedicationGiven['action']> = new Map([['', 'added'], ['A', 'added'], ['U', 'updated'], ['D', 'deleted']])
const ZONE_ASSUMED = flagBit('zone-assumed')

/** One dose, and the segments about it. `route`: the RXR behind it, else the one that the order had before. */
type Dose = { readonly administered: Segment; readonly number: number; readonly order: Segment | null; route: Segment | null; isRouted: boolean }

/** A sentence: why the message as a whole is not believed. */
export function readGiven(message: Hl7Message, reader: Reader): GivenTold | string {
  const doses: Dose[] = []
  let order: Segment | null = null
  let ordered: Segment | null = null
  let begun = 0
  for (const segment of message.segments) {
    switch (segment.id) {
      case 'ORC':
        order = segment
        ordered = null
        begun = doses.length
        break
      case 'RXA':
        doses.push({ administered: segment, number: doses.length + 1, order, route: ordered, isRouted: false })
        break
      case 'RXR':
        ordered ??= segment
        for (const dose of doses.slice(begun)) if (!dose.isRouted) Object.assign(dose, { route: segment, isRouted: true })
    }
    if (doses.length > driverLimits.hl7GivenPerMessageMax) return `more than ${driverLimits.hl7GivenPerMessageMax} medicines in one message`
  }
  if (doses.length === 0) return 'RXA is not there'
  const faults: Fault[] = message.segments.some(({ id }) => id === '') ? [{ why: 'a line that is no segment', at: 'the message' }] : []
  return { given: doses.flatMap((dose) => readDose(dose, reader, faults)), faults }
}

const text = (segment: Segment | null, field: number, component = 1): string => {
  const value = segment === null ? '' : segment.value(field, component).trim()
  return isErased(value) ? '' : value.slice(0, driverLimits.jsonTextCharsMax)
}

function readDose({ administered, number, order, route }: Dose, reader: Reader, faults: Fault[]): readonly MedicationGiven[] {
  const fault: FaultOf = (field, why) => void faults.push({ why, at: `RXA ${number}, field ${field}` })
  const [code, name] = [text(administered, 5, 1), text(administered, 5, 2)]
  const status = STATUS.get(text(administered, 20).toUpperCase())
  const action = ACTIONS.get(text(administered, 21).toUpperCase())
  // What says something of a dose that is not understood could be that it was never given.
  if (status === undefined) fault(20, `status ${shown(text(administered, 20))} is not known`)
  if (action === undefined) fault(21, `action ${shown(text(administered, 21))} is not known`)
  if (code === '' && name === '') fault(5, 'no medicine')
  if (status === undefined || action === undefined || (code === '' && name === '')) return []
  const [from, until] = ([3, 4] as const).map((field) => timeOf(administered, field, { reader, fault }))
  const dose = doseOf(administered, fault)
  return [{
    id: idOf(order, administered), code, system: text(administered, 5, 3), name, ...(dose === null ? {} : { dose }), route: text(route, 1),
    from: from?.at ?? null, until: until?.at ?? null, status, action, flags: flagsOf(reader.flags | (from?.flags ?? 0) | (until?.flags ?? 0)),
  }]
}

type FaultOf = (field: number, why: string) => void
type Moment = { readonly at: MedicationGiven['from']; readonly flags: number }

function timeOf(administered: Segment, field: 3 | 4, { reader, fault }: { readonly reader: Reader; readonly fault: FaultOf }): Moment {
  const time = administered.isEmpty(field) ? null : reader.time(administered.value(field))
  if (time?.kind === 'broken') fault(field, 'is no HL7 time')
  return time?.kind === 'at' ? { at: time.at, flags: time.zoned ? 0 : ZONE_ASSUMED } : { at: null, flags: 0 }
}

/** A number without its unit is no dose: 5 of what? */
function doseOf(administered: Segment, fault: FaultOf): NonNullable<MedicationGiven['dose']> | null {
  if (administered.isEmpty(6)) return null
  const written = readNumber(text(administered, 6))
  const unit = text(administered, 7, 1) || text(administered, 7, 2)
  if (written.kind === 'absent') return null
  if (written.kind === 'unreadable') fault(6, written.why)
  else if (written.questionable || written.value < 0) fault(6, 'no amount that could be given')
  else if (unit === '') fault(7, 'no unit')
  else {
    const per = text(administered, 12)
    return { amount: written.value, unit, ...(per === '' ? {} : { per }) }
  }
  return null
}

/** The order's number, of who placed it or else of who fills it, and which dose of it. */
function idOf(order: Segment | null, administered: Segment): string {
  const number = text(order, 2) || text(order, 3)
  return number === '' ? '' : `${number}/${text(administered, 2)}`
}
