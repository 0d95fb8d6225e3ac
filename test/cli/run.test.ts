/** A gateway that fails as it starts, as its supervisor sees it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const site = ({ password = '', port = 0 }: { readonly password?: string; readonly port?: number }): string => `
gateway: { id: gw, ward: Ward, data: ./data }
beds: [{ id: bed-1, label: '1' }]
links: [{ kind: mqtt-broker, id: in, host: 127.0.0.1, port: 0, driver: mqtt-json, users: [{ device: mon-1, password: ${password} }] }]
devices: [{ id: mon-1, driver: mqtt-json, bed: bed-1 }]
http: { host: 127.0.0.1, port: ${port} }
`

/** How it went, and what it said. Killed, had it stayed. */
async function run(text: string): Promise<readonly [code: unknown, said: string]> {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-run-'))
  try {
    writeFileSync(join(folder, 'site.yaml'), text)
    writeFileSync(join(folder, 'secret'), 'a password that is long enough', { mode: 0o600 })
    const gateway = spawn(process.execPath, [join(import.meta.dirname, '../../src/vigil.mjs'), 'run', '--config', join(folder, 'site.yaml')], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    gateway.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const tooLong = setTimeout(() => gateway.kill('SIGKILL'), 150_000)
    const [code] = await once(gateway, 'close')
    clearTimeout(tooLong)
    return [code, said]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

it('goes when it cannot start, whatever runs beside it by then: a process that stays is not started again', async () => {
  expect(await run(site({ password: '{ file: ./not-there }' }))).toEqual([1, expect.stringContaining('not-there')])
})

it('goes when its screens cannot be served, with all that went out of the ward by then', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  try {
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(await run(site({ password: '{ file: ./secret }', port }))).toEqual([1, expect.stringContaining('the nurse station cannot be served')])
  } finally {
    taken.close()
  }
})
