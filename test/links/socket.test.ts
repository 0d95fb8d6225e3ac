import { Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { linkLimits } from '../../src/limits.ts'
import { converse } from '../../src/links/socket.ts'

afterEach(() => void vi.useRealTimers())

/** A conversation in which each `!` ends a frame, and blanks between two frames are nothing. */
function talking() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const socket = new Socket()
  const closed: string[] = []
  let atRest = true
  const receive = (bytes: Uint8Array): number => {
    for (const byte of bytes) atRest = byte === 33 || (byte === 32 && atRest)
    return bytes.filter((byte) => byte === 33).length
  }
  const line = { receive, atRest: () => atRest, status: () => undefined, close: (why: string) => void closed.push(why) }
  const ended = converse(socket, () => line, { address: 'test', device: null })
  return { socket, closed, ended, say: (text: string) => void socket.emit('data', Buffer.from(text)) }
}

it('a conversation that its session calls dead is closed, and says why', async () => {
  const socket = new Socket()
  const closed: string[] = []
  let hangUp: ((why: string) => void) | undefined
  const ended = converse(
    socket,
    (_peer, _write, hang) => {
      hangUp = hang
      return { receive: () => 0, status: () => undefined, close: (why: string) => void closed.push(why) }
    },
    { address: 'test', device: null },
  )
  hangUp?.('no echo')
  await ended
  expect(closed).toEqual(['no echo'])
})

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

  it('does not cut a monitor whose line end comes in a packet of its own, behind the frame', () => {
    const { socket, say } = talking()
    say('whole!')
    say(' ')
    vi.advanceTimersByTime(10 * linkLimits.frameDeadlineMs)
    expect(socket.destroyed).toBe(false)
    socket.destroy()
  })

  it('cuts who leaves half a frame behind a whole one, and is silent from then on', () => {
    const { socket, say } = talking()
    say('whole! and half')
    vi.advanceTimersByTime(linkLimits.frameDeadlineMs)
    expect(socket.destroyed).toBe(true)
  })

  it('gives each frame a deadline of its own, so that a busy monitor is never cut', () => {
    const { socket, say } = talking()
    for (let ms = 0; ms <= 10 * linkLimits.frameDeadlineMs; ms += 1_000) {
      say('end! begin')
      vi.advanceTimersByTime(1_000)
    }
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
