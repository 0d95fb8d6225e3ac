import { expect, it } from 'vitest'
import { escalationCalls } from '../../src/alerts/escalation-calls.ts'
import type { Alert, AlertEvent, EscalationLevel } from '../../src/domain/alert.ts'
import type { Delivery } from '../../src/domain/delivery.ts'
import { type AlertId, alertId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'

const ALERT = alertId('alert-1')
const SETTING = {
  people: [{ name: 'anna', way: 'pager', address: '11' }, { name: 'carla', way: 'pager', address: '12' }, { name: 'carla', way: 'dect', address: '600' }],
  team: { calls: [{ way: 'dect', address: '911' }] },
}
const escalated = (level: EscalationLevel, to: string | null): AlertEvent => ({ kind: 'escalated', alertId: ALERT, at: wallMs(1_000), level, to, type: 'physiological', condition: 'c', rule: 'r', version: '1' })

function calls(sent: readonly Partial<Delivery>[] = [], takes = true) {
  const made: string[] = []
  const missed: string[] = []
  const ways = {
    call: (way: string, address: string, alert: AlertId) => {
      made.push(`${way} ${address} ${alert}`)
      return takes
    },
    deliveries: () => sent.map((one): Delivery => ({ alertId: ALERT, at: wallMs(2_000), way: 'pager', step: 'sent', address: '11', by: null, note: null, ...one })),
  }
  return { made, missed, calls: escalationCalls(SETTING, ways, ({ way, address }) => void missed.push(`${way} ${address}`)) }
}

it('calls whoever is told and carries a pager, and the team', () => {
  const { made, calls: of } = calls()
  of.publish([escalated('nurse', 'anna'), escalated('buddy', 'ben'), escalated('charge', 'carla'), escalated('team', 'rapid response'), escalated('nurse', null)])
  expect(made).toEqual(['pager 11 alert-1', 'pager 12 alert-1', 'dect 600 alert-1', 'dect 911 alert-1'])
})

it('knows people however their name was written: a name that does not match would be a call that nobody misses', () => {
  const { made, calls: of } = calls()
  of.publish([escalated('nurse', 'Anna'), escalated('charge', 'CARLA')])
  expect(made).toEqual(['pager 11 alert-1', 'pager 12 alert-1', 'dect 600 alert-1'])
})

it('says which call no way took', () => {
  const { missed, calls: of } = calls([], false)
  of.publish([escalated('nurse', 'anna')])
  expect(missed).toEqual(['pager 11'])
})

it('after a restart calls whom no call has left for, and nobody twice, and nobody of what is answered or over', () => {
  const open = (more: Partial<Alert>): Alert => ({
    id: ALERT, bed: null, stay: null, device: null, condition: 'c', state: 'active', priority: 'high', type: 'technical', text: '', because: { rule: 'r', version: '1', inputs: [], limit: null, missing: [] },
    startedAt: wallMs(0), changedAt: wallMs(0), acknowledged: null, audioPaused: null, escalated: [{ level: 'nurse', to: 'anna', at: wallMs(1_000) }, { level: 'charge', to: 'carla', at: wallMs(1_500) }], ...more,
  })
  const first = calls([{}])
  first.calls.resume([open({})])
  expect(first.made).toEqual(['pager 12 alert-1', 'dect 600 alert-1'])
  // A call of an earlier round is not this one.
  const second = calls([{ at: wallMs(500) }])
  second.calls.resume([open({})])
  expect(second.made).toContain('pager 11 alert-1')
  const third = calls()
  third.calls.resume([open({ acknowledged: { by: 'anna', at: wallMs(3_000) } }), open({ state: 'latched' }), open({ priority: 'medium' })])
  expect(third.made).toEqual([])
})
