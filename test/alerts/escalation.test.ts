import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EscalationTimes, NOTHING_UNANSWERED, escalate } from '../../src/alerts/escalation.ts'
import { type Lifecycle, createLifecycle } from '../../src/alerts/lifecycle.ts'
import { type Alert, type AlertEvent, type EscalationLevel, isUnanswered, retold, foldAlert } from '../../src/domain/alert.ts'
import { alertId, bedId, stayId } from '../../src/domain/ids.ts'
import { type MonoMs, type WallMs, monoMs, wallMs } from '../../src/domain/time.ts'
import type { Signal } from '../../src/seams.ts'

const TIMES: EscalationTimes = { buddyMs: 120_000, chargeMs: 300_000, teamMs: null }
const SUBJECT = { bed: bedId('bed-1'), stay: stayId('stay-1'), device: null }
const BECAUSE = { rule: 'threshold', version: '1', inputs: [], limit: null, missing: [] }
const said = (priority: 'high' | 'medium', more: Partial<Signal & { kind: 'present' }> = {}): Signal => ({ kind: 'present', condition: 'spo2-low', priority, type: 'physiological', text: 'SpO₂ 80', because: BECAUSE, ...more })

/** A ward of one bed: alerts, an escalation, and two clocks. It can be killed: what is on the disk is what a new life begins with. */
function wardOf(times = TIMES) {
  let wall = Date.UTC(2026, 0, 1)
  let mono = 1_000
  let minted = 0
  const disk: AlertEvent[] = []
  let lifecycle: Lifecycle
  let state = NOTHING_UNANSWERED
  const wallNow = (): WallMs => wallMs(wall)
  const begin = (): void => {
    lifecycle = createLifecycle(() => alertId(`alert-${++minted}`), disk.filter(({ alertId: id }) => isOpenOnDisk(id)))
    state = NOTHING_UNANSWERED
  }
  const isOpenOnDisk = (id: string): boolean => disk.filter((event) => event.alertId === id).findLast((event) => event.kind === 'phase' && event.state === 'inactive') === undefined
  begin()
  const keep = (events: readonly AlertEvent[] | null): void => void disk.push(...(events ?? []))
  const tick = (): void => {
    const now: { at: MonoMs; wall: WallMs } = { at: monoMs(mono), wall: wallNow() }
    const step = escalate(times, state, { open: lifecycle.open.values(), toWhom: (_alert, level) => level, now })
    state = step.state
    for (const { alert, told } of step.due) keep(lifecycle.escalate(alert.id, told))
  }
  return {
    disk,
    signal: (signal: Signal) => keep(lifecycle.signals(SUBJECT, [signal], wallNow())),
    acknowledge: () => { for (const id of lifecycle.open.keys()) keep(lifecycle.acknowledge(id, 'anna', wallNow())) },
    pass: (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        wall += 1_000
        mono += 1_000
        tick()
      }
    },
    step: (ms: number) => { wall += ms },
    /** kill -9 after `events` of what was said reached the disk; the machine is off for `offMs`, and its clock is another. */
    kill: (offMs = 0, lostEvents = 0) => {
      disk.splice(disk.length - lostEvents, lostEvents)
      wall += offMs
      mono = 50
      begin()
    },
    alert: (): Alert => [...lifecycle.open.values()][0] ?? expect.fail('no alert is open'),
    told: (): string[] => disk.flatMap((event) => (event.kind === 'escalated' ? [event.level] : [])),
    tick,
  }
}

describe('a high that nobody answers', () => {
  it('is told to the nurse at once, to the buddy after two minutes, to the charge nurse after five, and to no team that was not named', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    ward.tick()
    expect(ward.told()).toEqual(['nurse'])
    ward.pass(119)
    expect(ward.told()).toEqual(['nurse'])
    ward.pass(1)
    expect(ward.told()).toEqual(['nurse', 'buddy'])
    ward.pass(179)
    expect(ward.told()).toEqual(['nurse', 'buddy'])
    ward.pass(1)
    expect(ward.told()).toEqual(['nurse', 'buddy', 'charge'])
    ward.pass(1_000)
    expect(ward.told()).toHaveLength(3)
    expect(ward.alert().escalated?.map(({ level, to }) => [level, to])).toEqual([['nurse', 'nurse'], ['buddy', 'buddy'], ['charge', 'charge']])
  })

  it('is told to the team where there is one', () => {
    const ward = wardOf({ ...TIMES, teamMs: 600_000 })
    ward.signal(said('high'))
    ward.pass(601)
    expect(ward.told()).toEqual(['nurse', 'buddy', 'charge', 'team'])
  })

  it('is told to nobody more once it is acknowledged, and a re-trigger begins anew', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    ward.pass(130)
    ward.acknowledge()
    ward.pass(600)
    expect(ward.told()).toEqual(['nurse', 'buddy'])
    expect(isUnanswered(ward.alert())).toBe(false)
    ward.signal(said('high', { again: true }))
    expect(ward.alert().escalated).toBeUndefined()
    ward.pass(1)
    expect(ward.alert().escalated?.map(({ level }) => level)).toEqual(['nurse'])
    ward.pass(118)
    expect(ward.alert().escalated).toHaveLength(1)
    ward.pass(3)
    expect(ward.alert().escalated?.map(({ level }) => level)).toEqual(['nurse', 'buddy'])
  })

  it('begins anew also where it was answered and came back between two looks', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    ward.pass(290)
    ward.acknowledge()
    ward.signal(said('high', { again: true }))
    ward.pass(20)
    expect(ward.alert().escalated?.map(({ level }) => level)).toEqual(['nurse'])
  })

  it('goes on while it gets worse and nobody answers: each new call must not put the charge nurse off', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    for (let minute = 0; minute < 5; minute++) {
      ward.pass(60)
      ward.signal(said('high', { again: true }))
    }
    ward.pass(1)
    expect(ward.told()).toEqual(['nurse', 'buddy', 'charge'])
  })

  it('is escalated too when it comes and goes, and waits while it is over', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    ward.pass(100)
    ward.signal({ kind: 'cleared', condition: 'spo2-low' })
    ward.pass(60)
    expect(ward.told()).toEqual(['nurse'])
    ward.signal(said('high'))
    ward.pass(1)
    expect(ward.told()).toEqual(['nurse', 'buddy'])
  })

  it('begins anew when it was over for as long as the first timer', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    ward.pass(200)
    ward.signal({ kind: 'cleared', condition: 'spo2-low' })
    ward.pass(130)
    ward.signal(said('high'))
    ward.pass(5)
    expect(ward.alert().escalated?.map(({ level }) => level)).toEqual(['nurse'])
  })

  it('waits while somebody has acknowledged it at the monitor', () => {
    const ward = wardOf()
    ward.signal(said('high', { bedside: { how: 'alert-acknowledged', at: wallMs(Date.UTC(2026, 0, 1)) } }))
    ward.pass(100)
    expect(ward.told()).toEqual([])
  })

  it('is escalated too when it is medium now and then: who swings around the limit must not put the buddy off', () => {
    const ward = wardOf()
    for (let swing = 0; swing < 5; swing++) {
      ward.signal(said('high'))
      ward.pass(40)
      ward.signal(said('medium'))
      ward.pass(40)
    }
    expect(ward.told()).toEqual(['nurse', 'buddy', 'charge'])
  })

  it('waits while it is medium, and begins anew when that lasted for as long as the first timer', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    ward.pass(130)
    ward.signal(said('medium'))
    ward.pass(400)
    expect(ward.told()).toEqual(['nurse', 'buddy'])
    ward.signal(said('high'))
    ward.pass(10)
    expect(ward.alert().escalated?.map(({ level }) => level)).toEqual(['nurse'])
  })

  it('a medium is told to nobody by name', () => {
    const ward = wardOf()
    ward.signal(said('medium'))
    ward.pass(900)
    expect(ward.told()).toEqual([])
  })

  it('says on its phases that it goes unanswered, for who knows the alert no more, and is retold whole', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    ward.pass(121)
    ward.signal(said('high', { text: 'SpO₂ 70' }))
    expect(ward.disk.at(-1)).toMatchObject({ kind: 'phase', unanswered: true, text: 'SpO₂ 70' })
    const again = retold(ward.alert()).reduce<Alert | null>(foldAlert, null)
    expect(again?.escalated).toEqual(ward.alert().escalated)
    expect(again).not.toHaveProperty('unanswered')
  })
})

describe('over a restart', () => {
  it('who was told is not told again, and who is next is told when it is time', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    ward.pass(100)
    ward.kill(5_000)
    ward.tick()
    expect(ward.told()).toEqual(['nurse'])
    ward.pass(16)
    expect(ward.told()).toEqual(['nurse', 'buddy'])
  })

  it('all that came due while the machine was off is told at once, in order', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    ward.pass(10)
    ward.kill(600_000)
    ward.tick()
    expect(ward.told()).toEqual(['nurse', 'buddy', 'charge'])
  })

  it('a clock that was set back delays the next by its own time at most', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    ward.pass(130)
    ward.kill(-7_200_000)
    ward.pass(179)
    expect(ward.told()).toEqual(['nurse', 'buddy'])
    ward.pass(2)
    expect(ward.told()).toEqual(['nurse', 'buddy', 'charge'])
  })

  it('a clock that is set while we run changes nothing', () => {
    const ward = wardOf()
    ward.signal(said('high'))
    ward.pass(60)
    ward.step(-7_200_000)
    ward.pass(59)
    expect(ward.told()).toEqual(['nurse'])
    ward.step(31_536_000_000)
    ward.pass(3)
    expect(ward.told()).toEqual(['nurse', 'buddy'])
  })
})

// ── Whatever happens, in whatever order ──────────────────────────────────────────────────────────────────────────────

const ORDER: readonly EscalationLevel[] = ['nurse', 'buddy', 'charge', 'team']

const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 200 }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('kill' as const), offMs: fc.integer({ min: -10_000_000, max: 10_000_000 }), lost: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('step' as const), ms: fc.integer({ min: -10_000_000, max: 40_000_000 }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('say' as const), priority: fc.constantFrom('high' as const, 'medium' as const), again: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ what: 'clear' as const }) },
  { weight: 1, arbitrary: fc.constant({ what: 'acknowledge' as const }) },
)

it('no level is repeated or left out within one round, whatever restarts, clocks and taps come between', () => {
  fc.assert(fc.property(fc.array(happening, { maxLength: 25 }), (all) => {
    const ward = wardOf({ ...TIMES, teamMs: 600_000 })
    ward.signal(said('high'))
    for (const one of all) {
      switch (one.what) {
        case 'pass':
          ward.pass(one.seconds)
          break
        case 'kill':
          // What was said in the last tick may not have reached the disk: as if it had not been said.
          ward.kill(one.offMs, Math.min(one.lost, ward.disk.length - 1))
          break
        case 'step':
          ward.step(one.ms)
          break
        case 'say':
          ward.signal(said(one.priority, one.again ? { again: true } : {}))
          break
        case 'clear':
          ward.signal({ kind: 'cleared', condition: 'spo2-low' })
          break
        case 'acknowledge':
          ward.acknowledge()
      }
    }
    const rounds = new Map<string, EscalationLevel[]>()
    const mayBegin = new Set<string>()
    for (const event of ward.disk) {
      // Answered, over, or no longer high: nothing else begins it anew.
      if (event.kind === 'acknowledged' || (event.kind === 'phase' && (event.phase === 'start' || event.state !== 'active' || event.priority !== 'high'))) mayBegin.add(event.alertId)
      if (event.kind !== 'escalated') continue
      if (event.level === 'nurse') expect(mayBegin.delete(event.alertId)).toBe(true)
      const round = event.level === 'nurse' ? [] : (rounds.get(event.alertId) ?? expect.fail(`${event.level} was told before the nurse`))
      round.push(event.level)
      rounds.set(event.alertId, round)
      expect(round).toEqual(ORDER.slice(0, round.length))
    }
  }), { numRuns: 300 })
})

it('within ten minutes of nothing but time, everybody was told, whatever was before', () => {
  fc.assert(fc.property(fc.array(happening, { maxLength: 12 }), (all) => {
    const ward = wardOf({ ...TIMES, teamMs: 600_000 })
    ward.signal(said('high'))
    for (const one of all) {
      if (one.what === 'pass') ward.pass(one.seconds)
      else if (one.what === 'kill') ward.kill(one.offMs)
      else if (one.what === 'step') ward.step(one.ms)
    }
    ward.pass(601)
    expect(ward.alert().escalated?.map(({ level }) => level)).toEqual(ORDER)
  }), { numRuns: 100 })
})
