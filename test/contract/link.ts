/** The contract of every link: it opens a line, passes bytes on, writes answers, reopens by itself, and stops when told. */

import { expect, it } from 'vitest'
import { pino } from 'pino'
import type { Line, Link, OpenLine, Outcome, Peer } from '../../src/seams.ts'

export const quiet = pino({ level: 'silent' })

export type Heard = { readonly peer: Peer; readonly bytes: Buffer; readonly settled: ((outcome: Outcome) => void) | undefined; readonly write: (bytes: Uint8Array) => void }

/** Records what a link hands over. `complete`: how many frames each delivery completes. */
export function recorder(complete: (bytes: Uint8Array) => number = () => 1) {
  const heard: Heard[] = []
  const states: string[] = []
  const closed: string[] = []
  const waiting = new Set<() => void>()
  const note = (): void => {
    for (const wake of waiting) wake()
  }
  const open: OpenLine = (peer, write): Line => ({
    receive(bytes, settled) {
      heard.push({ peer, bytes: Buffer.from(bytes), settled, write })
      note()
      return complete(bytes)
    },
    status(state, why) {
      states.push(`${state}: ${why}`)
      note()
    },
    close(why) {
      closed.push(why)
      note()
    },
  })
  /** Waits for the wire, not for a time. */
  const until = (what: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!what()) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  return { open, heard, states, closed, until, text: () => Buffer.concat(heard.map(({ bytes }) => bytes)).toString() }
}

export type Wire = {
  readonly link: Link
  /** The far end speaks. */
  readonly say: (text: string) => Promise<void>
  /** What the far end was answered, in full so far. */
  readonly answers: () => string
  /** The far end breaks off and comes back. */
  readonly breakOff: () => Promise<void>
  readonly close: () => Promise<void>
}

export function linkContract(wireOf: () => Promise<Wire>): void {
  it('passes on what the far end says, and answers it', async () => {
    const wire = await wireOf()
    const stop = new AbortController()
    const { open, heard, until, text } = recorder()
    const running = wire.link.run(open, stop.signal)
    await wire.say('hello')
    await until(() => text() === 'hello')
    heard[0]?.write(Buffer.from('stored'))
    await expect.poll(wire.answers).toBe('stored')
    stop.abort()
    await running
    await wire.close()
  })

  it('goes on after the far end broke off', async () => {
    const wire = await wireOf()
    const stop = new AbortController()
    const { open, until, text, closed } = recorder()
    const running = wire.link.run(open, stop.signal)
    await wire.say('before')
    await until(() => text() === 'before')
    await wire.breakOff()
    await until(() => closed.length > 0)
    await wire.say('after')
    await until(() => text() === 'beforeafter')
    stop.abort()
    await running
    await wire.close()
  })

  it('stops when told, with nothing heard', async () => {
    const wire = await wireOf()
    const stop = new AbortController()
    const running = wire.link.run(recorder().open, stop.signal)
    stop.abort()
    await expect(running).resolves.toBeUndefined()
    await wire.close()
  })
}
