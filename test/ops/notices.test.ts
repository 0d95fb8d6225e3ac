import { describe, expect, it } from 'vitest'
import { createLifecycle } from '../../src/alerts/lifecycle.ts'
import type { AlertEvent } from '../../src/domain/alert.ts'
import { alertId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { Notices } from '../../src/ops/notices.ts'

const SUBJECT = { bed: null, stay: null, device: null }
const FACTS = { folder: '/data/set-aside/1', stays: 2, alerts: 1, isPartial: false }

/** Notices over alerts as they are kept; `restarted`: another life of the gateway with what was stored. */
function noticing(stored: readonly AlertEvent[] = []) {
  const events = [...stored]
  let minted = stored.length
  let now = stored.length
  const alerts = createLifecycle(() => alertId(`alert-${++minted}`), stored)
  const notices = new Notices((condition, said) => {
    const because = { rule: condition, version: '1', inputs: [], limit: null, missing: [] }
    const signal = said ? { kind: 'present' as const, condition, type: 'technical' as const, because, ...said } : { kind: 'cleared' as const, condition }
    events.push(...alerts.signals(SUBJECT, [signal], wallMs(++now)))
  }, () => alerts.open.values())
  return {
    notices,
    open: () => [...alerts.open.values()].map(({ condition, priority, text }) => ({ condition, priority, text })),
    acknowledge() {
      for (const { id } of alerts.open.values()) events.push(...(alerts.acknowledge(id, 'Ana', wallMs(++now)) ?? []))
    },
    /** Long enough for an alert to read differently. */
    wait: () => void (now += 60_000),
    restarted: () => noticing(events),
  }
}

describe('a notice', () => {
  it('stands until a person has acknowledged it, over restarts too; then it ends', () => {
    const first = noticing()
    first.notices.setAside(FACTS)
    first.notices.tick()
    const second = first.restarted()
    second.notices.tick()
    expect(second.open()).toEqual([{ condition: 'technical/store-set-aside', priority: 'high', text: expect.stringContaining('2 open stays and 1 open alerts') }])
    second.acknowledge()
    const third = second.restarted()
    expect(third.open()).toHaveLength(1)
    third.notices.tick()
    expect(third.open()).toEqual([])
  })

  it('says so where there may have been more than was carried over', () => {
    const { notices, open } = noticing()
    notices.setAside({ ...FACTS, isPartial: true })
    expect(open()[0]?.text).toContain('there may have been more')
  })

  it('says what was lost until somebody has seen it: a disk that is well again does not bring it back', () => {
    const ward = noticing()
    ward.notices.lost(null)
    expect(ward.open()).toEqual([])
    ward.notices.lost('3 sets of readings')
    ward.notices.lost('3 sets of readings')
    expect(ward.open()).toMatchObject([{ condition: 'technical/rows-lost', text: expect.stringContaining('3 sets of readings were lost') }])
    ward.acknowledge()
    ward.notices.lost('3 sets of readings')
    ward.notices.tick()
    expect(ward.open()).toEqual([])
    ward.notices.lost('4 sets of readings')
    expect(ward.open()).toHaveLength(1)
  })

  it('is news when it comes again after it was acknowledged, also before the tick that ends the old one', () => {
    const ward = noticing()
    ward.notices.refused(3)
    ward.acknowledge()
    ward.notices.refused(5)
    ward.notices.tick()
    expect(ward.open()).toEqual([{ condition: 'technical/rows-refused', priority: 'medium', text: expect.stringMatching(/^5 rows/) }])
    ward.notices.setAside(FACTS)
    ward.acknowledge()
    ward.notices.setAside({ ...FACTS, folder: '/data/set-aside/2' })
    ward.notices.tick()
    expect(ward.open()).toEqual([{ condition: 'technical/store-set-aside', priority: 'high', text: expect.stringContaining('/data/set-aside/2') }])
  })

  it('of refused rows is said when there are more of them, not again for those that were acknowledged', () => {
    const ward = noticing()
    ward.notices.refused(0)
    expect(ward.open()).toEqual([])
    ward.notices.refused(1)
    ward.notices.refused(4)
    ward.wait()
    ward.notices.tick()
    expect(ward.open()).toMatchObject([{ text: expect.stringMatching(/^4 rows/) }])
    ward.acknowledge()
    ward.notices.tick()
    ward.notices.refused(4)
    expect(ward.open()).toEqual([])
  })

  it('of an epoch is said where a person has to look, and not where somebody asked for it or another notice says it', () => {
    for (const why of ['created', 'restored', 'set-aside'] as const) {
      const { notices, open } = noticing()
      notices.began(why)
      expect(open(), why).toEqual([])
    }
    for (const why of ['cloned', 'rolled-back', 'ledger-lost'] as const) {
      const { notices, open } = noticing()
      notices.began(why)
      expect(open(), why).toMatchObject([{ condition: 'technical/store-epoch', priority: 'medium' }])
    }
  })

  it('leaves alerts alone that are not its own', () => {
    const ward = noticing()
    ward.notices.ledgerSetAside('/data/set-aside/3')
    const other = createLifecycle(() => alertId('other'), [])
    other.signals(SUBJECT, [{ kind: 'present', condition: 'technical/store-failing', priority: 'high', type: 'technical', text: 't', because: { rule: 'r', version: '1', inputs: [], limit: null, missing: [] } }], wallMs(0))
    other.acknowledge(alertId('other'), 'Ana', wallMs(1))
    const said: string[] = []
    new Notices((condition) => void said.push(condition), () => other.open.values()).tick()
    expect(said).toEqual([])
  })
})
