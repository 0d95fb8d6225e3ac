/** A gateway that fails as it starts, as its supervisor sees it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const SITE = `
gateway: { id: gw, ward: Ward, data: ./data }
beds: [{ id: bed-1, label: '1' }]
links: [{ kind: mqtt-broker, id: in, host: 127.0.0.1, port: 0, driver: mqtt-json, users: [{ device: mon-1, password: { file: ./not-there } }] }]
devices: [{ id: mon-1, driver: mqtt-json, bed: bed-1 }]
http: { host: 127.0.0.1, port: 0 }
`

it('goes when it cannot start, whatever runs beside it by then: a process that stays is not started again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-run-'))
  try {
    writeFileSync(join(folder, 'site.yaml'), SITE)
    const gateway = spawn(process.execPath, [join(import.meta.dirname, '../../src/vigil.mjs'), 'run', '--config', join(folder, 'site.yaml')], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    gateway.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const tooLong = setTimeout(() => gateway.kill('SIGKILL'), 25_000)
    const [code] = await once(gateway, 'close')
    clearTimeout(tooLong)
    expect([code, said]).toEqual([1, expect.stringContaining('not-there')])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 40_000)
