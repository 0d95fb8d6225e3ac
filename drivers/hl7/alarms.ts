/**
 * The monitor's own alarms: ORU^R40 of IHE PCD-04 (alert communication management). One OBR, one alarm; its rows are the
 * facets: the event, its source, and attributes on phase, state, inactivation, priority and type.
 */

import {
  ALARM_INACTIVATIONS, type AlarmInactivation, type DeviceAlarm, type Fault, type Hl7Message, type Segment,
  driverLimits, flagBit, flagsOf, part, shown, unescape,
} from '#driver'
import { codeOf } from './codes.ts'
import type { Surroundings } from './observation.ts'
import { type Reader, placeOf, surroundingsOf } from './reader.ts'

/** An alarm of one message. `first` and `own`: what OBR-29 and OBR-3 call it; empty when they do not. */
export type ToldAlarm = { readonly alarm: Omit<DeviceAlarm, 'id'>; readonly own: string; readonly first: string }
export type ToldAlarms = { readonly alarms: ToldAlarm[]; readonly faults: Fault[]; readonly leftOut: Fault[] }

const ATTRIBUTES = ['source', 'phase', 'state', 'inactivation', 'priority', 'type'] as const
type Attribute = (typeof ATTRIBUTES)[number]
const isAttribute = (text: string): text is Attribute => ATTRIBUTES.some((attribute) => attribute === text)

/** IHE PCD-04: the code of each attribute, and its name. */
const BY_CODE: ReadonlyMap<string, Attribute> = new Map([
  ['68480', 'source'], ['68481', 'phase'], ['68482', 'state'], ['68483', 'inactivation'], ['68484', 'priority'], ['68485', 'type'],
])
const BY_NAME: ReadonlyMap<string, Attribute> = new Map([
  ['MDC_ATTR_ALERT_SOURCE', 'source'],
  ['MDC_ATTR_EVENT_PHASE', 'phase'],
  ['MDC_ATTR_ALARM_STATE', 'state'],
  ['MDC_ATTR_ALARM_INACTIVATION_STATE', 'inactivation'],
  ['MDC_ATTR_ALARM_PRIORITY', 'priority'],
  ['MDC_ATTR_ALERT_TYPE', 'type'],
])

/** OBR-4 of an alarm; also OBX-3 of the event of a technical one, whose own code then stands in OBX-5. */
const ALARM = '196616'
const EVENT_NAME = /^MDCX?_EVT_/
const EVENT_TYPES: ReadonlySet<string> = new Set(['', 'ST', 'TX', 'FT', 'CWE', 'CE', 'CNE'])

const PHASES = ['start', 'continue', 'end', 'update', 'escalate', 'deescalate', 'reset'] as const
const STATES = ['active', 'inactive', 'latched'] as const
const PRIORITIES: ReadonlyMap<string, DeviceAlarm['priority']> = new Map([
  ['PH', 'high'], ['PM', 'medium'], ['PL', 'low'], ['PN', 'none'], ['PI', 'none'], ['PU', 'none'],
])
const RANK: readonly DeviceAlarm['priority'][] = ['none', 'low', 'medium', 'high']
const TYPES: ReadonlyMap<string, DeviceAlarm['type']> = new Map([['SP', 'physiological'], ['ST', 'technical'], ['SA', 'advisory']])

type Row = { readonly obx: Segment; readonly number: number }
type Group = { readonly obr: Segment | null; readonly around: Surroundings; readonly rows: Row[] }

export function readAlarms(message: Hl7Message, reader: Reader): ToldAlarms {
  const told: ToldAlarms = { alarms: [], faults: [], leftOut: [] }
  if (message.segments.some(({ id }) => id === '')) told.faults.push({ why: 'a line that is no segment', at: 'the message' })
  for (const group of groupsOf(message, reader)) readGroup(group, reader, told)
  return told
}

function groupsOf(message: Hl7Message, reader: Reader): readonly Group[] {
  let group: Group = { obr: null, around: surroundingsOf(null, message, reader), rows: [] }
  const groups = [group]
  let number = 0
  for (const segment of message.segments) {
    if (segment.id === 'OBR') groups.push((group = { obr: segment, around: surroundingsOf(segment, message, reader), rows: [] }))
    if (segment.id !== 'OBX') continue
    number++
    // Rows that describe the device have no data type and no value; waves are read elsewhere.
    if (segment.field(2) !== 'NA' && segment.field(2) !== 'MA') group.rows.push({ obx: segment, number })
  }
  return groups
}

function readGroup({ obr, around, rows }: Group, reader: Reader, told: ToldAlarms): void {
  const events = rows.filter(({ obx }) => isEvent(obx))
  if (events.length === 0 && obr?.component(4, 1) === ALARM) told.faults.push({ why: 'an alarm without its event', at: 'OBR' })
  for (const event of events) {
    const place = containerOf(event.obx)
    // Several alarms behind one OBR are told apart by where they are in OBX-4.
    const own = events.length === 1 ? rows : rows.filter(({ obx }) => containerOf(obx) === place)
    const alarm = readAlarm(event, own, { around, reader, told })
    told.alarms.push({ alarm, own: obr?.value(3) ?? '', first: events.length === 1 && obr !== null ? firstEventOf(obr, around) : '' })
  }
}

/** OBX-4 without its last part. */
const containerOf = (obx: Segment): string => obx.field(4).replace(/\.?[^.]*$/, '')

function isEvent(obx: Segment): boolean {
  const code = obx.component(3, 1).trim()
  return EVENT_TYPES.has(obx.field(2)) && !obx.isEmpty(5) && (code === ALARM || EVENT_NAME.test(obx.component(3, 2).trim()))
}

/**
 * OBR-29 names the first event on all that follow it up, in its second component; one sender writes the identifier there
 * as in OBR-3, with its namespace where the identifier should be.
 */
function firstEventOf(obr: Segment, { separators }: Surroundings): string {
  if (obr.isEmpty(29)) return ''
  const [placer, filler] = [obr.component(29, 1), obr.component(29, 2)]
  const isRight = separators.subcomponent !== '' && (placer === '' || filler.includes(separators.subcomponent))
  return unescape(part(isRight ? filler : placer, separators.subcomponent, 1), separators)
}

type Context = { readonly around: Surroundings; readonly reader: Reader; readonly told: ToldAlarms }

function readAlarm(event: Row, rows: readonly Row[], { around, reader, told }: Context): Omit<DeviceAlarm, 'id'> {
  const { obx } = event
  const marks = obx.repetitions(8).map((mark) => mark.trim().toUpperCase())
  const said = new Map<Attribute, Segment>()
  let source = ''
  for (const row of rows) {
    if (row === event) continue
    const attribute = attributeOf(row.obx, reader)
    const at = placeOf(row.obx, row.number, around.separators)
    if (attribute === 'contradiction') told.faults.push({ why: 'code and name of an attribute contradict each other', at })
    else if (attribute !== null) said.set(attribute, row.obx)
    else if (!row.obx.isEmpty(5)) {
      source ||= nameOf(row.obx, 3, around)
      told.leftOut.push({ why: 'a value that stands in an alarm', at })
    }
  }
  const word = <Word extends string>(attribute: Attribute, words: readonly Word[]): Word | null => {
    const text = said.get(attribute)?.value(5).trim().toLowerCase() ?? ''
    const known = words.find((candidate) => candidate === text)
    if (known === undefined && text !== '') told.faults.push({ why: `${attribute} ${shown(text)} of an alarm is not known`, at: `OBX ${event.number}` })
    return known ?? null
  }
  const state = word('state', STATES)
  const phase = word('phase', PHASES) ?? (state === 'inactive' ? 'end' : 'continue')
  const time = obx.isEmpty(14) ? around.defaultTime : around.time(obx.field(14))
  const zone = time.kind === 'at' && !time.zoned ? flagBit('zone-assumed') : 0
  return {
    code: codeIn(obx, around),
    text: textIn(obx, around),
    source: (source === '' ? sourceIn(said.get('source'), around) : source).slice(0, driverLimits.shownWordCharsMax),
    priority: priorityOf([...marks, ...(said.get('priority')?.repetitions(5) ?? [])]),
    type: typeOf([...(said.get('type')?.repetitions(5) ?? []), ...marks], obx),
    phase,
    state: state ?? (phase === 'end' || phase === 'reset' ? 'inactive' : 'active'),
    inactivation: inactivationOf(said.get('inactivation'), event, told),
    flags: flagsOf(around.flags | zone | (marks.includes('DEMO') ? flagBit('demo') : 0)),
    deviceAt: time.kind === 'at' ? time.at : null,
  }
}

function attributeOf(obx: Segment, { profile }: Reader): Attribute | 'contradiction' | null {
  const [code, name] = [obx.component(3, 1).trim(), obx.component(3, 2).trim()]
  const ofMaker = BY_CODE.has(code) ? undefined : profile().attributes.find(([known]) => known === code)?.[1]
  const byCode = BY_CODE.get(code) ?? (ofMaker !== undefined && isAttribute(ofMaker) ? ofMaker : undefined)
  const byName = BY_NAME.get(name)
  return byCode !== undefined && byName !== undefined && byCode !== byName ? 'contradiction' : (byCode ?? byName ?? null)
}

/** The event's reference id, else its code with its system. */
function codeIn(obx: Segment, { separators }: Surroundings): string {
  const field = obx.component(3, 1).trim() === ALARM ? 5 : 3
  const text = (n: number): string => unescape(part(part(obx.field(field), separators.repetition, 1), separators.component, n), separators).trim()
  const [code, name, system] = [text(1), text(2), text(3)]
  const known = name.startsWith('MDC') ? name : system === '' ? code : `${system.toLowerCase()}:${code}`
  return known.slice(0, driverLimits.shownWordCharsMax) || 'MDC_EVT_ALARM'
}

/** What the monitor shows: OBX-5, in a coded event its original text, else its name. */
function textIn(obx: Segment, { separators }: Surroundings): string {
  const text = (n: number): string => unescape(part(part(obx.field(5), separators.repetition, 1), separators.component, n), separators).trim()
  const isCoded = obx.component(3, 1).trim() === ALARM
  const shownText = isCoded ? text(9) || (text(2).startsWith('MDC') ? '' : text(2)) : text(1)
  return shownText.slice(0, driverLimits.jsonTextCharsMax)
}

/** What a code names: a metric of ours, else its reference id, else itself. */
function nameOf(obx: Segment, field: 3 | 5, { separators }: Surroundings): string {
  const code = codeOf(obx.field(field), separators)
  if (code.kind === 'metric') return code.metric.id
  const name = obx.value(field, 2).trim()
  return name.startsWith('MDC') ? name : obx.value(field).trim()
}

const sourceIn = (obx: Segment | undefined, around: Surroundings): string => (obx === undefined ? '' : nameOf(obx, 5, around))

/** Where flags and attribute say two, the higher counts. */
function priorityOf(marks: readonly string[]): DeviceAlarm['priority'] {
  const said = marks.map((mark) => PRIORITIES.get(mark.trim().toUpperCase()) ?? 'none')
  return RANK.findLast((priority) => said.includes(priority)) ?? 'none'
}

function typeOf(marks: readonly string[], event: Segment): DeviceAlarm['type'] {
  const said = marks.map((mark) => TYPES.get(mark.trim().toUpperCase())).find((type) => type !== undefined)
  return said ?? (event.component(3, 1).trim() === ALARM ? 'technical' : 'physiological')
}

function inactivationOf(obx: Segment | undefined, event: Row, told: ToldAlarms): readonly AlarmInactivation[] {
  const words = (obx?.repetitions(5) ?? []).map((word) => word.trim().toLowerCase()).filter((word) => word !== '' && word !== '""' && word !== 'enabled')
  const known = ALARM_INACTIVATIONS.filter((inactivation) => words.includes(inactivation))
  if (known.length < new Set(words).size) told.faults.push({ why: 'an inactivation state of an alarm is not known', at: `OBX ${event.number}` })
  return known
}
