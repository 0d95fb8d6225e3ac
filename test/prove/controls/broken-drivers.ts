/** Drivers with one promise taken away each, for `prove fuzz-drivers`: a real one, and something between it and the wire. */

import type { Driver, DriverSettings, Session, SessionOutput } from '../../../src/seams.ts'

/** `found`: what the trial has to say of it, within so many `frames`. */
export type Breaking = {
  readonly name: string
  readonly of: string
  readonly found: RegExp
  readonly frames: number
  readonly broken: (driver: Driver) => Driver
}

type Between = {
  readonly bytes?: (bytes: Uint8Array) => Uint8Array
  readonly said?: (output: SessionOutput, bytes: Uint8Array) => SessionOutput
}

/** The first one ends it. */
const FRAMES = 50_000

const ZERO = { kind: 'measured', value: 0 } as const

function wrappedDriver(driver: Driver, wrapped: (session: Session) => Session): Driver {
  const open = (settings: DriverSettings): Session => wrapped(driver.openCapture?.(settings) ?? driver.open(settings))
  return { ...driver, open, openCapture: open }
}

/** A fresh `around` for each session. */
function between(driver: Driver, around: () => Between): Driver {
  const wrapped = (session: Session): Session => {
    const { bytes: changed = (bytes) => bytes, said = (output) => output } = around()
    return { receive: (bytes, now) => said(session.receive(changed(bytes), now), bytes), wake: (now) => session.wake(now), end: (now) => session.end(now) }
  }
  return wrappedDriver(driver, wrapped)
}

export const BREAKINGS: readonly Breaking[] = [
  { name: 'a checksum that nobody looks at', of: 'astm', found: /what nobody sent is read/, frames: FRAMES, broken: withoutChecksum },
  {
    name: 'a value that no metric can be',
    of: 'nonin',
    found: / is 0 /,
    frames: FRAMES,
    broken: (driver) => between(driver, () => ({
      said: (output) => ({
        ...output,
        frames: output.frames.map((frame) => (frame.kind === 'good'
          ? { ...frame, readings: frame.readings.map((reading) => (reading.measurement.kind === 'absent' ? { ...reading, measurement: ZERO } : reading)) }
          : frame)),
      }),
    })),
  },
  {
    name: 'an exception for one byte',
    of: 'masimo-ascii',
    found: /threw .*no such letter/,
    frames: FRAMES,
    broken: (driver) => between(driver, () => ({
      bytes(bytes) {
        if (bytes.includes(0xc3)) throw new Error('no such letter')
        return bytes
      },
    })),
  },
  {
    name: 'frames that hang on how the bytes were cut',
    of: 'nellcor-ascii',
    found: /when the same bytes are cut otherwise/,
    frames: FRAMES,
    broken: (driver) => between(driver, () => ({ said: (output, bytes) => (bytes.length % 7 === 3 ? { ...output, frames: [] } : output) })),
  },
  {
    name: 'a session that keeps all it hears',
    of: 'ivy-450c',
    found: /MB more after/,
    // Memory is looked at when it is over.
    frames: 600,
    broken: (driver) => between(driver, () => {
      const heard: Uint8Array[] = []
      return {
        bytes(bytes) {
          heard.push(new Uint8Array(16_384))
          return bytes
        },
      }
    }),
  },
]

/** Each line is made right as soon as it is there, and read then. */
function withoutChecksum(driver: Driver): Driver {
  const wrapped = (session: Session): Session => {
    let held: Uint8Array = new Uint8Array(0)
    return {
      receive(bytes, now) {
        const all = Uint8Array.from([...held, ...bytes])
        const end = all.lastIndexOf(LF) + 1
        held = all.slice(end)
        return session.receive(withRightSums(all.slice(0, end)), now)
      },
      wake: (now) => session.wake(now),
      end(now) {
        const last = session.receive(held, now)
        held = new Uint8Array(0)
        const ended = session.end(now)
        return { ...ended, frames: [...last.frames, ...ended.frames] }
      },
    }
  }
  return wrappedDriver(driver, wrapped)
}

const LF = 0x0a
const [STX, ETX, ETB] = [0x02, 0x03, 0x17] as const

/** ASTM E1381: what lies between STX and ETX or ETB, added up, as two hexadecimal digits: made right, whatever came. */
function withRightSums(bytes: Uint8Array): Uint8Array {
  const right = bytes.slice()
  for (let start = right.indexOf(STX); start >= 0; start = right.indexOf(STX, start + 1)) {
    const end = right.findIndex((byte, at) => at > start && (byte === ETX || byte === ETB))
    if (end < 0 || end + 2 >= right.length) continue
    const sum = right.subarray(start + 1, end + 1).reduce((total, byte) => total + byte, 0) % 256
    right.set(new TextEncoder().encode(sum.toString(16).toUpperCase().padStart(2, '0')), end + 1)
  }
  return right
}
