import { describe, expect, test } from 'vitest'
import { wallMs } from '../../src/domain/time.ts'
import { receiptsFor } from '../../src/web/receipts.ts'
import { alert, T } from './fixtures.ts'

describe('receipts', () => {
  test('are sent once for each change of an alert', () => {
    const first = receiptsFor([alert('a'), alert('b')], new Set())
    expect(first.ids).toEqual(['a', 'b'])
    expect(receiptsFor([alert('a'), alert('b')], first.sent).ids).toEqual([])
    expect(receiptsFor([alert('a'), alert('b', { changedAt: wallMs(T + 1) })], first.sent).ids).toEqual(['b'])
  })

  test('remember no more than is on the screen', () => {
    const many = receiptsFor(Array.from({ length: 50 }, (_, index) => alert(`a${index}`)), new Set())
    expect(receiptsFor([alert('a1')], many.sent).sent.size).toBe(1)
  })
})
