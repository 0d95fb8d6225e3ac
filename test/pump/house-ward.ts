/** The fake ward of fixture.ts with a house: what is said of it, what is watched, and a restart from what lies on its disk. */

import { alertId, bedId, type StayId } from '../../src/domain/ids.ts'
import type { AlertEvent } from '../../src/domain/alert.ts'
import { isOpen, foldAlert, type Alert } from '../../src/domain/alert.ts'
import type { WatchState } from '../../src/domain/watch.ts'
import type { HouseAnswer, HouseRequest } from '../../src/pump/house-requests.ts'
import type { BedRules } from '../../src/pump/watch.ts'
import { type Armed, unarmed, type Watched } from '../../src/rules/armed.ts'
import type { Signal, Standing, StayRecord } from '../../src/seams.ts'
import { highRules, NOTHING_RESTORED, ward } from './fixture.ts'

export const ONE = bedId('bed-1')
export const TWO = bedId('bed-2')
export const MINUTE = 60_000

const armed = (): Armed => ({ ...unarmed('no-data'), 'limits/hr': 'armed', score: 'armed' })
/** The limit of the fixture. */
const limitRules: BedRules<number> = { ...highRules, armed }

/** Beside the limit of the fixture, a score that prompts with every value above 100; all is armed. */
export const houseRules: BedRules<number> = {
  ...highRules,
  step(state, input) {
    const limits = highRules.step(state, input)
    const because = { rule: 'news2', version: '1', inputs: [], limit: null, missing: [] }
    const condition = 'news2/deterioration'
    const prompts = limits.signals.flatMap((signal): Signal[] => {
      if (signal.kind === 'lost') return []
      return signal.kind === 'cleared' ? [{ kind: 'cleared', condition }] : [{ kind: 'present', condition, priority: 'high', type: 'physiological', text: 'NEWS2 7', because }]
    })
    return { state: limits.state, signals: [...limits.signals, ...prompts] }
  },
  armed,
}

type Of = NonNullable<Parameters<typeof ward>[0]> & { readonly standing?: readonly Standing[] }

export function houseWard(of: Of = {}) {
  const made = ward({ rules: limitRules, ...of, restored: of.restored ?? { ...NOTHING_RESTORED, standing: of.standing ?? [] } })
  const { pump, clock, ticks } = made
  const say = (request: HouseRequest, by = 'Ana'): HouseAnswer => pump.sayHouse(request, by)
  const stay = (bed = ONE): StayRecord | null => pump.beds.get(bed)?.stay ?? null
  const stayIdOf = (bed = ONE): StayId => {
    const id = stay(bed)?.id
    if (id === undefined) throw new Error('nobody there')
    return id
  }
  /** Time passes in steps, with something said before each. */
  const every = async (ms: number, times: number, act: () => void = () => undefined): Promise<void> => {
    for (let step = 0; step < times; step++) {
      act()
      await clock.pass(ms)
      pump.tick()
    }
  }
  /** Of the first bed and its monitor, and of the ward. */
  const ours = (): readonly Alert[] => [...pump.lifecycle.open.values()].filter(({ bed, device }) => (bed === null ? device === null : bed === ONE && (device === null || device === 'mon-1')))
  const alerts = (): readonly string[] => ours().map(({ condition }) => condition).toSorted()
  const open = (): readonly string[] => ours().filter(({ condition }) => condition !== 'silence/device').map(({ condition, priority, type }) => `${condition} ${priority} ${type}`).toSorted()
  const written = () => [...ticks.flatMap((tick) => tick.events), ...pump.committer.filling.events]
  /** What the watch ledger last said of a rule of the first bed. */
  const watched = async (rule: Watched = 'limits/hr'): Promise<WatchState | undefined> => {
    const changes = written().flatMap((event) => (event.kind === 'watch' ? event.changes : []))
    return changes.findLast((change) => change.bed === ONE && change.rule === rule)?.state
  }
  const events = (): readonly string[] => written().flatMap((event) => (event.kind === 'gateway' ? [event.what] : []))
  const restart = async () => {
    await pump.close()
    const told = ticks.flatMap((tick) => tick.events).flatMap((event) => (event.kind === 'alert' ? [event.event] : []))
    const stays = [...new Map(ticks.flatMap((tick) => tick.stays).map((one) => [one.id, one])).values()]
    const standing = [...new Map(ticks.flatMap((tick) => tick.standing ?? []).map((one) => [one.key, one])).values()]
    const plain: { readonly stays: readonly StayRecord[]; readonly standing: readonly Standing[] } = JSON.parse(JSON.stringify({ stays, standing }))
    const alertEvents = openOf(told)
    return houseWard({ ...of, clock, minted: 100, restored: { ...NOTHING_RESTORED, ...plain, stays: plain.stays.filter(({ closedAt }) => closedAt === null), alertEvents, facts: ticks.flatMap((tick) => tick.facts ?? []) } })
  }
  return { ...made, monitor: made.connect('mon-1'), registry: made.connect('registry'), say, stay, stayId: stayIdOf, every, alerts, ours, open, watched, events, restart, phase: (bed = ONE) => pump.house.markOf(bed)?.phase ?? null }
}

export function openOf(events: readonly AlertEvent[]): readonly AlertEvent[] {
  const folded = new Map<string, Alert>()
  for (const event of events) folded.set(event.alertId, foldAlert(folded.get(event.alertId) ?? null, event))
  return events.filter((event) => {
    const alert = folded.get(alertId(event.alertId))
    return alert !== undefined && isOpen(alert)
  })
}
