/**
 * A fifth of all minutes is lost: monitors are switched off, cables are pulled, probes fall off, patients are away, and the gateway is killed. What central
 * reads out of the events that are sent (vital signs and gaps, nothing else) is the truth: which minutes were heard, which were expected, and
 * why each of the others was not heard. Two read it, and neither knows the ward: the reader here, minute by minute, and the reference central, asked for its
 * completeness (real tables, real SQL). The control loses the gaps.
 */

import { pino } from 'pino'
import { parseSite } from '../../src/config/load.ts'
import { ruleSettingsOf } from '../../src/config/rule-settings.ts'
import { type Surrogate, surrogate } from '../../src/domain/batch.ts'
import { alertId, bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { pumpLimits } from '../../src/limits.ts'
import { Pump } from '../../src/pump/pump.ts'
import { bedRulesOf } from '../../src/rules/bed.ts'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import type { LoggedRow, Tick } from '../../src/seams.ts'
import { compileLive } from '../../src/sync/anonymise.ts'
import type { Surrogates } from '../../src/sync/ledger.ts'
import { fakeClock } from '../fakes/clock.ts'
import { lineDriver } from '../pump/fixture.ts'
import { openOf } from '../pump/house-ward.ts'
import { type Completeness, completenessAtCentral } from './gap-central.ts'
import { type Prove, randomOf } from './prove.ts'

const LOSS = 0.2
const MINUTE = 60_000
const EVERY_S = 5
const METRIC = 'MDC_ECG_HEART_RATE'
const RULE = 'limits/hr'
/** A rule goes on with the last value for so long: until then it could have spoken. */
const LIVE_S = 120
/** Nobody expected anything then. */
const EXCUSED: ReadonlySet<string> = new Set(['empty', 'away', 'maintenance'])

/** What befalls a bed in a minute; `gateway-down` befalls all. */
type Fate = 'heard' | 'no-data' | 'sensor-off' | 'away' | 'gateway-down'
/** Of a bed, minute by minute; null where the minute was heard. */
type Course = readonly (string | null)[]
type Sent = { readonly key: string; readonly eventType: string; readonly partitionKey: string; readonly timestamp: string; readonly data: { readonly metric?: string; readonly t: readonly number[]; readonly v?: readonly (number | null)[]; readonly q?: readonly number[]; readonly rule?: readonly string[]; readonly state?: readonly string[] } }

/** The first five minutes and the last two of each bed are heard: central counts from the first to the last that it heard. */
function fatesOf(random: ReturnType<typeof randomOf>, beds: number, minutes: number): Fate[][] {
  const fates = Array.from({ length: beds }, () => Array.from({ length: minutes }, (): Fate => 'heard'))
  const place = (length: number): number => 5 + random.int(minutes - 7 - length)
  const lost = (): number => fates.flat().filter((fate) => fate !== 'heard').length
  for (let kills = 0; kills < minutes / 60; kills++) {
    const [length, from] = [1 + random.int(4), place(5)]
    for (const fate of fates) fate.fill('gateway-down', from, from + length)
  }
  while (lost() < LOSS * beds * minutes) {
    const fate = fates[random.int(beds)]
    const [kind, length] = [(['no-data', 'sensor-off', 'away'] as const)[random.int(3)] ?? 'no-data', 1 + random.int(8)]
    const from = place(length)
    // One trouble at a time, so that what is true of a minute is beyond dispute; the gateway dies in between all the same.
    if (fate?.slice(from - 2, from + length + 2).every((one) => one === 'heard') === true) fate.fill(kind, from, from + length)
  }
  return fates
}

async function rowsOf(fates: readonly (readonly Fate[])[]): Promise<LoggedRow[]> {
  const beds = fates.map((_, index) => `bed-${index + 1}`)
  const loaded = parseSite(`
gateway: { id: gw, ward: Ward, data: /nowhere }
beds: [${beds.map((bed) => `{ id: ${bed}, label: ${bed} }`).join(', ')}]
links: [{ kind: mllp-listen, id: in, port: 0 }]
devices: [${beds.map((bed) => `{ id: mon-${bed}, driver: line, bed: ${bed} }`).join(', ')}]
`, 'prove.yaml')
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  const { site } = loaded
  const clock = fakeClock()
  const disk: Tick[] = []
  let minted = 0
  const begin = () => {
    const told = disk.flatMap(({ events }) => events).flatMap((stored) => (stored.kind === 'alert' ? [stored.event] : []))
    const ats: readonly number[] = disk.flatMap((tick) => [...tick.events.map(({ at }) => at), ...tick.snapshots.map(({ receivedAt }) => receivedAt)])
    const pump = new Pump({
      site, driverOf: () => lineDriver, rules: bedRulesOf(ruleSettingsOf(site, DEFAULT_PROFILES, 'real')), clock, speed: 1,
      store: { commit: (tick) => (disk.push(tick), Promise.resolve({ kind: 'durable', lastSeq: disk.length })), close: () => Promise.resolve() },
      restored: {
        stays: [...new Map(disk.flatMap(({ stays }) => stays).map((stay) => [stay.id, stay])).values()].filter(({ closedAt }) => closedAt === null),
        alertEvents: openOf(told), messages: [], recent: disk.flatMap(({ snapshots }) => snapshots).filter(({ receivedAt }) => receivedAt >= clock.wall() - pumpLimits.refoldMs),
        facts: disk.flatMap((tick) => tick.facts ?? []), standing: disk.flatMap((tick) => tick.standing ?? []), aliveAt: ats.length === 0 ? null : wallMs(ats.reduce((a, b) => Math.max(a, b))),
      },
      mint: { alert: () => alertId(`a${++minted}`), stay: () => stayId(`s${++minted}`) },
      publish: () => undefined, saved: () => undefined, log: pino({ level: 'silent' }),
    })
    const lines = beds.map((bed) => pump.openFor('line')({ address: `test:${bed}`, device: pump.devices.all().find(({ id }) => id === `mon-${bed}`)?.id ?? null }, () => undefined))
    return { pump, lines }
  }
  const encoder = new TextEncoder()
  const message = (value: object): Uint8Array => encoder.encode(JSON.stringify(value))
  let life: ReturnType<typeof begin> | null = begin()
  for (let minute = 0; minute < (fates[0]?.length ?? 0); minute++) {
    const isDown = fates.every((fate) => fate[minute] === 'gateway-down')
    if (isDown) life = null
    else life ??= begin()
    for (const [index, fate] of fates.entries()) {
      const bed = beds[index]
      if (life && bed !== undefined && fate[minute] === 'away' && fate[minute - 1] !== 'away') life.pump.sayHouse({ what: 'bed', bed: bedId(bed), state: 'away', reason: 'imaging', words: '', minutes: 120 }, 'nurse')
      if (life && bed !== undefined && fate[minute] !== 'away' && fate[minute - 1] === 'away') life.pump.sayHouse({ what: 'bed', bed: bedId(bed), state: 'occupied' }, 'nurse')
    }
    for (let second = 0; second < 60; second++) {
      if (life && second % EVERY_S === 0) {
        for (const [index, fate] of fates.entries()) {
          const now = fate[minute]
          if (now === 'heard') life.lines[index]?.receive(message({ hr: 70 + ((minute + second) % 9) }))
          if (now === 'sensor-off') life.lines[index]?.receive(message({ hr: 'absent' }))
        }
      }
      life?.pump.tick()
      await clock.pass(1_000)
    }
  }
  let seq = 0
  return disk.flatMap(({ snapshots, events }): LoggedRow[] => [
    ...snapshots.map((snapshot): LoggedRow => ({ kind: 'snapshot', seq: ++seq, snapshot })),
    ...events.map((stored): LoggedRow => ({ kind: 'event', seq: ++seq, stored })),
  ])
}

/** As it leaves, and as it is there: JSON. */
function sentOf(rows: readonly LoggedRow[]): { readonly sent: readonly Sent[]; readonly subjectOf: (stay: string) => Surrogate } {
  const drawn = new Map<string, Surrogate>()
  const of = (name: string): Surrogate => {
    const known = drawn.get(name) ?? surrogate((drawn.size + 1).toString(16).padStart(32, '0'))
    drawn.set(name, known)
    return known
  }
  const surrogates: Surrogates = { of: (kind, name) => of(`${kind} ${name}`), sensorOf: () => 0, subjectOfAlert: () => null, rememberAlert: () => undefined }
  const sent: Sent[] = []
  for (let from = 0; from < rows.length; from += 1_000) {
    const events: readonly Sent[] = JSON.parse(JSON.stringify(compileLive(rows.slice(from, from + 1_000), { gatewayId: 'gw', epoch: 'e1', surrogates }).events.map(({ event }) => event)))
    sent.push(...events)
  }
  return { sent, subjectOf: (stay) => of(`stay ${stay}`) }
}

/** Of one subject: for each minute from the first heard to the last, null where it was heard, else why not. */
function readCourse(events: readonly Sent[]): { readonly fromMinute: number; readonly course: Course } {
  const heard = new Set<number>()
  const told: { readonly at: number; readonly state: string }[] = []
  for (const { eventType, timestamp, data } of events) {
    const begins = Date.parse(timestamp)
    if (eventType === 'vital-signs' && data.metric === METRIC) {
      for (const [place, t] of data.t.entries()) if (typeof data.v?.[place] === 'number' && (data.q?.[place] ?? 0) < 100) heard.add(Math.floor((begins + t) / MINUTE))
    }
    if (eventType === 'gaps') for (const [place, t] of data.t.entries()) if (data.rule?.[place] === RULE) told.push({ at: begins + t, state: data.state?.[place] ?? 'unknown' })
  }
  told.sort((a, b) => a.at - b.at)
  const minutes = [...heard].sort((a, b) => a - b)
  const [first, last] = [minutes[0] ?? 0, minutes.at(-1) ?? -1]
  return {
    fromMinute: first,
    course: Array.from({ length: last - first + 1 }, (_, index) => (heard.has(first + index) ? null : (told.findLast(({ at }) => at < (first + index + 1) * MINUTE)?.state ?? 'not told'))),
  }
}

const completenessOf = (course: Course): Completeness => ({ heard: course.filter((why) => why === null).length, expected: course.filter((why) => why === null || !EXCUSED.has(why)).length })

type Judged = { minutes: number; lost: number; wrongMinutes: number; wrongBeds: number; heard: number; expected: number }

/** Why a minute was not heard is asked at its end. */
const truthOf = (fate: readonly Fate[]): Course => fate.map((one, minute) => {
  if (one === 'heard') return null
  const silentS = 60 * (minute - fate.findLastIndex((other, before) => before < minute && other === 'heard')) + EVERY_S
  return one === 'no-data' && silentS <= LIVE_S ? 'armed' : one
})

function judge(fates: readonly (readonly Fate[])[], courses: readonly Course[]): Judged {
  const judged: Judged = { minutes: 0, lost: 0, wrongMinutes: 0, wrongBeds: 0, heard: 0, expected: 0 }
  for (const [bed, fate] of fates.entries()) {
    const truth = truthOf(fate)
    const read = courses[bed] ?? []
    const [is, was] = [completenessOf(read), completenessOf(truth)]
    judged.minutes += truth.length
    judged.lost += truth.filter((why) => why !== null).length
    judged.wrongMinutes += truth.filter((why, minute) => read[minute] !== why).length
    if (is.heard !== was.heard || is.expected !== was.expected || read.length !== truth.length) judged.wrongBeds++
    judged.heard += is.heard
    judged.expected += is.expected
  }
  return judged
}

const asSent = (name: string): string => name
const lost = (name: string): string => `${name}-lost`

export const prove: Prove = async ({ quick, seed, say }) => {
  const fates = fatesOf(randomOf(seed), quick ? 4 : 12, quick ? 60 : 360)
  const rows = await rowsOf(fates)
  const { sent, subjectOf } = sentOf(rows)
  const stays = fates.map((_, index) => rows.flatMap((row) => (row.kind === 'snapshot' && row.snapshot.bed === `bed-${index + 1}` && row.snapshot.stay !== null ? [row.snapshot.stay] : []))[0])
  const courses = (events: readonly Sent[]): readonly Course[] => stays.map((stay) => readCourse(events.filter(({ partitionKey }) => partitionKey === subjectOf(stay ?? ''))).course)
  const read = courses(sent)
  const judged = judge(fates, read)
  for (const [bed, fate] of fates.entries()) {
    const wrong = truthOf(fate).flatMap((why, minute) => (why === read[bed]?.[minute] ? [] : [`${minute}: ${why ?? 'heard'}, read ${read[bed]?.[minute] ?? 'heard'}`]))
    if (wrong.length > 0) say(`bed ${bed + 1}: ${wrong.slice(0, 5).join('; ')}`)
  }
  const subjects = stays.map((stay) => subjectOf(stay ?? ''))
  // The same ward without its gaps, under other names, in the same central.
  const unexplained = sent.flatMap((event) => (event.eventType === 'gaps' ? [] : [{ ...event, key: lost(event.key), partitionKey: lost(event.partitionKey) }]))
  const atCentral = await completenessAtCentral(METRIC, [...sent, ...unexplained])
  const wrongAtCentral = (nameOf: (subject: string) => string): number => fates.filter((fate, bed) => {
    const [is, was] = [atCentral.get(nameOf(subjects[bed] ?? '')), completenessOf(truthOf(fate))]
    const isWrong = is?.heard !== was.heard || is.expected !== was.expected
    if (isWrong && nameOf === asSent) say(`bed ${bed + 1}: central says ${is?.heard ?? 'nothing'} of ${is?.expected ?? 'nothing'}, true is ${was.heard} of ${was.expected}`)
    return isWrong
  }).length
  const [wrong, wrongInControl] = [wrongAtCentral(asSent), wrongAtCentral(lost)]
  const control = judge(fates, courses(sent.filter(({ eventType }) => eventType !== 'gaps')))
  return {
    kind: 'judged',
    pass: judged.lost >= LOSS * judged.minutes && judged.wrongMinutes === 0 && judged.wrongBeds === 0 && wrong === 0,
    figures: {
      beds: fates.length, minutes: judged.minutes, 'lost, %': ((100 * judged.lost) / judged.minutes).toFixed(1), 'events sent': sent.length, 'of them gaps': sent.filter(({ eventType }) => eventType === 'gaps').length,
      'completeness, %': ((100 * judged.heard) / judged.expected).toFixed(2), 'minutes read otherwise than they were': judged.wrongMinutes, 'beds with another completeness': judged.wrongBeds,
      "beds with another completeness by central's SQL": wrong, "control: beds by central's SQL": wrongInControl,
      'control: minutes read otherwise': control.wrongMinutes, 'control: beds with another completeness': control.wrongBeds,
    },
    // A ward that nobody left has nothing to excuse: central counts the same without the gaps.
    control: { ran: true, failed: control.wrongMinutes > 0 && (wrongInControl > 0 || !fates.flat().includes('away')) },
  }
}
