/** What a simulated ward is made of, as JSON, and its checks. */

import { isId } from '../../src/domain/ids.ts'
import { simulatorLimits } from '../../src/limits.ts'
import type { AlarmHabit } from './hl7-alarms.ts'
import type { Hl7Style } from './hl7.ts'
import { isSerialModel, SERIAL_MODEL_NAMES, type SerialModelName } from './models.ts'
import { parseScenario, SCENARIO_NAMES } from '../patients/scenarios.ts'

export type Transport =
  /** `alarms`: it sends its own alarms too. */
  | { readonly kind: 'hl7'; readonly host: string; readonly port: number; readonly style?: Hl7Style; readonly alarms?: AlarmHabit }
  /** `link`: stable name of the port. `tcpPort`: the loopback port that takes its place where there are no pseudo-terminals. */
  | { readonly kind: 'serial'; readonly link: string; readonly tcpPort?: number; readonly model?: SerialModelName }
  | { readonly kind: 'mqtt'; readonly url: string; readonly username: string; readonly password: string; readonly speaks?: MqttSpeech }
  /** An IntelliVue on the network: where it waits to be asked over UDP. */
  | { readonly kind: 'intellivue'; readonly host: string; readonly port: number }
  /** A Mindray monitor: where its announcements go, and the loopback port at which it is then called. */
  | { readonly kind: 'pds'; readonly host: string; readonly port: number; readonly ownPort: number }

/** Vigil's own JSON, or what the tele-ICU middleware takes. */
export type MqttSpeech = 'json' | 'teleicu'

const KINDS = ['hl7', 'serial', 'mqtt', 'intellivue', 'pds'] as const satisfies readonly Transport['kind'][]

export type BedPlan = {
  readonly bed: string
  readonly device: string
  /** A scenario's name, or `name@seconds` to say when it begins. */
  readonly scenario: string
  readonly patient: { readonly mrn: string; readonly name: string } | null
  readonly transport: Transport
}

/** A bed that changes hands, again and again: somebody new comes, stays so long, and the bed is empty for a while, or for not even a second. */
export type GuestBed = { readonly bed: string; readonly stayS: number; readonly emptyS: number }

/**
 * Where the hospital's registry tells who lies where (HL7 ADT): it admits everybody who has a bed, or nobody but guests. `ownPort`: where it takes
 * questions, if it does.
 */
export type RegistryPlan = {
  readonly host: string; readonly port: number; readonly ownPort?: number; readonly guests?: GuestBed; readonly admits?: 'everybody' | 'guests'
}

export type WardPlan = { readonly seed: number; readonly beds: readonly BedPlan[]; readonly registry?: RegistryPlan }

export type ParsedPlan = { readonly kind: 'plan'; readonly plan: WardPlan } | { readonly kind: 'wrong'; readonly why: readonly string[] }

/** Checks what came out of JSON.parse. Each sentence of `why` names the place and what would be right. */
export function parseWardPlan(value: unknown): ParsedPlan {
  const why: string[] = []
  const plan = readPlan(value, (place, sentence) => void why.push(`${place}: ${sentence}`))
  return plan !== null && why.length === 0 ? { kind: 'plan', plan } : { kind: 'wrong', why }
}

type Complain = (place: string, sentence: string) => void
type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

function readPlan(value: unknown, complain: Complain): WardPlan | null {
  if (!isFields(value)) {
    complain('plan', 'must be an object with `seed` and `beds`')
    return null
  }
  onlyKnown(value, ['seed', 'beds', 'registry'], 'plan', complain)
  const seed = value['seed']
  if (typeof seed !== 'number' || !Number.isSafeInteger(seed)) complain('seed', 'must be a whole number')
  const beds = value['beds']
  if (!Array.isArray(beds) || beds.length === 0 || beds.length > simulatorLimits.bedsMax) {
    complain('beds', `must be a list of 1 to ${simulatorLimits.bedsMax} beds`)
    return null
  }
  const read = beds.map((bed: unknown, index) => readBed(bed, `beds[${index}]`, complain)).filter((bed) => bed !== null)
  for (const key of ['bed', 'device'] as const) {
    const names = read.map((bed) => bed[key])
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined) complain('beds', `two of them have the ${key} ${JSON.stringify(twice)}`)
  }
  const registry = readRegistry(value['registry'], complain)
  return typeof seed === 'number' ? { seed, beds: read, ...(registry === null ? {} : { registry }) } : null
}

function readRegistry(value: unknown, complain: Complain): RegistryPlan | null {
  if (value === undefined) return null
  if (!isFields(value)) {
    complain('registry', 'must be an object with `host` and `port`')
    return null
  }
  onlyKnown(value, ['host', 'port', 'ownPort', 'guests', 'admits'], 'registry', complain)
  const guests = readGuests(value['guests'], complain)
  const admits = readWord(value, 'admits', ['everybody', 'guests'], 'registry', complain)
  return {
    host: readText(value, 'host', 'registry', complain), port: readPort(value, 'port', 'registry', complain),
    ...(value['ownPort'] === undefined ? {} : { ownPort: readPort(value, 'ownPort', 'registry', complain) }),
    ...(guests === null ? {} : { guests }), ...(admits === undefined ? {} : { admits }),
  }
}

function readGuests(value: unknown, complain: Complain): GuestBed | null {
  if (value === undefined) return null
  if (!isFields(value)) {
    complain('registry.guests', 'must be an object with `bed`, `stayS` and `emptyS`')
    return null
  }
  onlyKnown(value, ['bed', 'stayS', 'emptyS'], 'registry.guests', complain)
  const seconds = (key: string, least: number): number => {
    const found = value[key]
    if (typeof found === 'number' && Number.isInteger(found) && found >= least && found <= 86_400) return found
    complain(`registry.guests.${key}`, `must be seconds from ${least} to 86400`)
    return least
  }
  return { bed: readId(value, 'bed', 'registry.guests', complain) ?? '', stayS: seconds('stayS', 1), emptyS: seconds('emptyS', 0) }
}

function onlyKnown(fields: Fields, known: readonly string[], place: string, complain: Complain): void {
  for (const key of Object.keys(fields)) if (!known.includes(key)) complain(place, `unknown key ${JSON.stringify(key)}; known are ${known.join(', ')}`)
}

function readBed(value: unknown, place: string, complain: Complain): BedPlan | null {
  if (!isFields(value)) {
    complain(place, 'must be an object')
    return null
  }
  onlyKnown(value, ['bed', 'device', 'scenario', 'patient', 'transport'], place, complain)
  const bed = readId(value, 'bed', place, complain)
  const device = readId(value, 'device', place, complain)
  const scenario = value['scenario']
  const known = typeof scenario === 'string' && parseScenario(scenario) !== null
  if (!known) complain(`${place}.scenario`, `must be one of ${SCENARIO_NAMES.join(', ')}, each with @seconds after it if you like`)
  const patient = readPatient(value['patient'], `${place}.patient`, complain)
  const transport = readTransport(value['transport'], `${place}.transport`, complain)
  return bed !== null && device !== null && typeof scenario === 'string' && known && transport !== null ? { bed, device, scenario, patient, transport } : null
}

function readId(fields: Fields, key: string, place: string, complain: Complain): string | null {
  const value = fields[key]
  if (typeof value === 'string' && isId(value)) return value
  complain(`${place}.${key}`, 'must be 1 to 64 letters, digits and ._:@/-')
  return null
}

function readText(fields: Fields, key: string, place: string, complain: Complain): string {
  const value = fields[key]
  if (typeof value === 'string' && value !== '') return value
  complain(`${place}.${key}`, 'must be a text')
  return ''
}

function readPort(fields: Fields, key: string, place: string, complain: Complain): number {
  const value = fields[key]
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535) return value
  complain(`${place}.${key}`, 'must be a port from 1 to 65535')
  return 0
}

/** One of two words, or none. */
function readWord<Word extends string>(fields: Fields, key: string, words: readonly [Word, Word], place: string, complain: Complain): Word | undefined {
  const value = fields[key]
  const found = words.find((word) => word === value)
  if (value !== undefined && found === undefined) complain(`${place}.${key}`, `must be ${words.join(' or ')}`)
  return found
}

function readPatient(value: unknown, place: string, complain: Complain): BedPlan['patient'] {
  if (value === null || value === undefined) return null
  if (!isFields(value)) {
    complain(place, 'must be null or an object with `mrn` and `name`')
    return null
  }
  onlyKnown(value, ['mrn', 'name'], place, complain)
  return { mrn: readText(value, 'mrn', place, complain), name: readText(value, 'name', place, complain) }
}

function readTransport(value: unknown, place: string, complain: Complain): Transport | null {
  const kind = isFields(value) ? KINDS.find((known) => known === value['kind']) : undefined
  if (!isFields(value) || kind === undefined) {
    complain(place, `must be an object whose \`kind\` is ${KINDS.slice(0, -1).join(', ')} or ${KINDS.at(-1)}`)
    return null
  }
  const text = (key: string): string => readText(value, key, place, complain)
  const portOf = (key: string): number => readPort(value, key, place, complain)
  const known = (...keys: readonly string[]): void => onlyKnown(value, ['kind', ...keys], place, complain)
  switch (kind) {
    case 'mqtt': {
      known('url', 'username', 'password', 'speaks')
      const speaks = readWord(value, 'speaks', ['json', 'teleicu'], place, complain)
      return { kind, url: text('url'), username: text('username'), password: text('password'), ...(speaks && { speaks }) }
    }
    case 'hl7': {
      known('host', 'port', 'style', 'alarms')
      const alarms = readWord(value, 'alarms', ['first', 'own'], place, complain)
      return { kind, host: text('host'), port: portOf('port'), style: readWord(value, 'style', ['accept', 'application'], place, complain) ?? 'accept', ...(alarms && { alarms }) }
    }
    case 'intellivue':
      known('host', 'port')
      return { kind, host: text('host'), port: portOf('port') }
    case 'pds':
      known('host', 'port', 'ownPort')
      return { kind, host: text('host'), port: portOf('port'), ownPort: portOf('ownPort') }
    case 'serial': {
      known('link', 'tcpPort', 'model')
      const { model = 'radical-7' } = value
      if (!isSerialModel(model)) complain(`${place}.model`, `must be one of ${SERIAL_MODEL_NAMES.join(', ')}`)
      const tcpPort = value['tcpPort'] === undefined ? null : portOf('tcpPort')
      return { kind, link: text('link'), model: isSerialModel(model) ? model : 'radical-7', ...(tcpPort === null ? {} : { tcpPort }) }
    }
  }
}
