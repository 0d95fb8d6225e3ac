import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { wallMs } from '../../src/domain/time.ts'
import { isAcknowledged } from '../../src/domain/alert-row.ts'
import { alertId } from '../../src/domain/ids.ts'
import { countByPriority, highestOf, highestUnacknowledged, isSounding, newsIn, priorityOfValue, rowsIn, rowsOfBed, sortAlerts } from '../../src/web/order.ts'
import { acknowledged, alert, T } from './fixtures.ts'

const ids = (alerts: readonly { readonly id: string }[]): readonly string[] => alerts.map(({ id }) => id)

describe('the order of alerts', () => {
  test('is priority, then what nobody acknowledged, then what still goes on, then age', () => {
    const alerts = [
      alert('low', { priority: 'low', startedAt: wallMs(T - 9_000) }),
      alert('medium', { priority: 'medium' }),
      alert('high-taken', { acknowledged }),
      alert('high-latched', { state: 'latched', startedAt: wallMs(T - 5_000) }),
      alert('high-new'),
      alert('high-old', { startedAt: wallMs(T - 1_000) }),
    ]
    expect(ids(sortAlerts(alerts))).toEqual(['high-old', 'high-new', 'high-latched', 'high-taken', 'medium', 'low'])
  })

  test('does not depend on the order in which they came', () => {
    const alerts = ['a', 'b', 'c', 'd', 'e'].map((id, index) => alert(id, { priority: index % 2 === 0 ? 'high' : 'low', acknowledged: index === 4 ? acknowledged : null }))
    fc.assert(fc.property(fc.shuffledSubarray(alerts, { minLength: 5 }), (shuffled) => {
      expect(ids(sortAlerts(shuffled))).toEqual(ids(sortAlerts(alerts)))
    }))
  })

  test('gives the key for acknowledging the highest that nobody has taken', () => {
    const sorted = sortAlerts([alert('taken', { acknowledged }), alert('medium', { priority: 'medium' }), alert('low', { priority: 'low' })])
    expect(highestUnacknowledged(sorted)?.id).toBe('medium')
    expect(highestUnacknowledged(sortAlerts([alert('taken', { acknowledged })]))).toBeNull()
  })

  test('counts each priority', () => {
    expect(countByPriority([alert('a'), alert('b'), alert('c', { priority: 'low' })])).toEqual({ high: 2, medium: 0, low: 1 })
  })
})

describe('rows of alerts', () => {
  const cause = alert('cause', { type: 'technical', priority: 'low', acknowledged })
  const carried = alert('carried', { type: 'technical', priority: 'low', inRow: { of: alertId('cause'), as: 'carried' } })
  const last = alert('last', { inRow: { of: alertId('cause'), as: 'with' } })
  const words = (alerts: readonly ReturnType<typeof alert>[]) => rowsIn(alerts).map(({ head, others, carried: its }) => [head.id, ids(others), ids(its)])

  test('have a cause with what speaks beside it and what it carries, and stand as high as the gravest that speaks', () => {
    expect(words([carried, alert('other', { priority: 'medium' }), cause, last])).toEqual([['cause', ['last'], ['carried']], ['other', [], []]])
    expect(rowsOfBed(rowsIn([cause, carried]), '7')).toHaveLength(1)
    expect(rowsOfBed(rowsIn([cause, carried]), '8')).toEqual([])
  })

  test('leave nothing out: one whose head is not here stands by itself', () => {
    expect(words([carried, last])).toEqual([['last', [], []], ['carried', [], []]])
  })

  test('what is carried is neither sounded, read out nor acknowledged on its own', () => {
    const [row] = rowsIn([cause, carried])
    expect(row && isSounding(row)).toBe(false)
    expect(row && isAcknowledged(row)).toBe(true)
    expect(highestUnacknowledged(sortAlerts([cause, carried]))).toBeNull()
    expect(highestOf(sortAlerts([cause, carried]))?.id).toBe('cause')
    expect(newsIn(new Map(), new Map([[carried.id, carried]]))).toEqual([])
  })

  test('who speaks and was not acknowledged keeps the row sounding', () => {
    const [row] = rowsIn([cause, last])
    expect(row && isSounding(row)).toBe(true)
    expect(row && isAcknowledged(row)).toBe(false)
  })
})

describe('news for those who listen', () => {
  const mapOf = (...alerts: readonly ReturnType<typeof alert>[]) => new Map(alerts.map((one) => [one.id, one]))

  test('are new alerts and those that rose, not those that changed otherwise or fell', () => {
    const before = mapOf(alert('same'), alert('rises', { priority: 'low' }), alert('falls'), alert('taken'))
    const after = mapOf(alert('same', { text: 'other' }), alert('rises', { priority: 'medium' }), alert('falls', { priority: 'low' }), alert('taken', { acknowledged }), alert('new'))
    expect(ids(newsIn(before, after))).toEqual(['new', 'rises'])
  })

  test('are alerts that call anew: what was over and is back, and what was acknowledged for too long', () => {
    const before = mapOf(alert('back', { state: 'latched' }), alert('expired', { acknowledged }), alert('goes-on'))
    expect(ids(newsIn(before, mapOf(alert('back'), alert('expired'), alert('goes-on', { state: 'latched' }))))).toEqual(['back', 'expired'])
  })
})

describe('the colour of a number', () => {
  const because = (...names: readonly string[]) => ({ rule: 'r', version: '1', inputs: names.map((name) => ({ name, value: 84, unit: '%', at: wallMs(T) })), limit: null, missing: [] })

  test('comes from an active alert that rests on this value alone', () => {
    expect(priorityOfValue([alert('a', { because: because('spo2') })], ['spo2'])).toBe('high')
    expect(priorityOfValue([alert('a', { because: because('spo2') })], ['hr'])).toBeNull()
  })

  test('does not come from a score, nor from a condition that is over', () => {
    expect(priorityOfValue([alert('a', { because: because('spo2', 'hr') })], ['spo2', 'hr'])).toBeNull()
    expect(priorityOfValue([alert('a', { because: because('spo2'), state: 'latched' })], ['spo2'])).toBeNull()
  })
})
