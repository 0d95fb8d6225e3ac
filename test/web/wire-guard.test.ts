import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDemoHealth, isTrendView, readMessage, whyOf } from '../../src/web/wire-guard.ts'
import { alertViews, bedViews, CALM, deviceViews, gatewayView, trendView } from './fake-ward.ts'
import { alert, bed, gateway, snapshot, T } from './fixtures.ts'

describe('the door of the page', () => {
  test('lets in all that the wire knows', () => {
    const scene = { ...CALM, alerts: 'storm', faults: true, beds: 24, role: 'admin' } as const
    const messages = [
      snapshot([bed('1')], [alert('a')]),
      { type: 'snapshot', at: T, you: { name: 'n', role: 'nurse' }, gateway: gatewayView(scene), beds: bedViews(scene, T), alerts: alertViews(scene, T), devices: deviceViews(scene, T) },
      { type: 'beds', at: T, beds: [bed('1')] },
      { type: 'alerts', at: T, alerts: [alert('a')] },
      { type: 'heartbeat', at: T, seq: 1, gateway, devices: [] },
    ]
    for (const message of messages) expect(readMessage(JSON.stringify(message))).toEqual(message)
    expect(isTrendView(trendView(0, scene, T))).toBe(true)
  })

  test('a heartbeat without its number is no heartbeat', () => {
    expect(readMessage(JSON.stringify({ type: 'heartbeat', at: T, gateway, devices: [] }))).toBeNull()
    expect(readMessage(JSON.stringify({ type: 'heartbeat', at: T, seq: '1', gateway, devices: [] }))).toBeNull()
  })

  test('lets in nothing else, and never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(readMessage(text)).toBeNull()
    }))
    expect(readMessage(JSON.stringify({ type: 'beds', at: T, beds: [{ id: '1' }] }))).toBeNull()
  })

  test('takes the sentence of an error, and only a sentence', () => {
    expect([whyOf({ detail: 'No.' }), whyOf({ detail: 3 }), whyOf(null), whyOf('No.')]).toEqual(['No.', null, null, null])
  })

  test('knows a demo before anybody is logged in, and takes no silence for one', () => {
    expect([isDemoHealth({ mode: 'demo' }), isDemoHealth({ mode: 'live' }), isDemoHealth({})]).toEqual([true, false, false])
  })
})
