/**
 * Mindray Patient Data Share (PDS): the gateway calls the monitor (TCP 4601), asks for what it wants to hear, and both say
 * each second that they are there. HL7 2.3.1 over MLLP, told apart by MSH-10; nothing is acknowledged.
 */

import {
  type Driver, type DriverSettings, type Frame, type MonoMs, type Session, type SessionOutput, ZONE_SETTING, driverLimits, mllpFrame, monoMs, utf8,
} from '#driver'
import { type Parameter, UNIT_SETTINGS, parametersOf } from './parameters.ts'
import { Reader } from './reader.ts'

const driver: Driver = {
  id: 'mindray-pds',
  title: 'Mindray Patient Data Share (PDS) over TCP',
  transport: 'tcp',
  integrity: 'transport',
  settings: [...UNIT_SETTINGS, ZONE_SETTING],
  open: (settings) => openDialogue(settings),
  openCapture: (settings) => openCapture(settings),
}
export default driver

const ECHO_EVERY_MS = 1_000
/** The guide allows fewer than five ids in a QRF. */
const IDS_PER_FILTER = 4

const ECHO = mllpFrame(utf8('MSH|^~\\&|||||||ORU^R01|106|P|2.3.1|\r'))

/**
 * Parameters by name, for some monitors pass over a query for all; then all alarms of the patient (3) and of the equipment
 * (4). QRD-1 and QRD-4 are those of the guide's example: monitors look at neither.
 */
function queryFor(parameters: ReadonlyMap<string, Parameter>): Uint8Array {
  const ids = [...parameters.keys()]
  const lists = Array.from({ length: Math.ceil(ids.length / IDS_PER_FILTER) }, (_, index) => ids.slice(index * IDS_PER_FILTER, (index + 1) * IDS_PER_FILTER))
  const filters = [...lists.map((list) => `1^1^0^${list.join('&')}`), '3^1^1^', '4^1^1^']
  const segments = ['MSH|^~\\&|||||||QRY^R02|1203|P|2.3.1', 'QRD|20060731145557|R|I|Q895211|||||RES', ...filters.map((filter) => `QRF|MON||||0&0^${filter}`)]
  return mllpFrame(utf8(`${segments.join('\r')}\r`))
}

function openCapture(settings: DriverSettings): Session {
  const reader = new Reader(settings, parametersOf(settings), false)
  const output = (frames: readonly Frame[]): SessionOutput => ({ frames, send: [], wakeAt: null })
  return { receive: (bytes) => output(reader.push(bytes)), wake: () => output([]), end: () => output(reader.end()), atRest: () => reader.isAtRest }
}

/** Our side of the conversation, between the moment it was begun and now. */
type Begun = { echoAt: MonoMs; heardAt: MonoMs }

function openDialogue(settings: DriverSettings): Session {
  const parameters = parametersOf(settings)
  const reader = new Reader(settings, parameters, true)
  const query = queryFor(parameters)
  let begun: Begun | null = null
  let askedAgain = false

  function wake(now: MonoMs): SessionOutput {
    const wakeAt = monoMs(now + ECHO_EVERY_MS)
    if (begun === null) {
      begun = { echoAt: wakeAt, heardAt: now }
      return { frames: [], send: [query, ECHO], wakeAt }
    }
    const lateMs = now - begun.echoAt
    if (lateMs < 0) return { frames: [], send: [], wakeAt: begun.echoAt }
    // While we stood still nobody was heard, whoever spoke.
    const heardAt = monoMs(begun.heardAt + lateMs)
    const isLost = now - heardAt >= driverLimits.pdsEchoLostMs
    begun = { echoAt: wakeAt, heardAt: isLost ? now : heardAt }
    const output = { frames: [], send: [ECHO], wakeAt }
    return isLost ? { ...output, close: `no echo from the monitor for ${driverLimits.pdsEchoLostMs / 1_000} s` } : output
  }

  function receive(bytes: Uint8Array, now: MonoMs): SessionOutput {
    const before = reader.messages
    const frames = reader.push(bytes)
    if (begun !== null && reader.messages > before) begun.heardAt = now
    // A query that comes while the monitor still tells how it is set is lost; its first echo marks the end of that. A new
    // query takes the place of the one before.
    const asks = !askedAgain && reader.echoes > 0
    if (asks) askedAgain = true
    return { frames, send: asks ? [query] : [], wakeAt: begun === null ? now : begun.echoAt }
  }

  return { receive, wake, end: (now) => ({ frames: reader.end(), send: [], wakeAt: begun === null ? now : begun.echoAt }), atRest: () => reader.isAtRest }
}
