/** The gateway's wall clock is set while alerts come and go, and over a restart: the same alerts as without. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AlertEvent } from '../../src/domain/alert.ts'
import { alertEventsOf } from './alert-log.ts'
import { CONDITIONS, DELAY_MS, STAND_MS, type Wrong, WRONGS, digitsOf, openAlertWard } from './alert-ward.ts'
import { MONO_STEPS, OFFSET_FILE } from './clock-file.ts'
import { randomOf } from './prove.ts'
import { rest } from './senders.ts'

const HOUR_MS = 3_600_000
const ZONE = 'Europe/Berlin'
const STEPPED = join(import.meta.dirname, 'controls', 'stepped.ts')

export const STEPS = {
  none: { byMs: 0, crosses: null },
  'back 2 h': { byMs: -2 * HOUR_MS, crosses: null },
  'on 1 y': { byMs: 365 * 24 * HOUR_MS, crosses: null },
  // Monitors in local time, which say no offset: 03:00 is 02:00 again; 02:00 is 03:00 at once.
  'end of summer time': { byMs: 0, crosses: Date.UTC(2026, 9, 25, 1) },
  'begin of summer time': { byMs: 0, crosses: Date.UTC(2026, 2, 29, 1) },
} as const satisfies Readonly<Record<string, { readonly byMs: number; readonly crosses: number | null }>>
export type Step = keyof typeof STEPS

export type Clocks = { readonly step: Step; readonly beds: number; readonly phases: number; readonly seed: number; readonly isRestarted: boolean; readonly isMonoStepped?: boolean }

export type Clocked = {
  /** How many alerts of each condition and bed there were. */
  readonly alerts: ReadonlyMap<string, number>
  /** As it follows from what the monitors said. */
  readonly wanted: ReadonlyMap<string, number>
  /** Clocks that were told as set: the gateway's, and those of devices. */
  readonly told: { readonly gateway: number; readonly devices: number }
}

/** The clock is crossed so long after the beginning. */
const CROSSED_AFTER_MS = 12_000
const CLOCK_CONDITION = 'technical/clock-step'

export async function clockTrial({ step, beds, phases, seed, isRestarted, isMonoStepped = false }: Clocks): Promise<Clocked> {
  const { byMs, crosses } = STEPS[step]
  let offsetMs = 0
  const zone = crosses === null ? {} : { zone: { name: ZONE, now: () => localTime(Date.now() + offsetMs) } }
  await using ward = await openAlertWard({ beds, ...zone })
  const { site, monitors } = ward
  const file = join(site.folder, 'offset')
  const setClock = (ms: number): void => writeFileSync(file, String((offsetMs = ms)))
  setClock(crosses === null ? 0 : crosses - CROSSED_AFTER_MS - Date.now())
  const environment = { [OFFSET_FILE]: file, [MONO_STEPS]: isMonoStepped ? 'yes' : 'no' }
  let gateway = await site.start([STEPPED], environment)
  const ended = new AbortController()
  const running = monitors.map((monitor) => monitor.run(ended.signal))
  const random = randomOf(seed)
  const said = monitors.map((): (Wrong | null)[] => [])
  const early: AlertEvent[] = []
  for (let phase = 0; phase < phases; phase++) {
    monitors.forEach((monitor, index) => {
      // The last phase is well, so that all that can end does.
      const wrong = phase === phases - 1 ? null : ([null, ...WRONGS][random.int(3)] ?? null)
      monitor.wrong = wrong
      said[index]?.push(wrong)
    })
    const standing = monitors.map((monitor) => monitor.stood(STAND_MS))
    await rest(random.int(DELAY_MS))
    if (phase === 1) setClock(offsetMs + byMs)
    if (phase === 3 && isRestarted) {
      await gateway.stop()
      // What a start under another date deletes is judged all the same.
      early.push(...alertEventsOf(site.rows()))
      setClock(offsetMs + byMs)
      gateway = await site.start([STEPPED], environment)
      // Under another date nothing is known of a delay that began before: it begins anew.
      standing.push(...monitors.map((monitor) => monitor.stood(STAND_MS)))
    }
    if (phase === 5) setClock(offsetMs - byMs)
    await Promise.all(standing)
  }
  // The tick of a second, after the last word.
  await rest(1_200)
  while (crosses !== null && Date.now() + offsetMs < crosses + 2_000) await rest(200)
  ended.abort()
  await Promise.all(running)
  await gateway.stop()
  const events = [...early, ...alertEventsOf(site.rows())]
  const wanted = said.flatMap((wrongs, index) => WRONGS.map((wrong): [string, number] => [keyOf(monitors[index]?.bed ?? null, CONDITIONS[wrong]), alertsOf(wrongs, wrong)]))
  return { alerts: counted(events), wanted: new Map(wanted.filter(([, count]) => count > 0)), told: toldIn(events) }
}

/** As a monitor shows it: no offset. */
function localTime(ms: number): string {
  const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short', timeStyle: 'medium' }).format(ms)
  return `${digitsOf(parts).replaceAll(' ', '')}.${String(ms % 1_000).padStart(3, '0')}`
}

/** Each time it stood is an alert; one that latches goes on as the same until somebody has seen it. */
function alertsOf(wrongs: readonly (Wrong | null)[], wrong: Wrong): number {
  const begun = wrongs.filter((one, phase) => one === wrong && wrongs[phase - 1] !== wrong).length
  return wrong === 'spo2' ? Math.min(1, begun) : begun
}

const GATEWAY = 'gateway'
const keyOf = (bed: string | null, condition: string): string => `${bed ?? GATEWAY} ${condition}`

function counted(events: readonly AlertEvent[]): ReadonlyMap<string, number> {
  const ids = new Map<string, Set<string>>()
  for (const event of events) {
    if (event.kind !== 'phase' || event.condition === CLOCK_CONDITION) continue
    const key = keyOf(event.bed, event.condition)
    ids.set(key, (ids.get(key) ?? new Set()).add(event.alertId))
  }
  return new Map([...ids].map(([key, its]) => [key, its.size]))
}

function toldIn(events: readonly AlertEvent[]): Clocked['told'] {
  const steps = events.filter((event) => event.kind === 'phase' && event.condition === CLOCK_CONDITION && (event.phase === 'start' || event.phase === 'update'))
  const ofGateway = steps.filter((event) => event.kind === 'phase' && event.device === null).length
  return { gateway: ofGateway, devices: steps.length - ofGateway }
}

/** Of beds: what is of the gateway itself hangs on its setting. */
export const ofBeds = (alerts: ReadonlyMap<string, number>): ReadonlyMap<string, number> => new Map([...alerts].filter(([key]) => !key.startsWith(GATEWAY)))

/** What the one has and the other has not, either way. */
export function differences(alerts: ReadonlyMap<string, number>, wanted: ReadonlyMap<string, number>): { readonly missed: number; readonly surplus: number; readonly which: string } {
  let [missed, surplus] = [0, 0]
  const which: string[] = []
  for (const key of new Set([...alerts.keys(), ...wanted.keys()])) {
    const difference = (alerts.get(key) ?? 0) - (wanted.get(key) ?? 0)
    if (difference !== 0) which.push(`${key}: ${alerts.get(key) ?? 0} for ${wanted.get(key) ?? 0}`)
    if (difference < 0) missed -= difference
    else surplus += difference
  }
  return { missed, surplus, which: which.join('; ') }
}
