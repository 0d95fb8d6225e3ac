import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLifecycle } from '../../src/alerts/lifecycle.ts'
import { type AlertEvent, type Priority, foldAlert, isOpen, retold } from '../../src/domain/alert.ts'
import { type AlertId, alertId, bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import type { Signal } from '../../src/seams.ts'

const SUBJECT = { bed: bedId('bed-1'), stay: stayId('stay-1'), device: null }
const because = { rule: 'threshold', version: '1', inputs: [], limit: null, missing: [] }
const present = (priority: Priority, text = 'SpO₂ 84 % below 90', condition = 'threshold/spo2-low'): Signal => ({ kind: 'present', condition, priority, type: 'physiological', text, because })
const cleared: Signal = { kind: 'cleared', condition: 'threshold/spo2-low' }
const lost: Signal = { kind: 'lost', condition: 'threshold/spo2-low' }

function lifecycle(restored: readonly AlertEvent[] = []): ReturnType<typeof createLifecycle> {
  let minted = restored.length
  return createLifecycle(() => alertId(`alert-${++minted}`), restored)
}

const phasesOf = (events: readonly AlertEvent[]): string[] => events.map((event) => (event.kind === 'phase' ? `${event.phase}:${event.state}` : event.kind))

function only(events: readonly AlertEvent[]): AlertId {
  const [event] = events
  if (!event) throw new Error('no event')
  return event.alertId
}

describe('the life cycle of an alert', () => {
  it('starts once, however often the condition is reported', () => {
    const alerts = lifecycle()
    expect(phasesOf(alerts.signals(SUBJECT, [present('medium')], wallMs(0)))).toEqual(['start:active'])
    expect(alerts.signals(SUBJECT, [present('medium')], wallMs(1_000))).toEqual([])
    expect(alerts.open.size).toBe(1)
  })

  it('keeps one id from onset to end', () => {
    const alerts = lifecycle()
    const ids = [present('low'), present('medium'), present('low'), cleared].flatMap((signal, index) => alerts.signals(SUBJECT, [signal], wallMs(index))).map((event) => event.alertId)
    expect(new Set(ids).size).toBe(1)
    expect(alerts.open.size).toBe(0)
  })

  it('gives a new onset after the end a new id', () => {
    const alerts = lifecycle()
    const first = only(alerts.signals(SUBJECT, [present('medium')], wallMs(0)))
    alerts.signals(SUBJECT, [cleared], wallMs(1))
    expect(only(alerts.signals(SUBJECT, [present('medium')], wallMs(2)))).not.toBe(first)
  })

  it('takes the acknowledgement away when the priority rises', () => {
    const alerts = lifecycle()
    const id = only(alerts.signals(SUBJECT, [present('medium')], wallMs(0)))
    alerts.acknowledge(id, 'Ana', wallMs(1))
    expect(alerts.open.get(id)?.acknowledged).toEqual({ by: 'Ana', at: 1 })
    expect(phasesOf(alerts.signals(SUBJECT, [present('high')], wallMs(2)))).toEqual(['escalate:active', 'acknowledgement-removed'])
    expect(alerts.open.get(id)?.acknowledged).toBeNull()
  })

  it('keeps the acknowledgement when the priority falls', () => {
    const alerts = lifecycle()
    const id = only(alerts.signals(SUBJECT, [present('high')], wallMs(0)))
    alerts.acknowledge(id, 'Ana', wallMs(1))
    alerts.signals(SUBJECT, [present('medium')], wallMs(2))
    expect(alerts.open.get(id)?.acknowledged).not.toBeNull()
  })

  it('latches a high that nobody has seen, and ends it when somebody has', () => {
    const alerts = lifecycle()
    const id = only(alerts.signals(SUBJECT, [present('high')], wallMs(0)))
    expect(phasesOf(alerts.signals(SUBJECT, [cleared], wallMs(1)))).toEqual(['update:latched'])
    expect(alerts.open.has(id)).toBe(true)
    expect(phasesOf(alerts.acknowledge(id, 'Ana', wallMs(2)) ?? [])).toEqual(['acknowledged', 'reset:inactive'])
    expect(alerts.open.size).toBe(0)
  })

  it('latches a high that nobody has seen also where it was medium on its way back: a patient who recovers seldom jumps', () => {
    const alerts = lifecycle()
    const id = only(alerts.signals(SUBJECT, [present('high')], wallMs(0)))
    alerts.signals(SUBJECT, [present('medium')], wallMs(1))
    expect(phasesOf(alerts.signals(SUBJECT, [cleared], wallMs(2)))).toEqual(['update:latched'])
    expect(phasesOf(alerts.acknowledge(id, 'Ana', wallMs(3)) ?? [])).toEqual(['acknowledged', 'reset:inactive'])
  })

  it('ends without a trace where somebody saw it as a medium, unless it was high once more', () => {
    const alerts = lifecycle()
    const id = only(alerts.signals(SUBJECT, [present('high')], wallMs(0)))
    alerts.signals(SUBJECT, [present('medium')], wallMs(1))
    alerts.acknowledge(id, 'Ana', wallMs(2))
    expect(phasesOf(alerts.signals(SUBJECT, [cleared], wallMs(3)))).toEqual(['end:inactive'])
    alerts.signals(SUBJECT, [present('medium')], wallMs(4))
    for (const open of alerts.open.keys()) alerts.acknowledge(open, 'Ana', wallMs(5))
    alerts.signals(SUBJECT, [present('high')], wallMs(6))
    alerts.signals(SUBJECT, [present('medium')], wallMs(7))
    expect(phasesOf(alerts.signals(SUBJECT, [cleared], wallMs(8)))).toEqual(['update:latched'])
  })

  it('knows so after a restart, and in a log that was begun anew', () => {
    const alerts = lifecycle()
    const events = [present('high'), present('medium')].flatMap((signal, at) => alerts.signals(SUBJECT, [signal], wallMs(at)))
    const [open] = alerts.open.values()
    for (const told of [events, open === undefined ? [] : retold(open)]) {
      const again = lifecycle(told)
      expect([...again.open.values()]).toMatchObject([{ priority: 'medium', unseenHigh: true }])
      expect(phasesOf(again.signals(SUBJECT, [cleared], wallMs(9)))).toEqual(['update:latched'])
    }
  })

  it('ends an acknowledged high, and any medium, when its condition clears', () => {
    const alerts = lifecycle()
    const id = only(alerts.signals(SUBJECT, [present('high')], wallMs(0)))
    alerts.acknowledge(id, 'Ana', wallMs(1))
    expect(phasesOf(alerts.signals(SUBJECT, [cleared], wallMs(2)))).toEqual(['end:inactive'])
    alerts.signals(SUBJECT, [present('medium')], wallMs(3))
    expect(phasesOf(alerts.signals(SUBJECT, [cleared], wallMs(4)))).toEqual(['end:inactive'])
  })

  it('a re-trigger of a latched alert is active again under the same id', () => {
    const alerts = lifecycle()
    const id = only(alerts.signals(SUBJECT, [present('high')], wallMs(0)))
    alerts.signals(SUBJECT, [cleared], wallMs(1))
    alerts.pauseAudio(id, 'Ana', 60_000, wallMs(2))
    expect(phasesOf(alerts.signals(SUBJECT, [present('high')], wallMs(3)))).toEqual(['update:active', 'audio-resumed'])
    expect([...alerts.open.keys()]).toEqual([id])
  })

  it('data loss never ends an alert: it stays, and says so once', () => {
    const alerts = lifecycle()
    const id = only(alerts.signals(SUBJECT, [present('high')], wallMs(0)))
    expect(phasesOf(alerts.signals(SUBJECT, [lost], wallMs(1)))).toEqual(['update:active'])
    expect(alerts.signals(SUBJECT, [lost], wallMs(2))).toEqual([])
    expect(alerts.open.get(id)?.text).toBe('SpO₂ 84 % below 90 (last known; data lost)')
    alerts.signals(SUBJECT, [present('high')], wallMs(3))
    expect(alerts.open.get(id)?.text).toBe('SpO₂ 84 % below 90')
  })

  it('silence is not acknowledgement, and a pause of the sound runs out', () => {
    const alerts = lifecycle()
    const id = only(alerts.signals(SUBJECT, [present('high')], wallMs(0)))
    alerts.pauseAudio(id, 'Ana', 60_000, wallMs(0))
    expect(alerts.open.get(id)).toMatchObject({ acknowledged: null, audioPaused: { by: 'Ana', until: 60_000 } })
    expect(alerts.tick(wallMs(59_999))).toEqual([])
    expect(phasesOf(alerts.tick(wallMs(60_000)))).toEqual(['audio-resumed'])
  })

  it('a text that moves each second is an event at most every ten seconds', () => {
    const alerts = lifecycle()
    alerts.signals(SUBJECT, [present('medium', 'HR 131 above 130')], wallMs(0))
    const events = Array.from({ length: 60 }, (_, second) => alerts.signals(SUBJECT, [present('medium', `HR ${132 + second} above 130`)], wallMs(second * 1_000))).flat()
    expect(events.length).toBeGreaterThanOrEqual(5)
    expect(events.length).toBeLessThanOrEqual(6)
  })

  it('a wall clock that is set back keeps no alert silent, and freezes no text', () => {
    const alerts = lifecycle()
    const id = only(alerts.signals(SUBJECT, [present('high', 'SpO₂ 84 %')], wallMs(86_400_000)))
    alerts.pauseAudio(id, 'Ana', 120_000, wallMs(86_400_000))
    expect(alerts.tick(wallMs(86_400_000))).toEqual([])
    expect(phasesOf(alerts.tick(wallMs(1_000)))).toEqual(['audio-resumed'])
    alerts.signals(SUBJECT, [present('high', 'SpO₂ 60 %')], wallMs(1_000))
    alerts.signals(SUBJECT, [present('high', 'SpO₂ 59 %')], wallMs(12_000))
    expect(alerts.open.get(id)?.text).toBe('SpO₂ 59 %')
  })

  it('alerts of a stay end with it, and no other', () => {
    const alerts = lifecycle()
    alerts.signals(SUBJECT, [present('high')], wallMs(0))
    const other = { ...SUBJECT, stay: stayId('stay-2') }
    alerts.signals(other, [present('high')], wallMs(0))
    expect(phasesOf(alerts.endOf({ stay: stayId('stay-1') }, wallMs(1)))).toEqual(['end:inactive'])
    expect([...alerts.open.values()].map((alert) => alert.stay)).toEqual(['stay-2'])
  })

  it('an unknown alert cannot be acknowledged', () => {
    expect(lifecycle().acknowledge(alertId('nobody'), 'Ana', wallMs(0))).toBeNull()
  })
})

describe('alerts over a restart', () => {
  const signals = fc.array(
    fc.oneof(
      fc.record({ condition: fc.constantFrom('a', 'b'), priority: fc.constantFrom<Priority>('low', 'medium', 'high') }).map(({ condition, priority }): Signal => present(priority, 'text', condition)),
      fc.constantFrom<Signal>({ kind: 'cleared', condition: 'a' }, { kind: 'lost', condition: 'a' }, { kind: 'cleared', condition: 'b' }),
    ),
    { maxLength: 30 },
  )

  it('open alerts folded from the events are the open alerts that stood, acknowledgements included', () => {
    fc.assert(
      fc.property(signals, fc.array(fc.nat(29), { maxLength: 5 }), (said, acknowledgeAfter) => {
        const before = lifecycle()
        const log: AlertEvent[] = []
        said.forEach((signal, index) => {
          log.push(...before.signals(SUBJECT, [signal], wallMs(index * 1_000)))
          const [first] = before.open.keys()
          if (first !== undefined && acknowledgeAfter.includes(index)) log.push(...(before.acknowledge(first, 'Ana', wallMs(index * 1_000)) ?? []))
        })
        const open = new Set(before.open.keys())
        const after = lifecycle(log.filter((event) => open.has(event.alertId)))
        expect([...after.open.values()]).toEqual([...before.open.values()])
      }),
    )
  })

  it('each alert of any history starts once, and its events fold without gap', () => {
    fc.assert(
      fc.property(signals, (said) => {
        const alerts = lifecycle()
        const log = said.flatMap((signal, index) => alerts.signals(SUBJECT, [signal], wallMs(index * 1_000)))
        const folded = new Map<AlertId, ReturnType<typeof foldAlert>>()
        for (const event of log) {
          const known = folded.get(event.alertId) ?? null
          expect(known === null).toBe(event.kind === 'phase' && event.phase === 'start')
          if (known) expect(isOpen(known)).toBe(true)
          folded.set(event.alertId, foldAlert(known, event))
        }
      }),
    )
  })
})
