/** A ward that is recorded: the real pump, drivers and rules, a store on this thread, a clock that obeys. */

import { join } from 'node:path'
import { pino } from 'pino'
import { parseSite } from '../../src/config/load.ts'
import { deviceId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { driverOf } from '../../src/drivers.ts'
import { pumpLimits } from '../../src/limits.ts'
import { ruleSettingsOf } from '../../src/config/rule-settings.ts'
import { Pump } from '../../src/pump/pump.ts'
import type { Suspect } from '../../src/pump/suspects.ts'
import { openRecorder } from '../../src/record/recorder.ts'
import { bedRulesOf } from '../../src/rules/bed.ts'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { readOpening, recentSnapshots } from '../../src/store/opening.ts'
import type { Outcome } from '../../src/seams.ts'
import { type FakeClock, fakeClock } from '../fakes/clock.ts'
import { framed, oru } from '../bench/oru.ts'

const SITE = `
gateway: { id: gw, ward: Ward, data: /nowhere }
beds: [{ id: bed-1, label: '1' }, { id: bed-2, label: '2' }]
links: [{ kind: mllp-listen, id: in, port: 0 }, { kind: mqtt-broker, id: mqtt, port: 0, users: [{ device: wearable, password: { env: NONE } }] }]
devices:
  - { id: MON-1, driver: hl7, bed: bed-1, match: { sender: MON-1 } }
  - { id: wearable, driver: mqtt-json, bed: bed-2 }
`

export const log = pino({ level: 'silent' })

export const inFrames = (folder: string): string => join(folder, 'data', 'frames')

/** One life of a gateway on `folder`/data, beginning where the clock stands. */
export function life(folder: string, clock: FakeClock, part: { readonly megabytes?: number; readonly enabled?: boolean; readonly known?: readonly Suspect[] } = {}) {
  const loaded = parseSite(SITE, 'test.yaml')
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  const { site } = loaded
  const data = join(folder, 'data')
  const local = openLocalStore({ folder: data, kind: 'real', gatewayId: 'gw', createdAt: clock.wall(), durability: 'copy' })
  if (local.kind === 'refused') throw new Error(local.why)
  const found = readOpening(data)
  if (found.kind === 'refused') throw new Error(found.why)
  const { known = [], ...setting } = part
  const recorder = openRecorder({
    folder: data, setting: { enabled: true, megabytes: 64, ...setting }, keptMs: 72 * 3_600_000, clock, realTime: clock,
    of: { gateway: 'gw', kind: 'real', site, profiles: DEFAULT_PROFILES, suspects: { known, found: null } }, log,
  })
  const pump = recorder.begin(
    () =>
      new Pump({
        site, driverOf, rules: bedRulesOf(ruleSettingsOf(site, DEFAULT_PROFILES, 'real')), clock: recorder.clock, speed: 1, store: local.store,
        restored: {
          stays: found.stays, alertEvents: found.openAlertEvents, messages: found.messages, facts: found.facts, pastStays: found.pastStays,
          recent: recentSnapshots(data, wallMs(clock.wall() - pumpLimits.refoldMs), () => undefined),
        },
        mint: recorder.mint, suspects: { known, found: null, changed: () => undefined }, publish: () => undefined, saved: () => undefined, log,
      }),
  )
  const stop = new AbortController()
  const running = recorder.run(stop.signal)
  const connect = (driver: string, peer: { readonly address: string; readonly device: string | null }) =>
    recorder.recorded(pump.openFor(driver), { link: 'in', driver })({ address: peer.address, device: peer.device === null ? null : deviceId(peer.device) }, () => undefined)
  const stored = async (): Promise<void> => {
    while (!pump.committer.filling.empty) {
      pump.committer.soon()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return {
    data, pump, recorder, connect, stored, site,
    hands: recorder.hands({
      acknowledge: (alert, by) => pump.acknowledge(alert, by), pauseAudio: (alert, by, ms) => pump.pauseAudio(alert, by, ms),
      changeContext: (stay, change, by) => pump.changeContext(stay, change, by),
      observe: (stay, request, by) => pump.observe(stay, request, by),
      takeBack: (stay, confirmedAt, by) => pump.takeBack(stay, confirmedAt, by),
    }),
    tick: () => recorder.tick(() => pump.tick()),
    release: (key: string) => recorder.release(key, () => pump.suspects.release(key)),
    async end() {
      await stored()
      await pump.close()
      stop.abort()
      await running
      await local.store.close()
    },
  }
}

export type Life = ReturnType<typeof life>

/** A message of the test's monitor whose heart rate is this. */
export const message = (number: number, hr: number): Buffer => framed(oru('MON-1', String(100_000_000 + number)).replace('|78|', `|${hr}|`))

/** Half a minute of a ward: two monitors, a tachycardia, a nurse, garbage, a connection that goes and comes. */
export async function shift(ward: Life, clock: FakeClock, first = 0): Promise<void> {
  let line = ward.connect('hl7', { address: '10.0.0.5:4000', device: null })
  const wearable = ward.connect('mqtt-json', { address: 'mqtt:wearable', device: 'wearable' })
  wearable.status('up', 'connected')
  const outcomes: Outcome[] = []
  for (let second = 0; second < 40; second++) {
    const number = first + second
    const whole = message(number, second > 4 && second < 25 ? 178 : 80)
    line.receive(whole.subarray(0, 700))
    await clock.pass(3)
    line.receive(whole.subarray(700))
    if (second % 5 === 0) line.receive(whole)
    if (second % 2 === 0) wearable.receive(Buffer.from(JSON.stringify({ id: `w${number}`, at: '2026-01-15T02:00:00Z', readings: [{ mdc: 'MDC_PULS_OXIM_SAT_O2', value: 96, unit: '%' }] })), (outcome) => void outcomes.push(outcome))
    if (second === 8) wearable.receive(Buffer.from('no json at all'), (outcome) => void outcomes.push(outcome))
    if (second === 9) line.receive(Buffer.from('\x0bMSH|^~\\&|X|\x1c\r'))
    if (second === 14) for (const id of ward.pump.lifecycle.open.keys()) ward.hands.acknowledge(id, 'anna')
    if (second === 20) {
      line.close('closed by the other end')
      wearable.status('down', 'disconnected')
      line = ward.connect('hl7', { address: '10.0.0.5:4001', device: null })
    }
    const stay = [...ward.pump.beds.values()][0]?.stay
    if (second === 18 && stay) ward.hands.changeContext(stay.id, { onOxygen: true }, 'anna')
    await ward.stored()
    ward.tick()
    await clock.pass(500)
    ward.tick()
    await clock.pass(497 + (second % 3) * 0.25)
  }
  line.close('stopped')
  wearable.close('stopped')
}

export const clockOf = (): FakeClock => fakeClock()
