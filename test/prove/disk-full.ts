/** A disk that is full, and has room again: nothing acknowledged is missing, refusals come at once, alerts go on. */

import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { lacking } from '../parts.ts'
import { type DiskFault, faultTrial } from './fault-trial.ts'
import { ProveWard, proveFolder } from './gateway.ts'
import type { Prove } from './prove.ts'

const DISK = '24m'

export const prove: Prove = async (setting) => {
  const folder = proveFolder()
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  const why = lacking('the right to mount a small disk', mounts(disk))
  if (why !== null) return { kind: 'skipped', why }
  try {
    await using ward = await ProveWard.open({ devices: { mllp: 4, mqtt: 2, serial: 1 }, alarmBeds: setting.quick ? 10 : 200, data: join(disk, 'data') })
    const full: DiskFault = {
      name: 'disk full',
      async begin() {
        fill(join(disk, 'filler'))
        return async () => rmSync(join(disk, 'filler'))
      },
    }
    const faults = setting.quick ? [full] : [full, full, full, full]
    const outcome = await faultTrial({ ward, faults, alertsPerFault: setting.quick ? 10 : 50, faultMs: setting.quick ? 1_000 : 5_000 }, setting)
    return { kind: 'judged', ...outcome, control: null }
  } finally {
    execFileSync('umount', ['-l', disk])
    rmSync(folder, { recursive: true, force: true })
  }
}

function mounts(disk: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=700`, 'tmpfs', disk], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Until not one byte more fits. */
function fill(file: string): void {
  const descriptor = openSync(file, 'w')
  for (const bytes of [1_048_576, 4_096, 1]) {
    try {
      for (;;) if (writeSync(descriptor, new Uint8Array(bytes)) < bytes) break
    } catch {
      // Full, at this size.
    }
  }
  closeSync(descriptor)
}
