/** `npm run bench [-- name …]`: each bench measures ours and its peers in one run, in turn, and prints ratios. Last line: JSON. */

import { setTimeout as delay } from 'node:timers/promises'

export type BenchResult = {
  readonly bench: string
  /** Ours divided by the peer's, in the direction in which more is better for us unless the name says otherwise. */
  readonly ratios: Readonly<Record<string, number>>
  readonly absolute: Readonly<Record<string, number>>
}

export type Bench = () => Promise<BenchResult>

const BENCHES: Readonly<Record<string, () => Promise<{ readonly bench: Bench }>>> = {
  hl7: () => import('./hl7.ts'),
  mllp: () => import('./mllp.ts'),
  startup: () => import('./startup.ts'),
  memory: () => import('./memory.ts'),
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(BENCHES, name))
if (unknown.length > 0) {
  process.stderr.write(`no bench "${unknown.join('", "')}". There are: ${Object.keys(BENCHES).join(', ')}.\n`)
  process.exit(2)
}

for (const [name, load] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const { bench } = await load()
  const result = await bench()
  for (const [what, value] of [...Object.entries(result.absolute), ...Object.entries(result.ratios).map(([peer, ratio]) => [`ratio to ${peer}`, ratio] as const)]) {
    process.stderr.write(`${name.padEnd(10)} ${what.padEnd(44)} ${rounded(value)}\n`)
  }
  process.stdout.write(`${JSON.stringify({ ...result, ratios: mapped(result.ratios), absolute: mapped(result.absolute) })}\n`)
  await delay(200)
}

function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

function mapped(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Number(value.toPrecision(4))]))
}
