/** The proves in `npm test`, in their quick form; two files run them side by side. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { PROVES } from './proves.ts'

const RUN = new URL('./run.ts', import.meta.url).pathname
const SKIPPED = 3
/** Of the disk; all others are of the wire. */
const DISK: readonly string[] = ['fsync-order', 'power-cut', 'kill', 'disk-full', 'io-error', 'slow-disk', 'restore', 'bit-rot']

export function quickProves(of: 'disk' | 'wire'): void {
  it.each(Object.keys(PROVES).filter((name) => DISK.includes(name) === (of === 'disk')))('npm run prove -- %s --quick passes', async (name) => {
    const first = await run(name)
    if (first.code === SKIPPED) return void process.stderr.write(first.said)
    if (first.code === 0) return
    // A few seconds beside other tests, on a machine that may get no processor for as long: what is broken is broken twice.
    process.stderr.write(`${name} failed, and is tried once more:\n${first.said}`)
    const { code, said } = await run(name)
    expect(code, said).toBe(0)
  })
}

async function run(name: string): Promise<{ readonly code: unknown; readonly said: string }> {
  const child = spawn(process.execPath, [RUN, name, '--quick'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const [code]: unknown[] = await once(child, 'close')
  return { code, said }
}
