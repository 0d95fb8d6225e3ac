/** Every prove, by the name that `npm run prove -- <name>` takes. */

import type { Prove } from './prove.ts'

export const PROVES: Readonly<Record<string, () => Promise<{ readonly prove: Prove }>>> = {
  'fsync-order': () => import('./fsync-order.ts'),
  'power-cut': () => import('./power-cut.ts'),
  kill: () => import('./kill.ts'),
  'disk-full': () => import('./disk-full.ts'),
  'io-error': () => import('./io-error.ts'),
  'slow-disk': () => import('./slow-disk.ts'),
  torture: () => import('./torture.ts'),
  fuzz: () => import('./fuzz.ts'),
  'fuzz-drivers': () => import('./fuzz-drivers.ts'),
  slowloris: () => import('./slowloris.ts'),
  'mqtt-hostile': () => import('./mqtt-hostile.ts'),
  paho: () => import('./paho.ts'),
  serial: () => import('./serial.ts'),
  soak: () => import('./soak.ts'),
  poison: () => import('./poison.ts'),
  restore: () => import('./restore.ts'),
  'bit-rot': () => import('./bit-rot.ts'),
  'exactly-once': () => import('./exactly-once.ts'),
  interop: () => import('./interop.ts'),
  clock: () => import('./clock.ts'),
  'gap-ledger': () => import('./gap-ledger.ts'),
  'not-receiving': () => import('./not-receiving.ts'),
  alerts: () => import('./alerts.ts'),
  canary: () => import('./canary.ts'),
  attacker: () => import('./attacker.ts'),
}
