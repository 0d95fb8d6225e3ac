/** How a function is measured: rounds in turn with its peers, so that a noisy machine is noisy for all; medians. */

import { open } from 'node:fs/promises'
import { join } from 'node:path'

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** What the disk under `folder` can do, for the reader of the figures: 4 KiB written and fsynced, one after the other. */
export async function fsyncsPerSecond(folder: string): Promise<number> {
  const file = await open(join(folder, 'fsync-probe'), 'w')
  const start = performance.now()
  let count = 0
  for (; performance.now() - start < 1_000; count++) {
    await file.write(Buffer.alloc(4_096, count), 0, 4_096, 0)
    await file.sync()
  }
  await file.close()
  return (count * 1_000) / (performance.now() - start)
}

/** Calls a second of each function: a warm-up, then rounds of `roundMs` each, A B C A B C. */
export function ratesOf<Name extends string>(functions: Readonly<Record<Name, () => void>>, { rounds = 7, roundMs = 300 } = {}): Record<Name, number> {
  const names = Object.keys(functions) as Name[]
  const rates = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const run = functions[name]
      const start = performance.now()
      let calls = 0
      while (performance.now() - start < roundMs) for (let index = 0; index < 50; index++, calls++) run()
      if (round >= 0) rates.get(name)?.push((calls * 1_000) / (performance.now() - start))
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(rates.get(name) ?? [])])) as Record<Name, number>
}

/** The value below which the share `q` of them lies; 0 of none. */
export const quantile = (values: readonly number[], q: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? 0
