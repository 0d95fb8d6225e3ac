/** A monitor of every kind on the wire at once, as `npm start -- --ward full` starts them. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BedView, DeviceView } from '../../src/api/wire.ts'
import { DRIVERS } from '../../src/drivers.ts'
import { type Demo, startDemo } from './demo-process.ts'

/** Drivers of monitors that send waveforms here. */
const WITH_WAVES = ['draeger-medibus', 'ge-s5', 'ivy-450c', 'mqtt-teleicu', 'nonin', 'philips-intellivue']

let demo: Demo
let cookie: string

beforeAll(async () => {
  demo = await startDemo('--ward', 'full')
  cookie = await signedIn('biomed')
}, 240_000)
afterAll(() => demo.dispose())

const post = (path: string, body: object, more: Readonly<Record<string, string>> = {}): Promise<Response> => {
  const { origin } = new URL(demo.link('biomed'))
  return fetch(new URL(path, origin), { method: 'POST', headers: { origin, 'content-type': 'application/json', ...more }, body: JSON.stringify(body) })
}

async function signedIn(role: string): Promise<string> {
  const answer = await post('/api/login/link', { token: demo.link(role).replace(/^.*#token=/, '') })
  return answer.headers.getSetCookie().map((one) => one.split(';')[0] ?? '').join('; ')
}

/** How well it is known who lies in each bed with a patient. */
async function standings(): Promise<readonly string[]> {
  const answer = await fetch(new URL('/api/beds', demo.link('biomed')), { headers: { cookie } })
  const beds: readonly BedView[] = JSON.parse(await answer.text())
  return beds.filter(({ id }) => id !== 'replay').map(({ patient }) => patient.identified)
}

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
})

it('the registry says who lies in each bed, and whose number is on a wristband that is scanned', async () => {
  await expect.poll(async () => new Set(await standings()), { timeout: 120_000, interval: 1_000 }).toEqual(new Set(['registered']))
  const nurse = { cookie: await signedIn('nurse') }
  const asked = await post('/api/registry/lookup', { number: 'DEMO-0001' }, nurse)
  expect(await asked.json()).toMatchObject({ kind: 'found', patients: [{ identity: { mrn: 'DEMO-0001', name: 'Birch, Alma' } }] })
  expect(await (await post('/api/associations/scan', { mrn: 'DEMO-0001', device: 'monitor-1' }, nurse)).json()).toMatchObject({ kind: 'done' })
  expect((await standings())[0]).toBe('confirmed')
})
