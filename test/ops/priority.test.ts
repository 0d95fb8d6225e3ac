import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'

/** Nice value of one thread (proc(5), /proc/[pid]/stat, field 19). */
const niceOf = (path: string): number => Number(readFileSync(`${path}/stat`, 'utf8').split(') ')[1]?.split(' ')[16])

it.skipIf(!existsSync('/proc/thread-self'))('a thread that goes behind the others goes alone: its process stays where it is', async () => {
  const before = niceOf('/proc/thread-self')
  const worker = new Worker(
    `import('node:worker_threads').then(async ({ parentPort, workerData }) => {
      const { goBehind } = await import(workerData)
      const { readFileSync } = await import('node:fs')
      const went = goBehind()
      parentPort.postMessage({ went, nice: Number(readFileSync('/proc/thread-self/stat', 'utf8').split(') ')[1].split(' ')[16]) })
    })`,
    { eval: true, workerData: new URL('../../src/ops/priority.ts', import.meta.url).href },
  )
  const said = await new Promise((resolve) => worker.once('message', resolve))
  await worker.terminate()
  expect(said).toEqual({ went: true, nice: Math.max(10, before) })
  expect(niceOf('/proc/thread-self')).toBe(before)
  expect(readlinkSync('/proc/thread-self')).toContain(`${process.pid}/task/`)
})
