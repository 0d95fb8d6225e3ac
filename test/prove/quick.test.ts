import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { PROVES } from './proves.ts'

const RUN = new URL('./run.ts', import.meta.url).pathname
const SKIPPED = 3

it.each(Object.keys(PROVES))('npm run prove -- %s --quick passes', async (name) => {
  const child = spawn(process.execPath, [RUN, name, '--quick'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const [code]: unknown[] = await once(child, 'close')
  if (code === SKIPPED) return void process.stderr.write(said)
  expect(code, said).toBe(0)
})
