import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT, asDeployed } from './bench/gateway-process.ts'

it('the service and the container start Node with the same flags, and this Node takes them', () => {
  const { flags } = asDeployed()
  const [, entry = ''] = /^ENTRYPOINT \["node", (.*)"src\/vigil\.mjs"/m.exec(readFileSync(join(ROOT, 'deploy', 'Containerfile'), 'utf8')) ?? []
  expect(entry.match(/--[^"]+/g)).toEqual(flags)
  expect(flags.length).toBeGreaterThan(0)
  expect(spawnSync(process.execPath, [...flags, '-e', '']).status).toBe(0)
})
