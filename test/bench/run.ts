/**
 * `npm run bench [-- name …] [--seconds n] [--gb n]`: each bench measures ours and its peers in one run, in turn, and prints
 * ratios. Last line of each: JSON.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'

export type BenchSetting = {
  /** How long a bench that watches a ward does so. */
  readonly seconds: number | null
  /** How much history a bench that needs some makes. */
  readonly gb: number | null
}

export type BenchResult = {
  readonly bench: string
  /** Ours divided by the peer's, in the direction in which more is better for us unless the name says otherwise. */
  readonly ratios: Readonly<Record<string, number>>
  readonly absolute: Readonly<Record<string, number>>
}

export type Bench = (setting: BenchSetting) => Promise<BenchResult>

const BENCHES: Readonly<Record<string, () => Promise<{ readonly bench: Bench }>>> = {
  hl7: () => import('./hl7.ts'),
  mllp: () => import('./mllp.ts'),
  'mllp-single': () => import('./mllp-single.ts'),
  mqtt: () => import('./mqtt.ts'),
  store: () => import('./store.ts'),
  rules: () => import('./rules.ts'),
  ward: () => import('./ward.ts'),
  startup: () => import('./startup.ts'),
  flash: () => import('./flash.ts'),
  memory: () => import('./memory.ts'),
  drivers: () => import('./drivers.ts'),
  wire: () => import('./wire.ts'),
  drain: () => import('./drain.ts'),
  fleet: () => import('./fleet.ts'),
}

const { values, positionals: wanted } = parseArgs({ allowPositionals: true, options: { seconds: { type: 'string' }, gb: { type: 'string' } } })
const wrongUse = (why: string): never => {
  process.stderr.write(`${why}\n`)
  process.exit(2)
}
const unknown = wanted.filter((name) => !Object.hasOwn(BENCHES, name))
if (unknown.length > 0) wrongUse(`no bench "${unknown.join('", "')}". There are: ${Object.keys(BENCHES).join(', ')}.`)
const setting: BenchSetting = { seconds: positive('seconds', values.seconds), gb: positive('gb', values.gb) }

for (const [name, load] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const { bench } = await load()
  const result = await bench(setting)
  for (const [what, value] of [...Object.entries(result.absolute), ...Object.entries(result.ratios).map(([peer, ratio]) => [`ratio to ${peer}`, ratio] as const)]) {
    process.stderr.write(`${name.padEnd(11)} ${what.padEnd(44)} ${rounded(value)}\n`)
  }
  process.stdout.write(`${JSON.stringify({ ...result, ratios: mapped(result.ratios), absolute: mapped(result.absolute) })}\n`)
  await delay(200)
}

function positive(name: string, text: string | undefined): number | null {
  if (text === undefined) return null
  const value = Number(text)
  return value > 0 ? value : wrongUse(`--${name} takes a number above 0, not ${text}`)
}

function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

function mapped(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Number(value.toPrecision(4))]))
}
