/**
 * Questions about patients, both ways (HL7 2.6, chapters 3 and 5; IHE patient demographics query): those that the gateway puts
 * to the hospital's registry, and those that monitors put to the gateway, which keeps no list to answer from.
 */

import {
  type Charset, type Hl7Message, type PatientIdentity, type Segment, type Separators, type WallMs,
  driverLimits, encodeHl7, isoOf, readHl7, shown, unescape,
} from '#driver'
import { demographicsOf, identityOf, isErased, locationOf } from './people.ts'

/** `A19`: QRY^A19, answered ADR^A19 (HL7 2.1 to 2.4). `Q22`: QBP^Q22, answered RSP^K22 (from 2.5 on; IHE PDQ). */
export type RegistryDialect = 'A19' | 'Q22'

export type RegistryQuestion =
  /** A number as a wristband has it: of the patient, or of the visit. */
  | { readonly by: 'number'; readonly number: string }
  | { readonly by: 'name'; readonly family: string; readonly given: string }
  /** Who lies there: PV1-3 as `unit^room^bed`. */
  | { readonly by: 'location'; readonly location: string }

export type RegistryPatient = { readonly identity: PatientIdentity; readonly location: string | null; readonly visit: string | null }

export type RegistryAnswer =
  /** `isMore`: there are others who fit. */
  | { readonly kind: 'found'; readonly patients: readonly RegistryPatient[]; readonly isMore: boolean }
  | { readonly kind: 'nobody' }
  /** The registry says why not, in its codes. */
  | { readonly kind: 'refused'; readonly why: string }

export type Asking = {
  readonly dialect: RegistryDialect
  /** MSH-10, and the tag of the query: the answer names it. At most 10 characters, as QRD-4 allows. */
  readonly controlId: string
  readonly at: WallMs
  /** MSH-5 and MSH-6; empty where the registry does not look. */
  readonly application: string
  readonly facility: string
  /** Whose numbers are meant (PID-3.4); empty: anybody's. */
  readonly authority: string
}

const PATIENTS_ASKED_FOR = 10
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\E\\', '|': '\\F\\', '^': '\\S\\', '&': '\\T\\', '~': '\\R\\' }
/** What parts a message must not part ours; control characters would end it. */
const escaped = (text: string): string =>
  Array.from(text, (character) => (character < ' ' ? ' ' : (ESCAPES[character] ?? character))).join('').trim()

/** `unit^room^bed`, whose parts keep their subcomponents. */
const placesOf = (location: string): readonly string[] => location.split('^').slice(0, 3).map((place) => place.split('&').map(escaped).join('&'))

/** The query as it is sent, without framing. */
export function registryQuery(question: RegistryQuestion, asking: Asking): Uint8Array {
  const { dialect, controlId, at, application, facility, authority } = asking
  const time = `${isoOf(at).slice(0, 19).replaceAll(/[-:T]/g, '')}+0000`
  const [type, version] = dialect === 'A19' ? ['QRY^A19', '2.3'] : ['QBP^Q22^QBP_Q21', '2.5']
  const header = ['MSH', '^~\\&', 'VIGIL', '', escaped(application), escaped(facility), time, '', type, controlId, 'P', version, '', '', '', '', '', 'UNICODE UTF-8']
  const query = dialect === 'A19' ? definitionOf(question, { controlId, time, authority }) : parametersOf(question, { controlId, authority })
  const lines = [header, ...query].map((fields) => fields.join('|'))
  return encodeHl7(`${lines.join('\r')}\r`, 'utf-8')
}

/** QRD-8 and QRD-10 must say something, also where nobody and no department in particular is meant (m). */
const ANY = 'ALL'

type Definition = { readonly controlId: string; readonly authority: string }

/** QRD of HL7 2.3, 2.24.4: whom in QRD-8, what in QRD-9 (table 0048). ANU are the patients of a unit, whose bed is in QRD-11. */
function definitionOf(question: RegistryQuestion, { controlId, time, authority }: Definition & { readonly time: string }): readonly (readonly string[])[] {
  const definition = (who: string, what: string, department = ANY, qualifier = ''): readonly string[] =>
    ['QRD', time, 'R', 'I', controlId, '', '', `${PATIENTS_ASKED_FOR}^RD`, who, what, department, qualifier]
  switch (question.by) {
    case 'number':
      return [definition(`${escaped(question.number)}${authority === '' ? '' : `^^^^^^^^${escaped(authority)}`}`, 'DEM')]
    case 'name':
      return [definition(`^${escaped(question.family)}^${escaped(question.given)}`, 'DEM')]
    case 'location': {
      const [unit = '', room = '', bed = ''] = placesOf(question.location)
      return [definition(ANY, 'ANU', unit === '' ? ANY : unit, [room, bed].filter((place) => place !== '').join('^'))]
    }
  }
}

/** QPD and RCP of HL7 2.5, chapter 5: pairs of a field and what is looked for in it. */
function parametersOf(question: RegistryQuestion, { controlId, authority }: Definition): readonly (readonly string[])[] {
  const pairs = parameterPairs(question, authority).filter(([, text]) => text !== '').map(([field, text]) => `${field}^${text}`)
  return [['QPD', 'IHE PDQ Query', controlId, pairs.join('~')], ['RCP', 'I', `${PATIENTS_ASKED_FOR}^RD`]]
}

function parameterPairs(question: RegistryQuestion, authority: string): readonly (readonly [field: string, text: string])[] {
  switch (question.by) {
    case 'number':
      return [['@PID.3.1', escaped(question.number)], ['@PID.3.4.1', escaped(authority)]]
    case 'name':
      return [['@PID.5.1.1', escaped(question.family)], ['@PID.5.2', escaped(question.given)]]
    case 'location':
      return placesOf(question.location).map((place, index) => [`@PV1.3.${index + 1}`, place])
  }
}

type Asked = Pick<Asking, 'controlId' | 'authority'> & { readonly question: RegistryQuestion }

/**
 * What a message answers; null when it is no answer to this question: another's, or the word that one will come. Of a number only
 * those are believed who have it: registries that search by sound and likeness offer others too.
 */
export function readRegistryAnswer(content: Uint8Array, { controlId, authority, question }: Asked): RegistryAnswer | null {
  const read = readHl7(content, { segmentsMax: driverLimits.hl7SegmentsPerMessageMax })
  if (read.kind === 'broken') return null
  const { message } = read
  const type = message.header.component(9, 1)
  const acknowledged = message.segments.find(({ id }) => id === 'MSA')
  if (acknowledged === undefined || acknowledged.value(2) !== controlId) return null
  const code = acknowledged.value(1).trim().toUpperCase()
  if (code !== 'AA' && code !== 'CA') return refused(code, message)
  if (type !== 'ADR' && type !== 'RSP') return null
  const status = message.segments.find(({ id }) => id === 'QAK')
  const tag = status?.value(1) ?? ''
  if (tag !== '' && tag !== controlId) return { kind: 'refused', why: 'The registry answers another question.' }
  switch (status?.value(2).trim().toUpperCase() ?? '') {
    case 'NF':
      return { kind: 'nobody' }
    case 'OK':
    case '':
      return foundIn(message, { question, authority })
    default:
      return refused(status?.value(2).trim().toUpperCase() ?? '', message)
  }
}

/** ERR-3 of HL7 2.5 and later, else ERR-1.4; its texts may name people, and are not told. */
function refused(code: string, { segments }: Hl7Message): RegistryAnswer {
  const error = segments.find(({ id }) => id === 'ERR')
  const number = error === undefined ? '' : error.value(3) || error.value(1, 4)
  const what = code === 'AE' || code === 'CE' ? 'could not answer' : 'refuses the question'
  return { kind: 'refused', why: `The registry ${what} (${shown(code)}${number === '' ? '' : `, error ${shown(number)}`}).` }
}

type Person = { readonly patient: Segment; visit: Segment | null }

function foundIn({ segments, separators }: Hl7Message, { question, authority }: Omit<Asked, 'controlId'>): RegistryAnswer {
  const people: Person[] = []
  let isMore = false
  for (const segment of segments) {
    const last = people.at(-1)
    if (segment.id === 'PID' && people.length < driverLimits.hl7PatientsPerMessageMax) people.push({ patient: segment, visit: null })
    else if (segment.id === 'PID' || (segment.id === 'DSC' && !segment.isEmpty(1))) isMore = true
    else if (segment.id === 'PV1' && last !== undefined && !isMore) last.visit ??= segment
  }
  const meant = question.by === 'number' ? people.filter((person) => hasNumber(person, question.number, separators)) : people
  const patients = meant.flatMap((person) => patientOf(person, separators, authority))
  if (patients.length > 0) return { kind: 'found', patients, isMore }
  // Among those that it did not send may be the one that is meant.
  return isMore ? { kind: 'refused', why: 'The registry found more than it sends, and not the one that is meant: ask more closely.' } : { kind: 'nobody' }
}

function hasNumber({ patient, visit }: Person, number: string, separators: Separators): boolean {
  const first = (repetition: string): string => unescape(repetition.split(separators.component)[0] ?? '', separators).trim()
  return [...patient.repetitions(3).map(first), patient.value(18).trim(), visit?.value(19).trim() ?? ''].includes(number.trim())
}

function patientOf({ patient, visit }: Person, separators: Separators, authority: string): readonly RegistryPatient[] {
  const identity = identityOf(patient, separators, authority)
  if (identity === null) return []
  const { known } = demographicsOf(patient)
  const stay = [visit?.value(19).trim() ?? '', patient.value(18).trim()].find((text) => text !== '' && !isErased(text))
  return [{
    identity: { ...identity, ...known },
    location: visit === null ? null : locationOf(visit, 3),
    visit: stay ?? null,
  }]
}

// ── Asked of us ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Whether a monitor asks for patients. */
export const isPatientQuery = (type: string, trigger: string): boolean => (type === 'QRY' && trigger === 'A19') || (type === 'QBP' && trigger === 'Q22')

/** A definition that is longer than any is not sent back. */
const ECHO_CHARS_MAX = driverLimits.asciiLineBytesMax

/** The answer that monitors wait for: that this application does not answer (AR), and that nobody was found (NF). Framed it is not. */
export function refusalOfQuery({ header, segments, separators }: Hl7Message, charset: Charset): Uint8Array {
  const { field, component } = separators
  const isQrd = header.component(9, 1) === 'QRY'
  const [type, structure] = isQrd ? [['ADR', 'A19'], 'ADR_A19'] : [['RSP', 'K22'], 'RSP_K22']
  const definitions = segments.filter(({ id, raw }) => (isQrd ? id === 'QRD' || id === 'QRF' : id === 'QPD') && raw.length <= ECHO_CHARS_MAX)
  const tag = definitions[0]?.field(isQrd ? 4 : 2) ?? ''
  const lines = [
    [
      'MSH', header.field(2), header.field(5), header.field(6), header.field(3), header.field(4), header.field(7), '',
      [...type, ...(header.component(9, 3) === '' ? [] : [structure])].join(component), `A${header.field(10)}`, header.field(11), header.field(12),
      ...(header.isEmpty(18) ? [] : ['', '', '', '', '', header.field(18)]),
    ],
    ['MSA', 'AR', header.field(10), 'no list of patients is kept here'],
    ['QAK', tag, 'NF'],
  ].map((fields) => fields.join(field))
  return encodeHl7(`${[...lines, ...definitions.slice(0, 2).map(({ raw }) => raw)].join('\r')}\r`, charset)
}
