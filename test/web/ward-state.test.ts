import { describe, expect, test } from 'vitest'
import { devicesOf, foldMessage, type WardState } from '../../src/web/ward-state.ts'
import { alert, bed, gateway, snapshot, T, value } from './fixtures.ts'

const begin = (message = snapshot([bed('1'), bed('2')], [alert('a')])): WardState => {
  const state = foldMessage(null, message, 100)
  if (state === null) throw new Error('a snapshot begins a ward')
  return state
}

describe('the ward on the page', () => {
  test('begins with a snapshot and with nothing less', () => {
    expect(foldMessage(null, { type: 'beds', at: T, beds: [bed('1')] }, 0)).toBeNull()
    expect(foldMessage(null, { type: 'alerts', at: T, alerts: [alert('a')] }, 0)).toBeNull()
    expect(foldMessage(null, { type: 'heartbeat', at: T, seq: 1, gateway, devices: [] }, 0)).toBeNull()
  })

  test('keeps the order of beds when one changes', () => {
    const next = foldMessage(begin(), { type: 'beds', at: T, beds: [bed('1', { label: 'one' })] }, 200)
    expect(next?.beds.map(({ label }) => label)).toEqual(['one', '2'])
  })

  test('shows a bed that was not there before, rather than dropping it', () => {
    expect(foldMessage(begin(), { type: 'beds', at: T, beds: [bed('3')] }, 200)?.beds.map(({ id }) => id)).toEqual(['1', '2', '3'])
  })

  test('keeps a latched alert and drops one that has ended', () => {
    const next = foldMessage(begin(), { type: 'alerts', at: T, alerts: [alert('a', { state: 'inactive' }), alert('b', { state: 'latched' })] }, 200)
    expect([...(next?.alerts.keys() ?? [])]).toEqual(['b'])
  })

  test('is replaced by the next snapshot: what it does not name is gone', () => {
    const next = foldMessage(begin(), snapshot([bed('2')], []), 200)
    expect(next?.beds.map(({ id }) => id)).toEqual(['2'])
    expect(next?.alerts.size).toBe(0)
  })

  test('remembers since when it has looked at a value, also over a reconnect', () => {
    const first = begin(snapshot([bed('1', { values: [value('HR')] })]))
    const same = foldMessage(first, snapshot([bed('1', { values: [value('HR')] })]), 5_000)
    const newer = foldMessage(same, { type: 'beds', at: T, beds: [bed('1', { values: [value('HR', { at: T + 1_000 })] })] }, 6_000)
    expect(same?.firstSeen.get('1')?.get('HR')).toEqual({ at: T, now: 100 })
    expect(newer?.firstSeen.get('1')?.get('HR')).toEqual({ at: T + 1_000, now: 6_000 })
  })

  test('believes the heartbeat about devices', () => {
    const device = { id: 'm', driver: 'hl7', bed: '1', link: 'silent', lastFrameAt: T, frames: { good: 1, bad: 0, skipped: 0, quarantined: 0 }, waves: { channels: 0, seconds: 0 }, note: '' } as const
    const next = foldMessage(begin(), { type: 'heartbeat', at: T, seq: 1, gateway, devices: [device] }, 200)
    expect(next && devicesOf(next, '1')).toEqual([device])
    expect(next && devicesOf(next, '2')).toEqual([])
  })
})
