/** A serial port that is pulled and put back, on real pseudo-terminals. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, expect, it, vi } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import { serialLink } from '../../src/links/serial.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { hasPty, openPty } from '../../simulators/pty.ts'

const PATIENCE_MS = 60_000
const folder = mkdtempSync(join(tmpdir(), 'vigil-serial-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// A terminal that hung up is sometimes closed, and sometimes its reads end at once with nothing, for ever: then nobody says so.
it.skipIf(!hasPty())('is read again each time that it is pulled and put back', { timeout: 6 * PATIENCE_MS }, async () => {
  const path = join(folder, 'port')
  const heard: string[] = []
  const stop = new AbortController()
  const link = serialLink({ id: 'port', path, baudRate: 9_600, dataBits: 8, parity: 'none', stopBits: 1, device: deviceId('d'), clock: realClock(REAL_TIME), log: pino({ level: 'silent' }) })
  const running = link.run(() => ({
    receive: (bytes) => heard.push(Buffer.from(bytes).toString()),
    status: () => undefined,
    close: () => undefined,
  }), stop.signal)
  for (let time = 0; time < 5; time++) {
    const pty = await openPty(path)
    if (!pty) throw new Error('no pseudo-terminal')
    await vi.waitFor(() => {
      // What was there before the port was opened is thrown away: said until it is heard.
      pty.write(Buffer.from(`<${time}>`))
      expect(heard.join('')).toContain(`<${time}>`)
    }, { timeout: PATIENCE_MS, interval: 50 })
    await pty.close()
  }
  stop.abort()
  await running
})

it.skipIf(!hasPty())('that takes nothing of what is sent to it is opened anew, and what is sent meanwhile does not pile up', { timeout: 2 * PATIENCE_MS }, async () => {
  const far = spawn('script', ['-qfc', 'stty raw -echo; tty; exec sleep 60', '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, SHELL: '/bin/sh' } })
  const [named]: Buffer[] = await once(far.stdout, 'data')
  // Nobody reads there any more: the pipe fills, and then the terminal.
  far.stdout.pause()
  const ends: string[] = []
  const stop = new AbortController()
  // Ten times as fast as real time.
  const link = serialLink({
    id: 'port', path: String(named).trim(), baudRate: 9_600, dataBits: 8, parity: 'none', stopBits: 1, device: deviceId('d'), clock: realClock({ originMs: 0, speed: 10 }), log: pino({ level: 'silent' }),
  })
  const running = link.run((_peer, write) => {
    for (let piece = 0; piece < 16; piece++) write(new Uint8Array(65_536))
    return { receive: () => 0, status: () => undefined, close: (why) => void ends.push(why) }
  }, stop.signal)
  await vi.waitFor(() => expect(ends.length).toBeGreaterThan(1), { timeout: PATIENCE_MS, interval: 50 })
  expect(new Set(ends)).toEqual(new Set(['the port does not take what is sent to it']))
  stop.abort()
  far.kill('SIGKILL')
  await running
})
