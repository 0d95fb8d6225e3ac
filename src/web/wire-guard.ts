/** The one door by which text from the gateway enters the page. The shapes are those of the wire; their frames are checked here. */

import type { ShiftView } from '../api/shift-wire.ts'
import type { CommissioningView } from '../api/house-wire.ts'
import type { FrozenView, LimitsView } from '../api/stay-wire.ts'
import type { AssociationsView, BedAssociationFacts, DeliveryView, GivenView, HandoverView, RegistryLookup, ServerMessage, SessionView, StripView, TrendView } from '../api/wire.ts'

type Loose = Readonly<Record<string, unknown>>

const isRecord = (thing: unknown): thing is Loose => typeof thing === 'object' && thing !== null && !Array.isArray(thing)
const isNumber = (thing: unknown): thing is number => typeof thing === 'number' && Number.isFinite(thing)
const isText = (thing: unknown): thing is string => typeof thing === 'string'

const isIdentified = (thing: unknown): boolean => isRecord(thing) && isText(thing['id'])
const isBed = (thing: unknown): boolean =>
  isRecord(thing) && isText(thing['id']) && isText(thing['label']) && Array.isArray(thing['values']) && isRecord(thing['context']) && isRecord(thing['patient'])
const isAlert = (thing: unknown): boolean =>
  isRecord(thing) && isText(thing['id']) && isText(thing['state']) && isText(thing['priority']) && isRecord(thing['because'])
const isAlertOrNone = (thing: unknown): boolean => thing === undefined || isAlert(thing)
const isGateway = (thing: unknown): boolean =>
  isRecord(thing) && (thing['mode'] === 'demo' || thing['mode'] === 'live') && isNumber(thing['speed']) && isRecord(thing['store']) && isRecord(thing['sync'])
const isYou = (thing: unknown): boolean => isRecord(thing) && isText(thing['name']) && isText(thing['role'])

const isListOf = (test: (thing: unknown) => boolean, thing: unknown): boolean => Array.isArray(thing) && thing.every(test)

const isWaveLine = (thing: unknown): boolean =>
  isRecord(thing) && isText(thing['unit']) && typeof thing['follows'] === 'boolean' && ['from', 'rateHz', 'scale', 'offset'].every((name) => isNumber(thing[name])) &&
  isListOf(isNumber, thing['samples'])
const isWaveSignal = (thing: unknown): boolean =>
  isRecord(thing) && ['key', 'metric', 'channel'].every((name) => isText(thing[name])) && isListOf(isWaveLine, thing['lines'])

function isServerMessage(thing: unknown): thing is ServerMessage {
  if (!isRecord(thing) || !isNumber(thing['at'])) return false
  switch (thing['type']) {
    case 'snapshot':
      return (
        isYou(thing['you']) && isGateway(thing['gateway']) && isListOf(isBed, thing['beds']) &&
        isListOf(isAlert, thing['alerts']) && isListOf(isIdentified, thing['devices']) && isAlertOrNone(thing['sentinel'])
      )
    case 'beds':
      return isListOf(isBed, thing['beds'])
    case 'alerts':
      return isListOf(isAlert, thing['alerts']) && isAlertOrNone(thing['sentinel'])
    case 'heartbeat':
      return isNumber(thing['seq']) && isGateway(thing['gateway']) && isListOf(isIdentified, thing['devices'])
    case 'waves':
      return isText(thing['bed']) && isNumber(thing['more']) && isListOf(isWaveSignal, thing['signals'])
    default:
      return false
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** null: not a message that this page understands. It is as if nothing had been heard. */
export function readMessage(text: string): ServerMessage | null {
  const thing = parsed(text)
  return isServerMessage(thing) ? thing : null
}

const isSeries = (thing: unknown): boolean =>
  isRecord(thing) && isText(thing['metric']) && isText(thing['label']) && isText(thing['unit']) &&
  isListOf(isNumber, thing['t']) && isListOf((v) => v === null || isNumber(v), thing['v'])

export const isTrendView = (thing: unknown): thing is TrendView => isRecord(thing) && isListOf(isSeries, thing['series'])

const isStripLine = (thing: unknown): boolean =>
  isRecord(thing) && ['device', 'metric', 'channel', 'unit'].every((name) => isText(thing[name])) && ['at', 'rateHz', 'scale', 'offset', 'from'].every((name) => isNumber(thing[name])) &&
  isListOf(isNumber, thing['samples'])

export const isStripView = (thing: unknown): thing is StripView => isRecord(thing) && isListOf(isStripLine, thing['lines']) && isNumber(thing['damaged'])

const isPerson = (thing: unknown): boolean => isRecord(thing) && ['mrn', 'name'].every((name) => thing[name] === null || isText(thing[name]))
const isOccupant = (thing: unknown): boolean =>
  isRecord(thing) && (thing['kind'] === 'unidentified' || thing['kind'] === 'empty' || (thing['kind'] === 'patient' && isPerson(thing['patient']) && isText(thing['standing'])))
const isKinded = (thing: unknown): boolean => isRecord(thing) && isText(thing['kind'])
const isTypedIn = (thing: unknown): boolean => isRecord(thing) && isNumber(thing['fact']) && isPerson(thing['patient']) && isText(thing['by']) && isNumber(thing['at'])
const isBedAssociation = (thing: unknown): boolean =>
  isRecord(thing) && isText(thing['bed']) && isText(thing['label']) && isOccupant(thing['occupant']) && isListOf(isKinded, thing['disputes']) && isListOf(isTypedIn, thing['proposals'])
const isFact = (thing: unknown): boolean =>
  isRecord(thing) && ['id', 'learnedAt', 'effectiveAt'].every((name) => isNumber(thing[name])) && ['source', 'by', 'kind'].every((name) => isText(thing[name])) &&
  (thing['patient'] === null || isPerson(thing['patient']))

export const isAssociations = (thing: unknown): thing is AssociationsView => isRecord(thing) && typeof thing['hasRegistry'] === 'boolean' && isListOf(isBedAssociation, thing['beds'])

export const isAssociationFacts = (thing: unknown): thing is BedAssociationFacts => isBedAssociation(thing) && isRecord(thing) && isListOf(isFact, thing['facts'])

const isFound = (thing: unknown): boolean => isRecord(thing) && isPerson(thing['identity'])

export const isLookup = (thing: unknown): thing is RegistryLookup => {
  if (!isRecord(thing)) return false
  if (thing['kind'] === 'found') return isListOf(isFound, thing['patients'])
  return thing['kind'] === 'nobody' || ((thing['kind'] === 'refused' || thing['kind'] === 'unknown') && isText(thing['why']))
}

const isGivenOne = (thing: unknown): boolean =>
  isRecord(thing) && ['id', 'name', 'route', 'status', 'action'].every((name) => isText(thing[name])) && isNumber(thing['at']) && (thing['from'] === null || isNumber(thing['from']))

const isNameOrNull = (thing: unknown): boolean => thing === null || isText(thing)
const isOnShift = (thing: unknown): boolean => isRecord(thing) && isText(thing['name']) && isListOf(isText, thing['beds']) && (thing['onBreak'] === null || isRecord(thing['onBreak']))
const isShift = (thing: unknown): boolean => isRecord(thing) && isNumber(thing['endsAt']) && isNumber(thing['startedAt']) && isNameOrNull(thing['charge']) && isListOf(isOnShift, thing['nurses'])
const isShiftBed = (thing: unknown): boolean => isRecord(thing) && isText(thing['bed']) && isText(thing['label']) && ['assigned', 'holder', 'buddy'].every((name) => isNameOrNull(thing[name]))
const isNamed = (thing: unknown): boolean => isRecord(thing) && isText(thing['name'])

export const isShiftView = (thing: unknown): thing is ShiftView =>
  isRecord(thing) && isNumber(thing['at']) && (thing['shift'] === null || isShift(thing['shift'])) && isListOf(isShiftBed, thing['beds']) && isListOf(isNamed, thing['people']) &&
  (thing['undo'] === null || isNumber(thing['undo']))

const isWatched = (thing: unknown): boolean =>
  isRecord(thing) && isText(thing['bed']) && isText(thing['label']) && isNumber(thing['watchedSeconds']) && isNumber(thing['unwatchedSeconds']) &&
  isListOf((one): one is object => isRecord(one) && isText(one['why']) && isNumber(one['seconds']), thing['reasons']) &&
  isListOf((one): one is object => isRecord(one) && isText(one['rule']) && isNumber(one['unwatchedSeconds']), thing['rules'])
export const isHandover = (thing: unknown): thing is HandoverView => isRecord(thing) && isNumber(thing['from']) && isNumber(thing['to']) && isListOf(isWatched, thing['beds']) && typeof thing['isCut'] === 'boolean'

const isSession = (thing: unknown): thing is SessionView => isRecord(thing) && ['id', 'name', 'role', 'from'].every((name) => isText(thing[name])) && (thing['since'] === null || isNumber(thing['since']))
export const isSessions = (thing: unknown): thing is readonly SessionView[] => isListOf(isSession, thing)

const isDelivery = (thing: unknown): thing is DeliveryView =>
  isRecord(thing) && isNumber(thing['at']) && ['way', 'step', 'address'].every((name) => isText(thing[name])) && isNameOrNull(thing['by']) && isNameOrNull(thing['note'])
export const isDeliveries = (thing: unknown): thing is readonly DeliveryView[] => isListOf(isDelivery, thing)

const isCounted = (thing: unknown): boolean => isRecord(thing) && isNumber(thing['alerts']) && isNumber(thing['perBedDay'])
export const isCommissioning = (thing: unknown): thing is CommissioningView =>
  isRecord(thing) && ['from', 'to', 'beds', 'bedDays', 'alerts', 'perBedDay'].every((name) => isNumber(thing[name])) && isListOf((one) => isCounted(one) && isRecord(one) && isText(one['words']), thing['rules']) &&
  isListOf((one) => isCounted(one) && isRecord(one) && isText(one['label']) && isNumber(one['bedDays']), thing['perBed']) &&
  isListOf((one) => isRecord(one) && ['from', 'alerts', 'high', 'medium', 'low'].every((name) => isNumber(one[name])), thing['perDay']) &&
  isListOf((one) => isRecord(one) && isText(one['label']) && isText(one['words']) && isNumber(one['alerts']), thing['offenders'])

export const isGivenView = (thing: unknown): thing is GivenView => isRecord(thing) && isListOf(isGivenOne, thing['given'])

const isFrozenValue = (thing: unknown): boolean =>
  isRecord(thing) && ['name', 'label', 'device'].every((name) => isText(thing[name])) && isNumber(thing['value']) && isNumber(thing['at'])
const isRange = (thing: unknown): boolean => isRecord(thing) && ['low', 'high', 'decimals'].every((name) => isNumber(thing[name])) && isText(thing['unit'])

export const isFrozenView = (thing: unknown): thing is FrozenView =>
  isRecord(thing) && isNumber(thing['at']) && isListOf(isFrozenValue, thing['values']) && isListOf(isText, thing['missing']) && (thing['spo2Scale'] === 1 || thing['spo2Scale'] === 2) &&
  isRecord(thing['ranges']) && Object.values(thing['ranges']).every(isRange)

const isLimit = (thing: unknown): boolean => isRecord(thing) && isText(thing['variable']) && isText(thing['side']) && isNumber(thing['from']) && isNumber(thing['to']) && typeof thing['isDraft'] === 'boolean'
const isLimitProposal = (thing: unknown): boolean => isRecord(thing) && isText(thing['variable']) && isText(thing['side']) && isNumber(thing['beyond']) && typeof thing['widens'] === 'boolean'

export const isLimitsView = (thing: unknown): thing is LimitsView =>
  isRecord(thing) && isRecord(thing['ward']) && isListOf(isLimit, thing['limits']) && isListOf(isLimitProposal, thing['proposals'])

/** Whether the public health answer says that this is a demo: the login page must say so before anybody is known. */
export const isDemoHealth = (body: unknown): boolean => isRecord(body) && body['mode'] === 'demo'

/** The sentence in an error answer of the API, or null. */
export function whyOf(body: unknown): string | null {
  if (!isRecord(body)) return null
  for (const name of ['detail', 'message']) {
    const words = body[name]
    if (isText(words) && words !== '') return words
  }
  return null
}
