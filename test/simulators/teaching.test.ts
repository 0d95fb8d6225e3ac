/** The teaching ward through the real way of a reading: bytes of its monitors, the driver, the rules, the life cycle. */

import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createBedside } from '../../simulators/monitors/bedside.ts'
import { rowsOf } from '../../src/alerts/causes.ts'
import { demoSite } from '../../src/cli/demo-site.ts'
import { parseSite } from '../../src/config/load.ts'
import { ruleSettingsOf } from '../../src/config/rule-settings.ts'
import type { AlertEvent } from '../../src/domain/alert.ts'
import { alertId, stayId } from '../../src/domain/ids.ts'
import { driverOf } from '../../src/drivers.ts'
import { Pump } from '../../src/pump/pump.ts'
import { bedRulesOf } from '../../src/rules/bed.ts'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import { fakeClock } from '../fakes/clock.ts'

const ports = { http: 1, hl7: 2, mqtt: 3, central: 4, serial: 5, intellivue: 6, pds: 7, pdsMonitor: 8, registry: 9 }

/** Hours of one bed, second by second. */
async function story(bed: number, hours: number) {
  const { yaml, plan } = await demoSite({ folder: '/nowhere', host: '127.0.0.1', ports, seed: 1, size: 'teaching' })
  const loaded = parseSite(yaml, 'demo.yaml')
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  const clock = fakeClock()
  const published: AlertEvent[] = []
  let minted = 0
  let seq = 0
  const pump = new Pump({
    site: loaded.site, driverOf, clock, speed: 1,
    rules: bedRulesOf(ruleSettingsOf(loaded.site, DEFAULT_PROFILES, 'demo')),
    store: { commit: () => Promise.resolve({ kind: 'durable', lastSeq: ++seq }), close: () => Promise.resolve() },
    restored: { stays: [], alertEvents: [], recent: [], messages: [] },
    mint: { alert: () => alertId(`alert-${++minted}`), stay: () => stayId(`stay-${++minted}`) },
    publish: (events) => void published.push(...events),
    saved: () => undefined,
    log: pino({ level: 'silent' }),
  })
  const place = plan.beds[bed - 1]
  if (!place) throw new Error('no such bed')
  const bedside = createBedside(plan.seed, place, clock.wall())
  const line = pump.openFor('hl7', 'hl7')({ address: '127.0.0.1:40000', device: null }, () => undefined)
  const startAt = clock.wall()
  let [rowsMost, begins, rowsBefore] = [0, 0, 0]
  for (let second = 0; second < hours * 3_600; second++) {
    const { message } = bedside.next(clock.wall())
    if (message) line.receive(Uint8Array.of(0x0b, ...message.bytes, 0x1c, 0x0d))
    if (second % 5 === 0) {
      pump.tick()
      const rows = rowsOf([...pump.lifecycle.open.values()].filter((alert) => alert.bed === place.bed)).length
      rowsMost = Math.max(rowsMost, rows)
      if (rows > 0 && rowsBefore === 0) begins++
      rowsBefore = rows
    }
    await clock.pass(1_000)
  }
  await pump.close()
  const phases = published.flatMap((event) => (event.kind === 'phase' && event.bed === place.bed ? [event] : []))
  const highAt = phases.find(({ priority }) => priority === 'high')?.at
  return {
    starts: phases.filter(({ phase }) => phase === 'start').map(({ condition, at }) => ({ condition, afterMs: at - startAt })),
    /** The most rows that the bed had at one time, how often the first of them came, and how many are there at the end. */
    rowsMost, begins, open: rowsBefore,
    highAfterMs: highAt === undefined ? Number.POSITIVE_INFINITY : highAt - startAt,
  }
}

const MINUTES = 60_000

describe('the teaching ward says once what each of its beds has to teach', () => {
  it('sepsis: a prompt within two hours of the first fever, NEWS2 at least 7 before the sixth hour, in one row', async () => {
    const { starts, rowsMost, begins } = await story(1, 5)
    const [screen, score] = ['sepsis/screen', 'news2/deterioration'].map((condition) => starts.find((event) => event.condition === condition))
    expect(screen?.afterMs).toBeLessThan(170 * MINUTES)
    expect(score?.afterMs).toBeLessThan(300 * MINUTES)
    expect({ rowsMost, begins }).toEqual({ rowsMost: 1, begins: 1 })
    expect(starts.length).toBeLessThanOrEqual(4)
  })

  it('opioid hypoventilation: slow breath and falling saturation are one row, high within four minutes', async () => {
    const { starts, rowsMost, begins, highAfterMs } = await story(2, 1)
    expect(starts.map(({ condition }) => condition)).toContain('threshold/rr-low')
    expect(highAfterMs).toBeLessThan(24 * MINUTES)
    expect({ rowsMost, begins }).toEqual({ rowsMost: 1, begins: 1 })
  })

  it('electrodes that come loose six times in ten minutes are one alert, which ends', async () => {
    const { starts, rowsMost, begins, open } = await story(3, 0.9)
    expect(starts.map(({ condition }) => condition)).toEqual(['technical/rr-off'])
    expect({ rowsMost, begins, open }).toEqual({ rowsMost: 1, begins: 1, open: 0 })
  })

  it('a patient who is well raises nothing', async () => {
    expect(await story(4, 1)).toMatchObject({ starts: [], rowsMost: 0 })
  })
})
