/** A disk that answers with errors: EIO to a sync, ENOSPC and EROFS to a write. strace puts them in the way of every thread but main. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { lacking, programPath } from '../parts.ts'
import { type DiskFault, faultTrial } from './fault-trial.ts'
import { ProveWard } from './gateway.ts'
import type { Prove } from './prove.ts'
import { rest } from './senders.ts'

const FAULTS = [
  { name: 'EIO at sync', inject: 'fsync,fdatasync:error=EIO' },
  { name: 'ENOSPC at write', inject: 'pwrite64:error=ENOSPC' },
  { name: 'EROFS at write', inject: 'pwrite64,ftruncate:error=EROFS' },
] as const

export const prove: Prove = async (setting) => {
  const why = lacking('strace', programPath('strace') !== undefined) ?? lacking('the right to attach strace to a process', mayAttach())
  if (why !== null) return { kind: 'skipped', why }
  const rounds = setting.quick ? 1 : 4
  await using ward = await ProveWard.open({ devices: { mllp: 4, mqtt: 2, serial: 1 }, alarmBeds: setting.quick ? 12 : 240 })
  const faults = Array.from({ length: rounds }, () => FAULTS.map(injected)).flat()
  const outcome = await faultTrial({ ward, faults, alertsPerFault: setting.quick ? 4 : 20, faultMs: setting.quick ? 500 : 3_000 }, setting)
  return { kind: 'judged', ...outcome, control: null }
}

const injected = ({ name, inject }: (typeof FAULTS)[number]): DiskFault => ({
  name,
  async begin(pid) {
    const threads = readdirSync(`/proc/${pid}/task`).filter((thread) => Number(thread) !== pid)
    const [calls = ''] = inject.split(':')
    const args = ['-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${inject}`, ...threads.flatMap((thread) => ['-p', thread])]
    const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    strace.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    while (said.split(' attached').length <= threads.length) {
      if (strace.exitCode !== null) throw new Error(`strace did not attach: ${said}`)
      await rest(5)
    }
    return async () => {
      strace.kill('SIGINT')
      if (strace.exitCode === null && strace.signalCode === null) await once(strace, 'exit')
    }
  },
})

function mayAttach(): boolean {
  const sleeper = spawn('sleep', ['5'], { stdio: 'ignore' })
  const { stderr } = spawnSync('timeout', ['-s', 'INT', '0.3', 'strace', '-o', '/dev/null', '-p', String(sleeper.pid)], { encoding: 'utf8' })
  sleeper.kill()
  return stderr.includes('attached')
}
