import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLifecycle, type PendingLimit } from '../../src/alerts/lifecycle.ts'
import { type AlertEvent, type Bedside, type Priority } from '../../src/domain/alert.ts'
import { type AlertId, alertId, bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { alertLimits } from '../../src/limits.ts'
import type { Signal } from '../../src/seams.ts'

const STAY = stayId('stay-1')
const SUBJECT = { bed: bedId('bed-1'), stay: STAY, device: null }
const MONITOR = { bed: bedId('bed-1'), stay: null, device: deviceId('mon-1') }
const because = { rule: 'threshold', version: '1', inputs: [], limit: null, missing: [] }
const present = (priority: Priority, condition = 'threshold/spo2-low'): Signal => ({ kind: 'present', condition, priority, type: 'physiological', text: 'SpO₂ 84 % below 90', because })
const cleared = (condition = 'threshold/spo2-low'): Signal => ({ kind: 'cleared', condition })
const limit = (onsetAt: number, condition = 'threshold/spo2-low'): PendingLimit => ({ condition, priority: 'medium', text: 'SpO₂ 84 % below 90', onsetAt: wallMs(onsetAt), dueAt: wallMs(onsetAt + 15_000) })

function lifecycle(restored: readonly AlertEvent[] = [], minted = 0): ReturnType<typeof createLifecycle> {
  let last = minted
  return createLifecycle(() => alertId(`alert-${++last}`), restored)
}
const shown = (events: readonly AlertEvent[]): readonly string[] => events.map((event) => (event.kind === 'phase' ? `${event.phase}:${event.state}` : `${event.kind}${'why' in event ? ` ${event.why}` : ''}`))

describe('a limit in its delay', () => {
  it('has its id from the onset, and keeps it as an alert to its end', () => {
    const alerts = lifecycle()
    alerts.waiting(SUBJECT, [limit(1_000)])
    const [pending] = alerts.pendingOf(STAY)
    alerts.waiting(SUBJECT, [limit(3_000)])
    expect(alerts.pendingOf(STAY)).toMatchObject([{ id: pending?.id, onsetAt: 1_000 }])
    expect(alerts.open.size).toBe(0)
    const [start] = alerts.signals(SUBJECT, [present('medium')], wallMs(16_000))
    expect(start).toMatchObject({ alertId: pending?.id, phase: 'start', at: 16_000, onsetAt: 1_000 })
    alerts.waiting(SUBJECT, [])
    expect(alerts.open.get(pending?.id ?? alertId('none'))).toMatchObject({ onsetAt: 1_000, startedAt: 16_000 })
    const [end] = alerts.signals(SUBJECT, [cleared()], wallMs(20_000))
    expect(end).toMatchObject({ alertId: pending?.id, phase: 'end', onsetAt: 1_000 })
  })

  it('that clears within it was no alert: no event, and the next onset has another id', () => {
    const alerts = lifecycle()
    alerts.waiting(SUBJECT, [limit(1_000)])
    const [first] = alerts.pendingOf(STAY)
    alerts.waiting(SUBJECT, [])
    expect(alerts.pendingOf(STAY)).toEqual([])
    alerts.waiting(SUBJECT, [limit(60_000)])
    expect(alerts.pendingOf(STAY)[0]?.id).not.toBe(first?.id)
  })

  it('of an alert that is open already is not pending, and neither is one of a stay that ended', () => {
    const alerts = lifecycle()
    alerts.signals(SUBJECT, [present('medium')], wallMs(0))
    alerts.waiting(SUBJECT, [limit(1_000)])
    expect(alerts.pendingOf(STAY)).toEqual([])
    alerts.waiting(SUBJECT, [limit(1_000, 'threshold/hr-low')])
    alerts.endOf({ stay: STAY }, wallMs(2_000))
    expect(alerts.pendingOf(STAY)).toEqual([])
  })

  it('without a delay there is no onset but the start', () => {
    const [start] = lifecycle().signals(SUBJECT, [present('high')], wallMs(0))
    expect(start).not.toHaveProperty('onsetAt')
  })
})

describe('an acknowledgement', () => {
  it.each([['high', alertLimits.acknowledgedHighMs], ['medium', alertLimits.acknowledgedMediumMs], ['low', alertLimits.acknowledgedLowMs]] as const)('of %s priority holds for %d ms, then it sounds again', (priority, ms) => {
    const alerts = lifecycle()
    alerts.signals(SUBJECT, [present(priority)], wallMs(0))
    const [id] = alerts.open.keys()
    if (id === undefined) throw new Error('no alert')
    alerts.acknowledge(id, 'Ana', wallMs(1_000))
    expect(alerts.tick(wallMs(1_000 + ms - 1))).toEqual([])
    expect(shown(alerts.tick(wallMs(1_000 + ms)))).toEqual(['acknowledgement-removed expired'])
    expect(alerts.open.get(id)?.acknowledged).toBeNull()
    expect(alerts.tick(wallMs(1_000 + 2 * ms))).toEqual([])
  })

  it('is not kept by a wall clock that was set back, and holds over a restart', () => {
    const alerts = lifecycle()
    const log = alerts.signals(SUBJECT, [present('medium')], wallMs(86_400_000))
    const [id] = alerts.open.keys()
    if (id === undefined) throw new Error('no alert')
    log.push(...(alerts.acknowledge(id, 'Ana', wallMs(86_400_000)) ?? []))
    const after = lifecycle(log)
    expect(after.tick(wallMs(86_400_000 + 60_000))).toEqual([])
    expect(shown(after.tick(wallMs(0)))).toEqual(['acknowledgement-removed expired'])
  })
})

describe('a monitor\'s own alarm that is silenced at the bedside', () => {
  const said = (bedside?: Bedside): Signal => ({ kind: 'present', condition: 'monitor/a1', priority: 'medium', type: 'physiological', text: 'Monitor: SpO2 low', because, ...(bedside ? { bedside } : {}) })
  const at = (ms: number, how: Bedside['how'] = 'audio-paused'): Bedside => ({ how, at: wallMs(ms) })

  it('says so at once, since when, and at once when it is over', () => {
    const alerts = lifecycle()
    alerts.signals(MONITOR, [said()], wallMs(0))
    expect(shown(alerts.signals(MONITOR, [said(at(500))], wallMs(500)))).toEqual(['update:active'])
    expect(alerts.signals(MONITOR, [said(at(1_500))], wallMs(1_500))).toEqual([])
    expect([...alerts.open.values()]).toMatchObject([{ bedside: { how: 'audio-paused', at: 500 } }])
    expect(shown(alerts.signals(MONITOR, [said(at(2_000, 'alert-acknowledged'))], wallMs(2_000)))).toEqual(['update:active'])
    expect(shown(alerts.signals(MONITOR, [said()], wallMs(2_500)))).toEqual(['update:active'])
    expect([...alerts.open.values()][0]).not.toHaveProperty('bedside')
  })

  it('quiets nothing here for longer than an acknowledgement, and says that once', () => {
    const alerts = lifecycle()
    alerts.signals(MONITOR, [said(at(0))], wallMs(0))
    expect(alerts.signals(MONITOR, [said(at(0))], wallMs(alertLimits.acknowledgedMediumMs - 1))).toEqual([])
    expect(shown(alerts.signals(MONITOR, [said(at(1))], wallMs(alertLimits.acknowledgedMediumMs)))).toEqual(['update:active'])
    expect([...alerts.open.values()]).toMatchObject([{ bedside: { at: 0, isOver: true } }])
    expect(alerts.signals(MONITOR, [said(at(2))], wallMs(alertLimits.acknowledgedMediumMs + 1_000))).toEqual([])
  })
})

it('every phase of the standard can be reached', () => {
  const alerts = lifecycle()
  const log = [present('medium'), present('high'), present('medium'), present('high'), cleared()].flatMap((signal, second) => alerts.signals(SUBJECT, [signal], wallMs(second * 1_000)))
  const [id] = alerts.open.keys()
  if (id === undefined) throw new Error('no alert')
  log.push(...(alerts.acknowledge(id, 'Ana', wallMs(9_000)) ?? []), ...alerts.signals(SUBJECT, [present('low')], wallMs(10_000)), ...alerts.signals(SUBJECT, [cleared()], wallMs(11_000)))
  expect(shown(log)).toEqual(['start:active', 'escalate:active', 'deescalate:active', 'escalate:active', 'update:latched', 'acknowledged', 'reset:inactive', 'start:active', 'end:inactive'])
})

describe('any life', () => {
  const conditions = ['threshold/spo2-low', 'threshold/hr-low'] as const
  const step = fc.oneof(
    fc.record({ what: fc.constant('waits' as const), on: fc.subarray([...conditions]) }),
    fc.record({ what: fc.constant('present' as const), on: fc.constantFrom(...conditions).map((one) => [one]), priority: fc.constantFrom<Priority>('low', 'medium', 'high') }),
    fc.record({ what: fc.constantFrom('cleared', 'lost', 'acknowledge' as const), on: fc.constantFrom(...conditions).map((one) => [one]) }),
    fc.record({ what: fc.constant('passes' as const), on: fc.constant([]) }),
  )

  it('an id is kept from the onset to the end, and what stands after a restart is what stood', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const alerts = lifecycle()
      const log: AlertEvent[] = []
      const onset = new Map<string, AlertId>()
      let now = 0
      for (const one of steps) {
        now += one.what === 'passes' ? alertLimits.acknowledgedHighMs : 1_000
        const [condition] = one.on
        const events = (): readonly AlertEvent[] => {
          if (one.what === 'waits' || one.what === 'passes' || condition === undefined) return one.what === 'passes' ? alerts.tick(wallMs(now)) : []
          if (one.what === 'present') return alerts.signals(SUBJECT, [present(one.priority, condition)], wallMs(now))
          if (one.what !== 'acknowledge') return alerts.signals(SUBJECT, [{ kind: one.what === 'lost' ? 'lost' : 'cleared', condition }], wallMs(now))
          const open = [...alerts.open.values()].find((alert) => alert.condition === condition)
          return open ? (alerts.acknowledge(open.id, 'Ana', wallMs(now)) ?? []) : []
        }
        const said = events()
        for (const event of said) if (event.kind === 'phase' && event.phase === 'start' && onset.has(event.condition)) expect(event.alertId).toBe(onset.get(event.condition))
        log.push(...said)
        if (one.what === 'waits') alerts.waiting(SUBJECT, one.on.map((each) => limit(now, each)))
        onset.clear()
        for (const pending of alerts.pendingOf(STAY)) if (![...alerts.open.values()].some((alert) => alert.condition === pending.condition)) onset.set(pending.condition, pending.id)
      }
      const open = new Set(alerts.open.keys())
      expect([...lifecycle(log.filter(({ alertId: id }) => open.has(id)), 1_000).open.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([...alerts.open.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)))
    }))
  })
})
