/**
 * Blood-gas and other analysers that speak ASTM: E1381 (CLSI LIS01) frames and E1394 (CLSI LIS02) records, over TCP or a
 * serial line. The analyser bids for the line and sends; we answer each frame.
 */

import {
  type Driver, type DriverSettings, type Frame, type MonoMs, type Session, type SessionOutput, ZONE_SETTING, driverLimits, monoMs, zoneSetting,
} from '#driver'
import { AstmReader } from './reader.ts'

const driver: Driver = {
  id: 'astm',
  title: 'Blood-gas analysers over ASTM (E1381 and E1394, LIS01 and LIS02)',
  transport: 'tcp',
  integrity: 'checksum',
  settings: [ZONE_SETTING],
  open: (settings) => openDialogue(settings),
  openCapture: (settings) => openCapture(settings),
}
export default driver

function openCapture(settings: DriverSettings): Session {
  const reader = new AstmReader(zoneSetting(settings), null)
  const output = (frames: readonly Frame[]): SessionOutput => ({ frames, send: [], wakeAt: null })
  return { receive: (bytes) => output(reader.push(bytes)), wake: () => output([]), end: () => output(reader.end()), atRest: () => reader.isAtRest }
}

function openDialogue(settings: DriverSettings): Session {
  let send: Uint8Array[] = []
  const reader = new AstmReader(zoneSetting(settings), (bytes) => send.push(bytes))
  let expiresAt: MonoMs | null = null

  function output(frames: readonly Frame[]): SessionOutput {
    const answers = send
    send = []
    return { frames, send: answers, wakeAt: expiresAt }
  }

  return {
    receive(bytes, now) {
      const frames = reader.push(bytes)
      expiresAt = reader.isReceiving ? monoMs(now + driverLimits.astmSilenceMs) : null
      return output(frames)
    },
    wake(now) {
      if (expiresAt === null || now < expiresAt) return output([])
      expiresAt = null
      return output(reader.expire())
    },
    end() {
      const frames = reader.end()
      expiresAt = null
      send = []
      return output(frames)
    },
    atRest: () => reader.isAtRest,
  }
}
