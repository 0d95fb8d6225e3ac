import { Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { linkLimits } from '../../src/limits.ts'
import { converse } from '../../src/links/socket.ts'

afterEach(() => void vi.useRealTimers())

/** A conversation in which each `!` ends a frame. */
function talking() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const socket = new Socket()
  const closed: string[] = []
  const line = { receive: (bytes: Uint8Array) => bytes.filter((byte) => byte === 33).length, status: () => undefined, close: (why: string) => void closed.push(why) }
  const ended = converse(socket, () => line, { address: 'test', device: null })
  return { socket, closed, ended, say: (text: string) => void socket.emit('data', Buffer.from(text)) }
}

describe('the deadline of a frame', () => {
  it('does not cut a monitor that is silent between two whole frames', () => {
    const { socket, say } = talking()
    say('whole!')
    vi.advanceTimersByTime(10 * linkLimits.frameDeadlineMs)
    expect(socket.destroyed).toBe(false)
    say('whole again!')
    expect(socket.destroyed).toBe(false)
    socket.destroy()
  })

  it('cuts who never ends a frame, however steadily bytes dribble in', async () => {
    const { socket, say, ended, closed } = talking()
    say('whole!')
    for (let ms = 0; ms <= linkLimits.frameDeadlineMs; ms += 1_000) {
      say('.')
      vi.advanceTimersByTime(1_000)
    }
    expect(socket.destroyed).toBe(true)
    await ended
    expect(closed).toEqual(['a frame stayed unfinished'])
  })
})
