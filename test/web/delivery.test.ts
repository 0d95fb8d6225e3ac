import { describe, expect, it } from 'vitest'
import type { DeliveryView } from '../../src/api/wire.ts'
import { clockText } from '../../src/web/age.ts'
import { chainOf, stepText } from '../../src/web/delivery.ts'
import { isDeliveries } from '../../src/web/wire-guard.ts'
import { T } from './fixtures.ts'

const receipt = (step: DeliveryView['step'], change: Partial<DeliveryView> = {}): DeliveryView => ({ at: T, way: 'screen', step, address: '', by: null, note: null, ...change })
const raised = receipt('raised', { way: 'vigil' })
const textOf = (deliveries: readonly DeliveryView[]): readonly string[] => chainOf(deliveries).steps.map(stepText)
const at = clockText(T)

describe('how far an alert came', () => {
  it('says what has not happened yet, and nothing of ways that it does not take', () => {
    expect(textOf([])).toEqual(['not raised', 'not displayed', 'not accepted'])
    expect(textOf([raised])).toEqual([`raised ${at}`, 'not displayed', 'not accepted'])
  })

  it('goes in order whatever the order of its receipts, each step at its first', () => {
    const sent = receipt('sent', { way: 'pagers', address: '221', at: T + 1_000 })
    const deliveries = [
      receipt('accepted', { by: 'M. Ferreira', at: T + 60_000 }), receipt('displayed', { at: T + 9_000 }), receipt('displayed', { at: T + 2_000 }),
      { ...sent, address: '222', at: T + 4_000 }, sent, receipt('delivered', { way: 'pagers', address: '221', at: T + 3_000 }), raised,
    ]
    expect(textOf(deliveries)).toEqual([
      `raised ${at}`, `sent ${clockText(T + 1_000)} pagers 221, pagers 222`, `delivered ${clockText(T + 3_000)} pagers 221`, `displayed ${clockText(T + 2_000)} a screen here`,
      `accepted ${clockText(T + 60_000)} M. Ferreira`,
    ])
  })

  it('names who accepted it elsewhere, and where', () => {
    expect(textOf([receipt('accepted', { way: 'dect', by: 'nurse 12' })]).at(-1)).toBe(`accepted ${at} nurse 12 (dect)`)
  })

  it('tells each failure, the newest first', () => {
    const failed = receipt('failed', { way: 'mail', note: 'refused' })
    expect(chainOf([failed, { ...failed, way: 'pagers', address: '222', at: T + 1_000, note: null }]).failures).toEqual([`${clockText(T + 1_000)} pagers 222 failed`, `${at} mail failed: refused`])
  })

  it('is not made of what is not understood', () => {
    expect(isDeliveries([raised])).toBe(true)
    expect(isDeliveries([{ ...raised, at: 'now' }])).toBe(false)
    expect(isDeliveries({})).toBe(false)
  })
})
