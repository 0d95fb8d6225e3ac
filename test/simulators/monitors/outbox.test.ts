import { describe, expect, it } from 'vitest'
import { createOutbox } from '../../../simulators/monitors/outbox.ts'

const message = (id: string) => ({ id, bytes: new Uint8Array(), values: [] })

describe('the memory of a monitor', () => {
  it('keeps the oldest and loses the newest when one more comes than it holds', () => {
    const outbox = createOutbox(3)
    expect(['1', '2', '3', '4'].map((id) => outbox.add(message(id)))).toEqual([true, true, true, false])
    expect(outbox.size()).toBe(3)
    expect(outbox.first()?.id).toBe('1')
  })

  it('gives up its first message once only', () => {
    const outbox = createOutbox(3)
    const [one, two] = [message('1'), message('2')]
    outbox.add(one)
    outbox.add(two)
    outbox.done(one)
    outbox.done(one)
    expect(outbox.first()).toBe(two)
  })

  it('forgets everything when the power goes', () => {
    const outbox = createOutbox(3)
    outbox.add(message('1'))
    outbox.clear()
    expect([outbox.size(), outbox.first()]).toEqual([0, undefined])
  })
})
