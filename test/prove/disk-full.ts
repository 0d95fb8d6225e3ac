/** A disk that is full, while the gateway runs and when it starts, and has room again: nothing acknowledged is missing, refusals come at once, alerts go on. */

import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { lacking } from '../parts.ts'
import { type DiskFault, faultTrial } from './fault-trial.ts'
import { fullStartTrial } from './full-start.ts'
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
        const makeRoom = fill(join(disk, 'filler'))
        return async () => makeRoom()
      },
    }
    const faults = setting.quick ? [full] : [full, full, full, full]
    const outcome = await faultTrial({ ward, faults, alertsPerFault: setting.quick ? 10 : 50, faultMs: setting.quick ? 1_000 : 5_000 }, setting)
    await using anew = await ProveWard.open({ devices: { mllp: 2, mqtt: 1 }, alarmBeds: setting.quick ? 5 : 50, data: join(disk, 'anew') })
    const started = await fullStartTrial({ ward: anew, alerts: setting.quick ? 5 : 50, fill: () => fill(join(disk, 'filler')) }, setting)
    return { kind: 'judged', pass: outcome.pass && started.pass, figures: { ...outcome.figures, ...started.figures }, control: null }
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

/** Until not one byte more fits. Call what it returns to make room. */
function fill(file: string): () => void {
  const descriptor = openSync(file, 'w')
  for (const bytes of [1_048_576, 4_096, 1]) {
    try {
      for (;;) if (writeSync(descriptor, new Uint8Array(bytes)) < bytes) break
    } catch {
      // Full, at this size.
    }
  }
  closeSync(descriptor)
  return () => rmSync(file)
}
