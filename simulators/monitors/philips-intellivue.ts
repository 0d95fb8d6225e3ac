/**
 * An IntelliVue bedside monitor behind its RS-232 or LAN interface: one client at a time, associates slowly, says what it is
 * until it is answered, sends results in linked parts, knows polls that it refuses, gives a silent client up after 10 s,
 * and forgets everything when its power goes.
 */

import { hashOf } from '../patients/random.ts'
import type { Moment } from '../patients/patient.ts'
import { createWaves } from '../patients/waves.ts'
import type { SimulatedDevice } from './device.ts'
import {
  type Module, NUMERIC_COUNT, type View, WAVE_COUNT, WAVE_RESULT_MS, createAlarms, numericThings, waveThings,
} from './philips-intellivue-objects.ts'
import {
  ABORT, EXTENSION_ENUMERATIONS, EXTENSION_NUMERICS, EXTENSION_WAVES, type Framing, REFUSE, RELEASED, type Request, type Thing,
  absoluteTime, associationResponse, attribute, createEar, createdEvent, extensionsAsked, pollResult, put, readRequest, refusal, setResult, text, toWire,
} from './philips-intellivue-wire.ts'
import type { SentValue } from './wire.ts'

export type IntellivueOptions = {
  readonly device: string
  readonly framing: Framing
  /** Wall clock at second 0 of the ward, in ms since 1970; the monitor's own clock, unless it was just switched on. */
  readonly startedAt: number
  readonly patient: { readonly mrn: string; readonly family: string; readonly given: string } | null
  /** The first software has single polls only; later ones export waves, and enumerations. */
  readonly software?: 'first' | 'waves' | 'full'
  readonly isDemo?: boolean
  readonly isFrench?: boolean
  /** Modules that are not in their slots at a second. */
  readonly pulled?: (second: number) => readonly Module[]
  /** Measurements that a result holds, each once: those of a cuff when it is done. */
  readonly issued?: (values: readonly SentValue[], second: number) => void
}

type Poll = { readonly request: Extract<Request, { kind: 'poll' }>; readonly untilMs: number; sequence: number; nextAtMs: number }
type Association = {
  readonly extensions: number | null
  heardAtMs: number
  isCreated: boolean
  creations: number
  nextCreationAtMs: number
  waveLabels: readonly number[]
  readonly polls: Map<number, Poll>
}

const ANSWERS_AFTER_MS = 40
const CREATES_AFTER_MS = 120
const CREATES_EVERY_MS = 3_000
const CREATIONS_MAX = 3
const GIVES_UP_AFTER_MS = 10_000
const NUMERIC = 6
const WAVE = 9
const ENUMERATION = 5
const SYSTEM = 33
const PATIENT = 42
const ALARMS = 54
/** A monitor that does not know the time starts its calendar here. */
const FACTORY_TIME = Date.UTC(2013, 0, 1)

export function createIntellivue(options: IntellivueOptions): SimulatedDevice {
  const { framing, software = 'full', isDemo = false, isFrench = false, patient } = options
  const bytesMax = framing === 'lan' ? 1_364 : 996
  const granted = software === 'first' ? null : (EXTENSION_NUMERICS | EXTENSION_WAVES | (software === 'full' ? EXTENSION_ENUMERATIONS : 0)) >>> 0
  const ear = createEar(framing)
  const waves = createWaves(hashOf(options.device))
  let alarms = createAlarms()
  let association: Association | null = null
  let moment: Moment | null = null
  let bootedAtMs: number | null = null
  let cuffTold: number | null = null
  let waveStartMs = 0
  const outgoing: { readonly dueMs: number; readonly message: Uint8Array }[] = []

  const say = (message: Uint8Array, dueMs: number): void => void outgoing.push({ dueMs, message })
  const ticksAt = (atMs: number): number => Math.floor(((atMs - (bootedAtMs ?? atMs)) * 8 + 0xd58_0000) % 0x1_0000_0000)
  const viewOf = (now: Moment): View => ({ moment: now, isDemo, isFrench, pulled: options.pulled?.(now.second) ?? [], secondZero: options.startedAt })

  function wallAt(atMs: number, now: Moment): number {
    return now.insult.monitorClock === 'unset' ? FACTORY_TIME + (atMs - (bootedAtMs ?? atMs)) : options.startedAt + now.second * 1_000
  }

  function switchOff(): void {
    association = null
    outgoing.length = 0
    alarms = createAlarms()
    bootedAtMs = null
  }

  function hearOne(message: Uint8Array, atMs: number): void {
    const kind = message[0]
    if (kind === 0x0d) associate(message, atMs)
    else if (kind === 0x09) {
      association = null
      outgoing.length = 0
      say(RELEASED, atMs + ANSWERS_AFTER_MS)
    } else if (kind === 0xe1 && association !== null) serve(association, readRequest(message), atMs)
  }

  function associate(message: Uint8Array, atMs: number): void {
    if (association !== null) return say(REFUSE, atMs + ANSWERS_AFTER_MS)
    const asked = extensionsAsked(message)
    const extensions = granted === null || asked === null ? null : (granted & asked) >>> 0
    association = { extensions, heardAtMs: atMs, isCreated: false, creations: 0, nextCreationAtMs: atMs + CREATES_AFTER_MS, waveLabels: [], polls: new Map() }
    say(associationResponse(framing, extensions), atMs + ANSWERS_AFTER_MS)
  }

  function serve(to: Association, request: Request, atMs: number): void {
    to.heardAtMs = atMs
    if (request.kind === 'created-answer') to.isCreated = true
    if (!to.isCreated || request.kind === 'created-answer' || request.kind === 'other') return
    if (request.kind === 'set-waves') {
      to.waveLabels = request.labels
      return say(setResult(request.invoke), atMs + ANSWERS_AFTER_MS)
    }
    const isExtended = request.periodMs !== null
    const { object } = request
    const isGranted = (object === WAVE && has(to, EXTENSION_WAVES)) || (object === ENUMERATION && has(to, EXTENSION_ENUMERATIONS))
    const isKnown = isGranted || [NUMERIC, PATIENT, ALARMS, SYSTEM].includes(object)
    if (!isKnown || (isExtended && to.extensions === null)) return say(refusal(request.invoke, isKnown ? 9 : 0), atMs + ANSWERS_AFTER_MS)
    // A result with samples is there when the last of them is; a poll that is renewed goes on where it was.
    const running = to.polls.get(request.object)
    const isWave = isExtended && request.object === WAVE
    const nextAtMs = isWave ? (running?.nextAtMs ?? atMs + WAVE_RESULT_MS) : atMs + ANSWERS_AFTER_MS
    const poll: Poll = { request, untilMs: atMs + (request.periodMs ?? 0), sequence: 0, nextAtMs }
    if (isWave && running === undefined) waveStartMs = atMs
    to.polls.set(isExtended ? request.object : 0x1_0000 + request.object, poll)
  }

  const has = (to: Association, extension: number): boolean => to.extensions !== null && (to.extensions & extension) !== 0

  function run(to: Association, atMs: number, now: Moment): void {
    if (!to.isCreated && atMs >= to.nextCreationAtMs && to.creations < CREATIONS_MAX) {
      to.creations++
      to.nextCreationAtMs = atMs + CREATES_EVERY_MS
      say(createdEvent(to.creations, ticksAt(atMs), systemAttributes(atMs, now)), atMs)
    }
    if (atMs - to.heardAtMs > GIVES_UP_AFTER_MS) {
      association = null
      return say(ABORT, atMs)
    }
    for (const [key, poll] of to.polls) {
      const { object, periodMs } = poll.request
      while (poll.nextAtMs <= atMs && (periodMs === null ? poll.sequence === 0 : poll.nextAtMs <= poll.untilMs)) result(to, poll, { now, atMs: poll.nextAtMs })
      if (periodMs === null ? poll.sequence > 0 : atMs > poll.untilMs) to.polls.delete(key)
      else if (object === WAVE && poll.nextAtMs <= atMs) poll.nextAtMs = atMs
    }
  }

  function systemAttributes(atMs: number, now: Moment): ReturnType<typeof attribute>[] {
    return [
      attribute(0x0986, put().u16(1, 0x114d)),
      attribute(0x0928, text('Philips').add(text('M8000'))),
      attribute(0x0946, put().u16(isDemo ? 0x2000 : 0x4000)),
      attribute(0x091e, text(options.device)),
      attribute(0x0987, absoluteTime(wallAt(atMs, now))),
      attribute(0x098f, put().u32(ticksAt(atMs))),
    ]
  }

  /** One result of one poll, now. */
  function result(to: Association, poll: Poll, { now, atMs }: { readonly now: Moment; readonly atMs: number }): void {
    const { invoke, number, object, group, periodMs } = poll.request
    const isWave = object === WAVE && periodMs !== null
    const from = isWave ? waveStartMs : atMs
    const things = thingsOf(to, poll, { now, atMs })
    const sequence = periodMs === null ? null : poll.sequence
    const messages = pollResult({ invoke, number, sequence, ticks: ticksAt(from), object, group, things }, bytesMax)
    for (const message of messages) say(message, atMs)
    poll.sequence = (poll.sequence + 1) & 0xffff
    if (isWave) waveStartMs += WAVE_RESULT_MS
    poll.nextAtMs += isWave ? WAVE_RESULT_MS : 1_000
  }

  function thingsOf(to: Association, { request, sequence }: Poll, { now, atMs }: { readonly now: Moment; readonly atMs: number }): readonly Thing[] {
    const view = viewOf(now)
    // All is described at first, and then one object after the other, again and again.
    const withContext = (count: number, every: number) => (index: number): boolean =>
      sequence === 0 || (sequence % every === 0 && (sequence / every) % count === index)
    switch (request.object) {
      case NUMERIC: {
        const { things, issued } = numericThings(view, withContext(NUMERIC_COUNT, 1), cuffTold)
        if (issued.some(({ metric }) => metric.includes('NONINV'))) cuffTold = now.signs.cuff?.second ?? null
        options.issued?.(issued, now.second)
        return things
      }
      case WAVE:
        return waveThings(view, waves, { labels: to.waveLabels, withContext: withContext(WAVE_COUNT, 4) })
      case ALARMS:
        return alarms(view)
      case PATIENT:
        return [{ context: 1, handle: 80, attributes: patientAttributes() }]
      case SYSTEM:
        return [{ context: 0, handle: 1, attributes: systemAttributes(atMs, now) }]
      default: {
        // The rhythm: a state, in words of the nomenclature.
        const rhythm = put().u16(0xf086, 0, 1, 2, 0x8000)
        return [{ context: 1, handle: 0x8600, attributes: [attribute(0x099e, rhythm)] }]
      }
    }
  }

  function patientAttributes(): ReturnType<typeof attribute>[] {
    return [
      attribute(0x0957, put().u16(patient === null ? 8 : 2)),
      attribute(0x095a, text(patient?.mrn ?? '')),
      attribute(0x095d, text(patient?.given ?? '')),
      attribute(0x095c, text(patient?.family ?? '')),
      attribute(0x0962, put().u16(1)),
    ]
  }

  function due(atMs: number): readonly Uint8Array[] {
    const now = outgoing.filter(({ dueMs }) => dueMs <= atMs)
    const rest = outgoing.filter(({ dueMs }) => dueMs > atMs)
    outgoing.splice(0, outgoing.length, ...rest)
    return now.map(({ message }) => toWire(message, framing))
  }

  return {
    hear(bytes, atMs) {
      if (moment === null || moment.insult.power === 'off') return []
      for (const message of ear(bytes)) hearOne(message, atMs)
      return due(atMs)
    },
    tick(now, atMs) {
      moment = now
      if (now.insult.power === 'off') {
        switchOff()
        return []
      }
      bootedAtMs ??= atMs
      if (association !== null) run(association, atMs, now)
      return due(atMs)
    },
  }
}
