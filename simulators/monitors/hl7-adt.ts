/**
 * A hospital's registry: knows who lies where, tells each change as ADT (HL7 v2.6 chapter 3), and answers who asks (QRY^A19 of
 * 2.3, QBP^Q22 of 2.5). It enters things late, keeps several numbers of one person, and takes things back.
 */

import { dtm, escaped } from './hl7.ts'
import type { Outgoing } from './wire.ts'

/**
 * `modern`: HL7 2.6, zone of +02:00, event times, several numbers a person, asks for commit acknowledgements. `old`: HL7 2.3, no
 * zone (its clock shows UTC), says when things were entered alone, one number, merges with A34, asks for nothing. `odd`: as
 * modern, with separators of its own, CR LF, and Latin-1.
 */
export type RegistryHabit = 'modern' | 'old' | 'odd'

/** How it takes questions: some say first that they heard. */
export type AnswerHabit = 'at once' | 'after a word' | 'refuses' | 'never'

export type Place = { readonly unit: string; readonly room: string; readonly bed: string }
export type Person = {
  readonly mrn: string
  /** What the laboratory calls the same person. */
  readonly laboratory: string
  readonly visit: string
  readonly family: string
  readonly given: string
  /** `YYYYMMDD`. */
  readonly born: string
  readonly sex: 'F' | 'M'
}
export type Registered = Person & { readonly place: Place | null }

export type RegistryOptions = {
  readonly habit: RegistryHabit
  readonly answers?: AnswerHabit
  /** People enter things so long after they happened. */
  readonly lateMs?: number
}

/** Each change returns the message that tells it; `at` is when it happened. Who is not registered cannot be changed: a RangeError. */
export interface HospitalRegistry {
  admit(person: Person, place: Place, at: number): Outgoing
  transfer(mrn: string, place: Place, at: number): Outgoing
  discharge(mrn: string, at: number): Outgoing
  /** It was all wrong; the patient is back where they were before. */
  cancel(mrn: string, what: 'admission' | 'transfer' | 'discharge', at: number): Outgoing
  swap(mrn: string, other: string, at: number): Outgoing
  leave(mrn: string, at: number): Outgoing
  comeBack(mrn: string, at: number): Outgoing
  correct(mrn: string, change: Partial<Pick<Person, 'family' | 'given' | 'born' | 'sex'>>, at: number): Outgoing
  /** The first number was a mistake, and is the second. */
  merge(mistaken: string, mrn: string, at: number): Outgoing
  /** The visit of the first is one of the second. */
  moveVisit(mistaken: string, mrn: string, at: number): Outgoing
  /** Bytes came from somebody who asks: framed answers. */
  hear(bytes: Uint8Array, at: number): readonly Uint8Array[]
  registered(): readonly Registered[]
}

type Style = { readonly component: string; readonly end: string; readonly charset: 'utf8' | 'latin1'; readonly version: string; readonly zone: number | null }
const STYLES: Readonly<Record<RegistryHabit, Style>> = {
  modern: { component: '^', end: '\r', charset: 'utf8', version: '2.6', zone: 2 },
  old: { component: '^', end: '\r', charset: 'utf8', version: '2.3', zone: null },
  odd: { component: '$', end: '\r\n', charset: 'latin1', version: '2.6', zone: 2 },
}

const ASSIGNED_BY = 'HOSPITAL'
const PEOPLE_ANSWERED_MAX = 10
/** A question is short: what goes on and on is thrown away. */
const HEARD_BYTES_MAX = 16_384

type Standing = { person: Person; place: Place | null; before: Place | null }

export function createRegistry({ habit, answers = 'at once', lateMs = 0 }: RegistryOptions): HospitalRegistry {
  const style = STYLES[habit]
  const standing = new Map<string, Standing>()
  let messages = 0
  let heard = ''

  const of = (mrn: string): Standing => {
    const found = standing.get(mrn)
    if (found === undefined) throw new RangeError(`nobody has the number ${mrn}`)
    return found
  }
  const move = (one: Standing, place: Place | null): void => {
    one.before = one.place
    one.place = place
  }
  const tell = (event: string, at: number, body: readonly string[]): Outgoing => {
    messages++
    const id = `adt-${messages}`
    const text = messageOf({ style, habit, event, id, at, enteredAt: at + lateMs }, body)
    return { id, bytes: new Uint8Array(Buffer.from(text, style.charset)), values: [] }
  }
  const about = (one: Standing, over: { readonly place?: Place | null; readonly prior?: Place | null; readonly came?: number; readonly went?: number } = {}): readonly string[] => [
    pidOf(one.person, habit, style),
    pv1Of({ visit: one.person.visit, place: over.place === undefined ? one.place : over.place, prior: over.prior ?? null, came: over.came, went: over.went }, habit, style),
  ]

  return {
    admit(person, place, at) {
      const one: Standing = { person, place, before: null }
      standing.set(person.mrn, one)
      return tell('A01', at, about(one, { came: at }))
    },
    transfer(mrn, place, at) {
      const one = of(mrn)
      move(one, place)
      return tell('A02', at, about(one, { prior: one.before }))
    },
    discharge(mrn, at) {
      const one = of(mrn)
      move(one, null)
      return tell('A03', at, about(one, { place: one.before, went: at }))
    },
    cancel(mrn, what, at) {
      const one = of(mrn)
      const mistaken = one.place
      one.place = what === 'admission' ? null : one.before
      // HL7 2.6, 3.3.11: a cancelled admission names the bed that it was to; the other two where the patient is after all.
      const event = { admission: 'A11', transfer: 'A12', discharge: 'A13' }[what]
      return tell(event, at, about(one, what === 'admission' ? { place: mistaken } : {}))
    },
    swap(mrn, other, at) {
      const [one, two] = [of(mrn), of(other)]
      const [from, to] = [one.place, two.place]
      move(one, to)
      move(two, from)
      return tell('A17', at, [...about(one, { prior: from }), ...about(two, { prior: to })])
    },
    leave: (mrn, at) => tell('A21', at, about(of(mrn))),
    comeBack: (mrn, at) => tell('A22', at, about(of(mrn))),
    correct(mrn, change, at) {
      const one = of(mrn)
      one.person = { ...one.person, ...change }
      return tell('A08', at, about(one))
    },
    merge(mistaken, mrn, at) {
      const [wrong, right] = [of(mistaken), of(mrn)]
      if (right.place === null) right.place = wrong.place
      standing.delete(mistaken)
      const merged = `MRG|${numbersOf(wrong.person, habit, style)}`
      return tell(habit === 'old' ? 'A34' : 'A40', at, [pidOf(right.person, habit, style), merged])
    },
    moveVisit(mistaken, mrn, at) {
      const [wrong, right] = [of(mistaken), of(mrn)]
      const { visit } = wrong.person
      right.place = wrong.place
      right.person = { ...right.person, visit }
      wrong.place = null
      return tell('A45', at, [
        pidOf(right.person, habit, style), `MRG|${numbersOf(wrong.person, habit, style)}||||${visit}`, pv1Of({ visit, place: right.place, prior: null }, habit, style),
      ])
    },
    hear(bytes, at) {
      heard += Buffer.from(bytes).toString('utf8')
      const said: Uint8Array[] = []
      for (;;) {
        const end = heard.indexOf('\u001c')
        if (end < 0) break
        const question = heard.slice(heard.lastIndexOf('\u000b', end) + 1, end)
        heard = heard.slice(end + 1)
        for (const answer of answersTo(question, { people: [...standing.values()], at, answers })) said.push(framed(answer))
      }
      if (heard.length > HEARD_BYTES_MAX) heard = ''
      return said
    },
    registered: () => [...standing.values()].map(({ person, place }) => ({ ...person, place })),
  }
}

const framed = (text: string): Uint8Array => new Uint8Array(Buffer.from(`\u000b${text}\u001c\r`, 'utf8'))

// ── ADT ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

type Head = { readonly style: Style; readonly habit: RegistryHabit; readonly event: string; readonly id: string; readonly at: number; readonly enteredAt: number }

/** HL7 table 0354: several events share what their messages consist of. */
const STRUCTURES: Readonly<Record<string, string>> = { A08: 'A01', A11: 'A09', A13: 'A01', A22: 'A21', A40: 'A39' }

function messageOf({ style, habit, event, id, at, enteredAt }: Head, body: readonly string[]): string {
  const { component, version, zone, charset, end } = style
  const entered = dtm(enteredAt, zone, '')
  const type = habit === 'old' ? ['ADT', event] : ['ADT', event, `ADT_${STRUCTURES[event] ?? event}`]
  const tail = habit === 'old' ? '' : `|||AL|NE||${charset === 'utf8' ? 'UNICODE UTF-8' : '8859/1'}`
  const header = `MSH|${component}~\\&|REGISTRY|${ASSIGNED_BY}|VIGIL|WARD|${entered}||${type.join(component)}|${id}|P|${version}${tail}`
  // The old one says once when somebody typed it in.
  const recorded = habit === 'old' ? `EVN|${event}|${dtm(at, zone, '')}` : `EVN||${entered}|||OP-1|${dtm(at, zone, '')}`
  return [header, recorded, ...body].map((line) => `${line}${end}`).join('')
}

function numbersOf({ mrn, laboratory }: Person, habit: RegistryHabit, { component }: Style): string {
  if (habit === 'old') return mrn
  const number = (id: string, by: string, type: string): string => [id, '', '', by, type].join(component)
  return `${number(laboratory, 'LABORATORY', 'LR')}~${number(mrn, `${ASSIGNED_BY}&2.25.77&ISO`, 'MR')}`
}

function pidOf(person: Person, habit: RegistryHabit, style: Style): string {
  const { component } = style
  const name = [escapedFor(person.family, component), escapedFor(person.given, component), ...(habit === 'old' ? [] : ['', '', '', '', 'L'])].join(component)
  const fields = ['PID', '1', '', numbersOf(person, habit, style), '', name, '', person.born, person.sex]
  return (habit === 'old' ? [...fields, ...Array.from({ length: 9 }, () => ''), person.visit] : fields).join('|')
}

/** `$` parts components in the odd one. */
const escapedFor = (text: string, component: string): string => (component === '^' ? escaped(text) : escaped(text).replaceAll(component, '\\S\\'))

type Visit = { readonly visit: string; readonly place: Place | null; readonly prior: Place | null; readonly came?: number | undefined; readonly went?: number | undefined }

function pv1Of({ visit, place, prior, came, went }: Visit, habit: RegistryHabit, { component, zone }: Style): string {
  const at = (where: Place | null): string => (where === null ? '' : [where.unit, where.room, where.bed].map((part) => escapedFor(part, component)).join(component))
  const fields = Array.from({ length: 46 }, () => '')
  fields[0] = 'PV1'
  fields[1] = '1'
  fields[2] = 'I'
  fields[3] = at(place)
  fields[6] = at(prior)
  if (habit !== 'old') fields[19] = visit
  fields[44] = came === undefined ? '' : dtm(came, zone, '')
  fields[45] = went === undefined ? '' : dtm(went, zone, '')
  return fields.slice(0, fields.findLastIndex((field) => field !== '') + 1).join('|')
}

// ── Questions ────────────────────────────────────────────────────────────────────────────────────────────────────────

type Asked = { readonly people: readonly Standing[]; readonly at: number; readonly answers: AnswerHabit }

/** Texts of the messages that answer, the last of them the answer itself. */
function answersTo(question: string, { people, at, answers }: Asked): readonly string[] {
  const lines = question.split(/[\r\n]+/).filter((line) => line !== '').map((line) => line.split('|'))
  const header = lines.find(([id]) => id === 'MSH') ?? []
  const type = (header[8] ?? '').split('^').slice(0, 2).join('^')
  const [id = '', version = ''] = [header[9], header[11]]
  const say = (what: string, body: readonly string[]): string =>
    `MSH|^~\\&|REGISTRY|${ASSIGNED_BY}|${header[2] ?? ''}|${header[3] ?? ''}|${dtm(at, 2, '')}||${what}|r-${id}|P|${version}\r${body.join('\r')}\r`
  if (answers === 'never') return []
  if (type !== 'QRY^A19' && type !== 'QBP^Q22') return [say('ACK', [`MSA|AR|${id}|unknown`, 'ERR|||200^Unsupported message type^HL70357|E'])]
  const isDefinition = type === 'QRY^A19'
  const answer = isDefinition ? 'ADR^A19' : 'RSP^K22^RSP_K22'
  const definition = lines.find(([segment]) => segment === (isDefinition ? 'QRD' : 'QPD')) ?? []
  const tag = definition[isDefinition ? 4 : 2] ?? ''
  if (answers === 'refuses') return [say(answer, [`MSA|AE|${id}`, 'ERR|||207^Application internal error^HL70357|E', `QAK|${tag}|AE`, definition.join('|')])]
  const fitting = people.filter(isDefinition ? definedBy(definition) : parametrizedBy(definition))
  const shown = fitting.slice(0, PEOPLE_ANSWERED_MAX).flatMap(({ person, place }) => [
    pidOf(person, 'modern', STYLES.modern), pv1Of({ visit: person.visit, place, prior: null }, 'modern', STYLES.modern),
  ])
  const found = say(answer, [`MSA|AA|${id}`, `QAK|${tag}|${fitting.length === 0 ? 'NF' : 'OK'}`, definition.join('|'), ...shown, ...(fitting.length > PEOPLE_ANSWERED_MAX ? ['DSC|more'] : [])])
  return answers === 'after a word' ? [say('ACK', [`MSA|CA|${id}`]), found] : [found]
}

type Fits = (one: Standing) => boolean

/** The registry's own way back from what `escaped` does. */
const plain = (text: string): string =>
  text.replace(/\\([FSTRE])\\/g, (_, letter: string) => ({ F: '|', S: '^', T: '&', R: '~', E: '\\' })[letter] ?? '')

const isNamed = ({ person }: Standing, family: string, given: string): boolean =>
  person.family.toLowerCase() === family.toLowerCase() && (given === '' || person.given.toLowerCase().startsWith(given.toLowerCase()))

/** Looks at whoever has a part of the number, as registries do that are kind to those who mistype. */
const hasNumber = ({ person }: Standing, number: string): boolean => [person.mrn, person.laboratory, person.visit].some((known) => known.includes(number))

const liesIn = ({ place }: Standing, [unit = '', room = '', bed = '']: readonly string[]): boolean =>
  place !== null && (unit === '' || place.unit === unit) && (room === '' || place.room === room) && (bed === '' || place.bed === bed)

function definedBy(qrd: readonly string[]): Fits {
  const [number = '', family = '', given = ''] = (qrd[8] ?? '').split('^').map(plain)
  if ((qrd[9] ?? '') === 'ANU') {
    const rest = (qrd[11] ?? '').split('^').map(plain)
    return (one) => liesIn(one, [(qrd[10] ?? '') === 'ALL' ? '' : plain(qrd[10] ?? ''), ...(rest.length > 1 ? rest : ['', ...rest])])
  }
  return (one) => (number !== '' ? hasNumber(one, number) : isNamed(one, family, given))
}

function parametrizedBy(qpd: readonly string[]): Fits {
  const wanted = new Map((qpd[3] ?? '').split('~').map((pair): [string, string] => [pair.split('^')[0] ?? '', plain(pair.split('^')[1] ?? '')]))
  const number = wanted.get('@PID.3.1')
  if (number !== undefined) return (one) => hasNumber(one, number)
  if (wanted.has('@PV1.3.1') || wanted.has('@PV1.3.3')) return (one) => liesIn(one, [1, 2, 3].map((n) => wanted.get(`@PV1.3.${n}`) ?? ''))
  return (one) => isNamed(one, wanted.get('@PID.5.1.1') ?? '', wanted.get('@PID.5.2') ?? '')
}
