/** What `vigil doctor` says of clocks: that of this box, and of each device as the gateway learned it. */

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { BOOT_KEY, parseBoot } from '../domain/boot-time.ts'
import { type WallMs, isoOf } from '../domain/time.ts'
import { doctorLimits } from '../limits.ts'
import { CLOCK_KEY, type DeviceTimeView, knownView, parseKnownTime } from '../pump/clock-doctor.ts'
import { judgeClock, offsetWords, spanWords } from '../rules/device-clock.ts'
import type { Standing } from '../seams.ts'
import { BUILT_AT, RTC, SYNCHRONIZED } from './boot-clock.ts'
import { type Finding, good, odd, wrong } from './finding.ts'

export type BoxClock = {
  /** Whether something keeps it right; null: nobody here can tell. */
  readonly isSynchronized: boolean | null
  /** Whether it goes on while the box is off. */
  readonly hasBattery: boolean
}

/** `ask`: what timedatectl(1) answers, which knows of every time service; null where it is not there or does not answer. */
export async function boxClock(exists: (path: string) => boolean = existsSync, ask: () => Promise<string | null> = timedatectl): Promise<BoxClock> {
  const said = await ask()
  return { isSynchronized: said === 'yes' || exists(SYNCHRONIZED) ? true : said === 'no' ? false : null, hasBattery: RTC.some(exists) }
}

function timedatectl(): Promise<string | null> {
  return new Promise((done) => {
    execFile('timedatectl', ['show', '--property=NTPSynchronized', '--value'], { timeout: doctorLimits.connectMs }, (error, out) => done(error ? null : out.trim()))
  })
}

const NTP = 'Run systemd-timesyncd or chrony against the time server of the hospital.'

export function boxFindings({ isSynchronized, hasBattery }: BoxClock, now: WallMs): readonly Finding[] {
  const shown = `The clock of this machine says ${isoOf(now)}`
  if (now < BUILT_AT) return [wrong(shown, `Set it. ${NTP} Times of alerts come from it.`)]
  const battery = hasBattery ? 'it has a battery clock' : 'it has no battery clock'
  const afterStart = hasBattery ? '' : ' Nothing leaves for central after a start before it was told the time.'
  if (isSynchronized === true) return [good(`${shown}; it is synchronised, and ${battery}`)]
  if (isSynchronized === null) return [odd(`${shown}; whether it is synchronised cannot be seen here, and ${battery}`, `${NTP} In a container it is the clock of the host.`)]
  return [odd(`${shown}; it is not synchronised, and ${battery}`, `${NTP}${afterStart}`)]
}

/** Of the devices of the site, in its order. */
export function deviceClockFindings(devices: readonly string[], standing: readonly Standing[], now: WallMs): readonly Finding[] {
  const known = new Map(standing.filter(({ key }) => key.startsWith(CLOCK_KEY)).map(({ key, value }) => [key.slice(CLOCK_KEY.length), parseKnownTime(value)]))
  const unknown = devices.filter((device) => !known.get(device))
  return [
    ...devices.flatMap((device) => {
      const time = known.get(device)
      return time ? [deviceFinding(device, knownView(time), { toldAt: time.at, now })] : []
    }),
    ...(unknown.length === 0 ? [] : [good(`Not known, for they say no time or were hardly heard: the clocks of ${unknown.join(', ')}`)]),
  ]
}

function deviceFinding(device: string, { offsetMs, boundMs, driftMsPerHour, epoch, lastStep }: DeviceTimeView, { toldAt, now }: { readonly toldAt: WallMs; readonly now: WallMs }): Finding {
  const isRight = Math.abs(offsetMs) <= boundMs
  const dayMs = driftMsPerHour === null ? 0 : driftMsPerHour * 24
  const parts = [
    `Clock of ${device}: ${isRight ? 'right' : offsetWords(offsetMs)} (± ${(boundMs / 1_000).toFixed(1)} s)`,
    driftMsPerHour === null ? 'drift not known yet' : Math.abs(dayMs) < 1_000 ? 'no drift' : `${dayMs < 0 ? 'loses' : 'gains'} ${spanWords(dayMs)} a day`,
    ...(lastStep === null ? [] : [`jumped ${epoch - 1} time${epoch === 2 ? '' : 's'}, last ${lastStep.byMs < 0 ? 'back' : 'forward'} by ${spanWords(lastStep.byMs)} at ${isoOf(lastStep.at)}`]),
    `as written down ${isoOf(toldAt)}`,
  ]
  const what = parts.join('; ')
  if (judgeClock(null, offsetMs).isWrong) return odd(what, `Set it at ${device}. What Vigil stores and sends is put right by the offset; the screen of the monitor, its printouts and what others read from it are not.`)
  if (lastStep !== null && now - lastStep.at < STEP_NEWS_MS) return odd(what, 'Somebody set it, or two time servers do not agree: values around the jump may have the wrong time.')
  if (Math.abs(dayMs) > DRIFT_DAY_MS) return odd(what, `Let ${device} take the time from the network, or have its clock looked at.`)
  return good(what)
}

/** A jump of so long ago is history. */
const STEP_NEWS_MS = 7 * 86_400_000
/** Quartz keeps to some seconds a day. */
const DRIFT_DAY_MS = 30_000

/** Starts of this box without the time: under way, or over and never put right. */
export function bootFindings(standing: readonly Standing[]): readonly Finding[] {
  const boots = standing.flatMap(({ key, value }) => (key.startsWith(BOOT_KEY) ? (parseBoot(value) ?? []) : []))
  return boots.flatMap(({ fromSeq, toSeq, byMs, isOver }) => {
    if (!isOver) return [odd(`The gateway was not told the time since it started: rows from ${fromSeq} on wait`, NTP)]
    return byMs === null ? [odd(`Rows ${fromSeq} to ${toSeq ?? fromSeq} were stored before this box was told the time, and it was switched off before it was: nobody knows their times, and they leave as uncertain`, 'A battery clock, or a time server that is reached at the start.')] : []
  })
}
