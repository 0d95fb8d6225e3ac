/** A monitor of every kind on the wire at once, as `npm start -- --ward full` starts them. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { DeviceView } from '../../src/api/wire.ts'
import { DRIVERS } from '../../src/drivers.ts'
import { type Demo, startDemo } from './demo-process.ts'

/** Drivers of monitors that send waveforms here. */
const WITH_WAVES = ['draeger-medibus', 'ge-s5', 'ivy-450c', 'mqtt-teleicu', 'nonin', 'philips-intellivue']

let demo: Demo
let cookie: string

beforeAll(async () => {
  demo = await startDemo('--ward', 'full')
  const token = demo.link('biomed').replace(/^.*#token=/, '')
  const headers = { origin: new URL(demo.link('biomed')).origin, 'content-type': 'application/json' }
  const answer = await fetch(new URL('/api/login/link', headers.origin), { method: 'POST', headers, body: JSON.stringify({ token }) })
  cookie = answer.headers.getSetCookie().map((one) => one.split(';')[0] ?? '').join('; ')
}, 240_000)
afterAll(() => demo.dispose(), 20_000)

async function devices(): Promise<readonly DeviceView[]> {
  const answer = await fetch(new URL('/api/devices', demo.link('biomed')), { headers: { cookie } })
  const body: readonly DeviceView[] = JSON.parse(await answer.text())
  return body.filter(({ id }) => id !== 'replay')
}

/** Those of which something is not as it should be, and what. */
const wanting = (all: readonly DeviceView[]): readonly string[] =>
  all.flatMap(({ id, driver, link, frames, waves }) => {
    const wants = WITH_WAVES.includes(driver) && !(driver === 'nonin' && waves.channels === 0)
    const isWell = link === 'live' && frames.good >= (driver === 'astm' ? 1 : 3) && frames.bad + frames.quarantined === 0 && (!wants || waves.seconds >= 3)
    return isWell ? [] : [`${id} (${driver}): ${link}, ${JSON.stringify({ frames, waves })}`]
  })

it('every driver is heard, nothing of it is damaged or disbelieved, and waveforms arrive', async () => {
  await expect.poll(async () => wanting(await devices()), { timeout: 120_000, interval: 1_000 }).toEqual([])
  const all = await devices()
  expect(new Set(all.map(({ driver }) => driver))).toEqual(new Set(DRIVERS.keys()))
  expect(new Set(all.filter(({ waves }) => waves.channels > 0).map(({ driver }) => driver))).toEqual(new Set(WITH_WAVES))
}, 150_000)
