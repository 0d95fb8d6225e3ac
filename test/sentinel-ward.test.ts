/** The whole way of the sentinel's alert, by a fake clock: each stage is broken, and named within 90 s of it. */

import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import hl7 from '../drivers/hl7/driver.ts'
import type { AlertView } from '../src/api/wire.ts'
import { REAL_TIME, realClock } from '../src/ops/clock.ts'
import { SENTINEL } from '../src/ops/sentinel-source.ts'
import type { Stage } from '../src/ops/sentinel.ts'
import { bedRules } from '../src/rules/bed.ts'
import type { Driver, OpenLine, Store } from '../src/seams.ts'
import { type SentinelParts, runSentinel, startSentinel } from '../src/sentinel-ward.ts'
import { fakeClock } from './fakes/clock.ts'
import { fakeStore } from './fakes/store.ts'

const quiet = pino({ level: 'silent' })
const LIMIT_MS = 90_000
const WELL = 'technical/sentinel well'

/** A stage is broken while it is named here. */
type Broken = { stage: Stage | null }

function opened({ hasScreen = true }: { readonly hasScreen?: boolean } = {}) {
  const clock = fakeClock()
  const disk = fakeStore()
  const broken: Broken = { stage: null }
  const told: string[] = []
  const alerts: AlertView[] = []
  const driver: Driver = {
    ...hl7,
    open(settings) {
      const session = hl7.open(settings)
      const receive: typeof session.receive = (bytes, now) => {
        if (broken.stage === 'driver') throw new Error('a bug in the driver')
        return session.receive(bytes, now)
      }
      return { ...session, receive }
    },
  }
  const store: Store = { ...disk, commit: (tick) => (broken.stage === 'store' ? new Promise(() => undefined) : disk.commit(tick)) }
  const rules: NonNullable<SentinelParts['rules']> = {
    ...bedRules,
    step: (state, input) => {
      const verdict = bedRules.step(state as ReturnType<typeof bedRules.start>, input)
      return broken.stage === 'rules' ? { ...verdict, signals: [] } : verdict
    },
  }
  const wire = (open: OpenLine) => {
    const line = open({ address: 'test:1', device: null }, () => undefined)
    return { say: (bytes: Uint8Array) => void (broken.stage === 'link' ? 0 : line.receive(bytes)) }
  }
  const sentinel = startSentinel({
    clock, store, rules, wire,
    driverOf: () => driver,
    screens: () => (hasScreen ? 1 : 0),
    publish(alert) {
      if (broken.stage === 'alert') return
      alerts.push(alert)
      sentinel.heard(alert)
      if (hasScreen && broken.stage !== 'screen' && alert.state === 'active') sentinel.displayed([alert.id])
    },
    report: (condition, said) => void told.push(`${condition} ${said === null ? 'well' : `${said.priority}: ${said.text}`}`),
    log: quiet,
  })
  async function pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 1_000) {
      await clock.pass(1_000)
      sentinel.tick()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { clock, disk, broken, told, alerts, sentinel, pass }
}

describe('the sentinel', () => {
  it('comes through each minute: an alert begins and ends, and is over before the next', async () => {
    const { alerts, sentinel, told, pass } = opened()
    await pass(240_000)
    expect(sentinel.view()).toMatchObject({ kind: 'ok', screen: 'shown' })
    expect(sentinel.view().okAgoSeconds).toBeLessThan(60)
    const ids = [...new Set(alerts.map(({ id }) => id))]
    expect(ids).toHaveLength(4)
    for (const id of ids) {
      const its = alerts.filter((alert) => alert.id === id)
      expect([its[0]?.state, its[0]?.priority, its.at(-1)?.state, its[0]?.bed]).toEqual(['active', 'high', 'inactive', SENTINEL])
    }
    expect(new Set(told)).toEqual(new Set([WELL]))
  })

  it.each([['two hours back', -7_200_000], ['a year ahead', 31_536_000_000]])('comes through although our clock is set %s', async (_how, ms) => {
    const { clock, sentinel, told, pass } = opened()
    await pass(100_000)
    clock.step(ms)
    await pass(200_000)
    expect(sentinel.view().kind).toBe('ok')
    expect(told.filter((text) => text !== WELL)).toEqual([])
  })

  it('leaves no row in the log, no stay and no message: one word of the house, written anew', async () => {
    const { disk, pass } = opened()
    await pass(200_000)
    expect([disk.rows.length, disk.stays.size, disk.messages.length, disk.quarantined.length, disk.facts.length]).toEqual([0, 0, 0, 0, 0])
    expect([...disk.standing.keys()]).toEqual([SENTINEL])
  })

  const words: Readonly<Record<Stage, RegExp>> = {
    link: /^technical\/sentinel high: Sentinel: no bytes have come in for \d+ s\. Alerts may be missing: watch the monitors$/,
    driver: /high: Sentinel: the driver has read nothing for \d+ s\./,
    rules: /high: Sentinel: the rules have not spoken for \d+ s\./,
    alert: /high: Sentinel: no alert has been published for \d+ s\./,
    store: /medium: Sentinel: no alert has been stored for \d+ s\. Alerts go on$/,
    screen: /medium: Sentinel: no screen that is open has shown its alert for \d+ s\./,
  }
  const stages = Object.keys(words) as Stage[]
  it.each(stages)('notices within 90 s that the stage "%s" is broken, and names it, whenever in the minute it breaks', async (stage) => {
    for (const from of [120_000, 127_000, 131_000, 150_000]) {
      const { broken, told, sentinel, pass } = opened()
      await pass(from)
      expect(told.filter((text) => text !== WELL)).toEqual([])
      broken.stage = stage
      await pass(LIMIT_MS)
      expect(told.at(-1)).toMatch(words[stage])
      expect(sentinel.view()).toMatchObject({ kind: 'failing', stage })
    }
  })

  it.each(stages.filter((stage) => stage !== 'store'))('is well again when the stage "%s" is mended', async (stage) => {
    const { broken, told, sentinel, pass } = opened()
    broken.stage = stage
    await pass(100_000)
    expect(told.at(-1)).toMatch(words[stage])
    broken.stage = null
    // A conversation on which a driver threw is not read for a while.
    await pass(200_000)
    expect([told.at(-1), sentinel.view().kind]).toEqual([WELL, 'ok'])
  })

  it('says that no screen is open where none is, and finds nothing wrong with that', async () => {
    const { told, sentinel, pass } = opened({ hasScreen: false })
    await pass(200_000)
    expect(sentinel.view()).toMatchObject({ kind: 'ok', screen: 'none' })
    expect(new Set(told)).toEqual(new Set([WELL]))
  })

  it('hurts nobody when it fails inside', async () => {
    const { clock, sentinel, broken, pass } = opened()
    await pass(10_000)
    broken.stage = 'link'
    const bug = vi.spyOn(clock, 'wall').mockImplementation(() => {
      throw new Error('a bug')
    })
    expect(() => sentinel.tick()).not.toThrow()
    bug.mockRestore()
  })

  it('speaks over a real socket of this machine, and stops', async () => {
    const stop = new AbortController()
    const clock = realClock({ ...REAL_TIME, speed: 20, originMs: Date.now() })
    let sentinel: ReturnType<typeof startSentinel> | null = null
    const running = runSentinel({
      clock, store: fakeStore(), screens: () => 0, report: () => undefined, log: quiet,
      publish: (alert) => sentinel?.heard(alert),
    }, (began) => (sentinel = began), stop.signal)
    await vi.waitFor(() => {
      sentinel?.tick()
      expect(sentinel?.view()).toMatchObject({ kind: 'ok' })
    }, { timeout: 150_000, interval: 25 })
    stop.abort()
    await running
  })
})
