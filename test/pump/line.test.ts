import { describe, expect, it, vi } from 'vitest'
import mqttJson from '../../drivers/mqtt-json/driver.ts'
import { monoMs } from '../../src/domain/time.ts'
import { pumpLimits } from '../../src/limits.ts'
import { openSession } from '../../src/pump/line.ts'
import type { Driver, Frame, Outcome } from '../../src/seams.ts'

/** A line over a real driver; frames are settled by hand. */
function line(transport: Driver['transport'] = mqttJson.transport, takes = (): void => undefined) {
  let reads = 0
  const frames: { readonly frame: Frame; readonly settled: (outcome: Outcome) => void }[] = []
  const opened = openSession({
    driver: { ...mqttJson, transport },
    settings: {},
    peer: { address: 'mqtt:mon-1', device: null },
    write: () => undefined,
    mono: () => monoMs(0),
    timerMsUntil: () => 0,
    frame(frame, settled) {
      takes()
      frames.push({ frame, settled })
    },
    status: () => undefined,
    reading: () => undefined,
    wasRead: () => void reads++,
    isHeld: () => false,
    faulted: () => undefined,
  })
  const outcomes: string[] = []
  const publish = (payload: string): number => opened.receive(new TextEncoder().encode(payload), (outcome) => void outcomes.push(outcome.kind))
  return { frames, outcomes, publish, opened, reads: () => reads }
}

const WHOLE = '{"id":"2","at":"2026-01-15T02:00:00Z","readings":[{"mdc":147842,"value":80,"unit":"/min"}]}'

describe('a message of a transport that keeps borders', () => {
  it('that was cut off is not answered as stored, and does not swallow the next', () => {
    const { frames, outcomes, publish } = line()
    publish(WHOLE.slice(0, 40))
    expect(frames.map(({ frame }) => frame.kind)).toEqual(['bad'])
    expect(outcomes).toEqual([])
    frames[0]?.settled({ kind: 'rejected', why: 'cut off' })
    expect(outcomes).toEqual(['rejected'])
    publish(WHOLE)
    expect(frames.map(({ frame }) => (frame.kind === 'good' ? frame.readings.length : frame.kind))).toEqual(['bad', 1])
  })

  it.each(['no braces at all', '   ', 'k"id":"1"'])('of which nothing was read (%j) is kept, and not answered as stored', (payload) => {
    const { frames, outcomes, publish } = line()
    publish(payload)
    expect(frames.map(({ frame }) => (frame.kind === 'bad' ? new TextDecoder().decode(frame.bytes) : frame.kind))).toEqual([payload])
    frames[0]?.settled({ kind: 'rejected', why: 'no message in it' })
    expect(outcomes).toEqual(['rejected'])
  })

  it('that is empty has nothing to keep', () => {
    const { frames, outcomes, publish } = line()
    publish('')
    expect([frames, outcomes]).toEqual([[], ['stored']])
  })

  it('with two documents is acknowledged when the worse of them is settled', () => {
    const { frames, outcomes, publish } = line()
    publish(`${WHOLE}${WHOLE.replace('"2"', '"3"')}`)
    frames[0]?.settled({ kind: 'retry', why: 'disk full' })
    expect(outcomes).toEqual([])
    frames[1]?.settled({ kind: 'stored' })
    expect(outcomes).toEqual(['retry'])
  })
})

it('a conversation was read well when a frame of it was read whole: its first half proves nothing', () => {
  const { opened, reads } = line('tcp')
  opened.receive(new TextEncoder().encode(WHOLE.slice(0, 40)))
  expect(reads()).toBe(0)
  opened.receive(new TextEncoder().encode(WHOLE.slice(40)))
  expect(reads()).toBe(1)
})

it('a frame that the ward itself dies of was not read well: of the second death its conversation is suspected', () => {
  const bug = (): never => {
    throw new Error('a bug behind the driver')
  }
  const { opened, reads } = line('tcp', bug)
  expect(() => opened.receive(new TextEncoder().encode(WHOLE))).toThrow('a bug behind the driver')
  expect(reads()).toBe(0)
})

describe('a dialogue', () => {
  /** Greets when it is woken; a word is a frame that says nothing, and `dead` ends the conversation. */
  const dialogue: Driver = {
    ...mqttJson,
    transport: 'udp',
    openCapture: () => dialogue.open({}),
    open: () => ({
      receive: (bytes) => {
        const isDead = new TextDecoder().decode(bytes) === 'dead'
        if (new TextDecoder().decode(bytes) === 'bug') throw new Error('a bug')
        return { frames: [{ kind: 'skipped', offset: 0, length: bytes.length, why: 'a handshake' }], send: [], wakeAt: null, ...(isDead ? { close: 'no echo' } : {}) }
      },
      wake: () => ({ frames: [], send: [new TextEncoder().encode('hello')], wakeAt: null }),
      end: () => ({ frames: [], send: [], wakeAt: null }),
    }),
  }
  function talk(isHeld: () => boolean = () => false) {
    const heard: string[] = []
    const opened = openSession({
      driver: dialogue,
      settings: {},
      peer: { address: '10.0.0.5:24105', device: null },
      write: (bytes) => void heard.push(new TextDecoder().decode(bytes)),
      hangUp: (why) => void heard.push(`hung up: ${why}`),
      mono: () => monoMs(0),
      timerMsUntil: (at) => at,
      frame: (frame) => void heard.push(frame.kind),
      status: () => undefined,
      reading: () => undefined,
      wasRead: () => undefined,
      isHeld,
      faulted: () => undefined,
    })
    return { heard, say: (text: string) => opened.receive(new TextEncoder().encode(text)), opened }
  }

  it('is full of messages that say nothing, and none of them is kept', () => {
    const { heard, say } = talk()
    say('handshake')
    expect(heard).toEqual(['hello', 'skipped'])
  })

  it('that its session calls dead is hung up after what it said, and once it is closed never', () => {
    const { heard, say, opened } = talk()
    say('dead')
    expect(heard).toEqual(['hello', 'skipped', 'hung up: no echo'])
    opened.close('gone')
    say('dead')
    expect(heard.filter((text) => text.startsWith('hung up'))).toHaveLength(1)
  })

  it('whose driver failed is begun anew: the other end would go on with what nobody remembers', () => {
    const { heard, say } = talk()
    say('bug')
    expect(heard).toEqual(['hello', 'bad', 'hung up: driver mqtt-json failed on these bytes'])
  })

  it('that is not read for now greets when it is read again, for the other end may speak only when asked', () => {
    vi.useFakeTimers()
    try {
      let isHeld = true
      const { heard, opened } = talk(() => isHeld)
      vi.advanceTimersByTime(60_000)
      expect(heard).toEqual([])
      isHeld = false
      vi.advanceTimersByTime(pumpLimits.throwHoldMs)
      expect(heard).toEqual(['hello'])
      opened.close('gone')
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('whose driver failed greets again where the link cannot hang up', () => {
    vi.useFakeTimers()
    try {
      const { heard, say } = talk()
      say('bug')
      vi.advanceTimersByTime(pumpLimits.throwHoldMs)
      expect(heard.at(-1)).toBe('hello')
    } finally {
      vi.useRealTimers()
    }
  })
})
