/** A gateway that was killed and one that was not come to the same, with the real rules: alerts, scores, what they rest on. */

import fc from 'fast-check'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { parseSite } from '../../src/config/load.ts'
import { type Alert, type AlertEvent, foldAlert, isOpen } from '../../src/domain/alert.ts'
import { alertId, stayId } from '../../src/domain/ids.ts'
import type { Snapshot } from '../../src/domain/observation.ts'
import { pumpLimits } from '../../src/limits.ts'
import { Pump } from '../../src/pump/pump.ts'
import { type BedState, bedRules, scoreView } from '../../src/rules/bed.ts'
import type { StayRecord, Tick } from '../../src/seams.ts'
import { type FakeClock, fakeClock } from '../fakes/clock.ts'
import { type Message, NOTHING_RESTORED, lineDriver } from './fixture.ts'

const SITE = JSON.stringify({ gateway: { id: 'g', data: 'd', ward: 'w' }, beds: [{ id: 'bed-1', label: '1' }], links: [{ kind: 'mllp-listen', id: 'l', port: 1 }], devices: [{ id: 'monitor', driver: 'hl7', bed: 'bed-1' }] })

/** What the disk holds. */
type Disk = { readonly snapshots: Snapshot[]; readonly stays: Map<string, StayRecord>; readonly events: AlertEvent[] }

function life(clock: FakeClock, disk: Disk) {
  const loaded = parseSite(SITE, 'test.yaml')
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  const open = new Map<string, Alert>()
  for (const event of disk.events) open.set(event.alertId, foldAlert(open.get(event.alertId) ?? null, event))
  const stillOpen = new Set([...open.values()].filter(isOpen).map(({ id }) => id))
  let minted = disk.events.length + disk.stays.size + 1
  const kept = (tick: Tick): void => {
    disk.snapshots.push(...tick.snapshots)
    for (const stay of tick.stays) disk.stays.set(stay.id, JSON.parse(JSON.stringify(stay)))
    for (const stored of tick.events) if (stored.kind === 'alert') disk.events.push(stored.event)
  }
  const pump = new Pump<BedState>({
    site: loaded.site, driverOf: () => lineDriver, rules: bedRules, clock, speed: 1,
    store: { commit: (tick) => (kept(tick), Promise.resolve({ kind: 'durable', lastSeq: 1 })), close: () => Promise.resolve() },
    restored: {
      ...NOTHING_RESTORED,
      stays: [...disk.stays.values()].filter(({ closedAt }) => closedAt === null),
      alertEvents: disk.events.filter((event) => stillOpen.has(event.alertId)),
      recent: disk.snapshots.filter(({ receivedAt }) => receivedAt >= clock.wall() - pumpLimits.refoldMs).map((snapshot) => ({ ...snapshot })),
    },
    mint: { alert: () => alertId(`a${++minted}`), stay: () => stayId(`s${++minted}`) },
    publish: () => undefined, saved: () => undefined, log: pino({ level: 'silent' }),
  })
  const [device] = pump.devices.all()
  const line = pump.openFor('line')({ address: 'test', device: device?.id ?? null }, () => undefined)
  return { pump, say: (message: Message): void => void line.receive(new TextEncoder().encode(JSON.stringify(message))) }
}
type Life = ReturnType<typeof life>

function stands({ pump }: Life) {
  const stay = [...pump.beds.values()][0]?.stay
  const state = stay ? pump.watch.stateOf(stay.id) : undefined
  return {
    alerts: [...pump.lifecycle.open.values()].filter(({ type }) => type === 'physiological').map(({ condition, priority, state: phase }) => `${condition} ${priority} ${phase}`).toSorted(),
    score: state ? scoreView(state) : null,
    course: state ? state.seen.memory.course.length : 0,
    usual: state ? state.seen.memory.usualSbp : null,
    armed: state ? bedRules.armed(state, pump.now().at) : null,
  }
}

const anyCourse = fc.array(fc.record({ minutes: fc.integer({ min: 1, max: 25 }), hr: fc.integer({ min: 30, max: 170 }), sbp: fc.integer({ min: 70, max: 190 }) }), { minLength: 1, maxLength: 3 })

it('reaches the same state within a minute as the gateway that went on, whenever it was killed', async () => {
  await fc.assert(fc.asyncProperty(anyCourse, fc.integer({ min: 1, max: 5_000 }), async (course, killed) => {
    const seconds = course.flatMap(({ minutes, hr, sbp }) => Array.from({ length: minutes * 12 }, () => ({ hr, sbp })))
    const killAt = 1 + (killed % seconds.length)
    const play = async (restarts: boolean) => {
      const clock = fakeClock()
      const disk: Disk = { snapshots: [], stays: new Map(), events: [] }
      let one = life(clock, disk)
      const last = seconds.at(-1) ?? { hr: 80, sbp: 120 }
      // A minute more of the last, for what was under way to come about.
      for (const [index, { hr, sbp }] of [...seconds, ...Array.from({ length: 12 }, () => last)].entries()) {
        if (restarts && index === killAt) {
          await one.pump.close()
          one = life(clock, disk)
        }
        one.say({ hr, sentAt: clock.wall(), also: { metric: 'MDC_PRESS_BLD_ART_SYS', value: sbp, ageMs: 0 } })
        for (let tick = 0; tick < 5; tick++) {
          one.pump.tick()
          void clock.pass(1_000)
        }
        await Promise.resolve()
      }
      return stands(one)
    }
    expect(await play(true)).toEqual(await play(false))
  }), { numRuns: 12, seed: 7 })
})

it('a gateway that forgot what it knew over hours would not: what is kept with the stay is what makes it so', async () => {
  const clock = fakeClock()
  const disk: Disk = { snapshots: [], stays: new Map(), events: [] }
  const one = life(clock, disk)
  for (let minute = 0; minute < 120; minute++) {
    one.say({ hr: 80, sentAt: clock.wall(), also: { metric: 'MDC_PRESS_BLD_ART_SYS', value: 150, ageMs: 0 } })
    one.pump.tick()
    void clock.pass(60_000)
  }
  await one.pump.close()
  const before = stands(one)
  expect(before.course).toBeGreaterThan(20)
  expect(before.usual).toBe(150)
  expect(stands(life(clock, disk))).toMatchObject({ course: before.course, usual: before.usual })
  for (const [id, { memory: _memory, ...stay }] of disk.stays) disk.stays.set(id, stay)
  expect(stands(life(clock, disk)).course).toBeLessThan(before.course)
})
