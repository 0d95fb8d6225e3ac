/** How much an attacker found, and how much of it chance would have found. */

import { randomOf } from './prove.ts'

/** `group`: within it the truth is dealt anew. `clue`: what the attacker looks at; `names`: or what two of one kind would share. */
export type Item = { readonly group: string; readonly truth: number; readonly label: string; readonly clue: number; readonly names: readonly string[] }
export type Verdict = { readonly name: string; readonly found: number; readonly chance: number; readonly deviations: number }

const DEALS = 200
/** In which nothing can differ. */
const SD_MIN = 1e-3
const NAMESAKES_MAX = 200
/** A guess is one word: the share of right ones has this spread, however evenly chance deals. */
const spreadOf = (share: number, guesses: number): number => Math.sqrt((share * (1 - share)) / Math.max(1, guesses))

export type RandomInt = (below: number) => number
export const randomInt = (seed: number): RandomInt => randomOf(seed * 17 + 3).int

/** Correlation of ranks within groups. */
export function byOrder(name: string, items: readonly Item[], random: RandomInt): Verdict {
  const groups = [...Map.groupBy(items, ({ group }) => group).values()].filter(({ length }) => length > 1)
  const [clues, truths] = [groups.map((group) => ranks(group.map(({ clue }) => clue))), groups.map((group) => ranks(group.map(({ truth }) => truth)))]
  const pairs = groups.reduce((sum, { length }) => sum + (length * length - 1) / 12 * length, 0)
  const found = (dealt: readonly (readonly number[])[]): number =>
    clues.reduce((sum, clue, group) => sum + clue.reduce((inner, rank, place) => inner + rank * (dealt[group]?.[place] ?? 0), 0), 0) / Math.max(1, pairs)
  return verdict(name, found(truths), 0, () => found(truths.map((truth) => dealtAnew(truth, random))))
}

/** How many have the label of the nearest one, or of one that shares a name; or, `unlike` it, a label drawn among the others. */
export function byNeighbour(name: string, items: readonly Item[], random: RandomInt, guess: 'like' | 'unlike' = 'like'): Verdict {
  const near = items.some(({ clue }) => Number.isNaN(clue)) ? namesakes(items, random) : items.map((_item, place) => nearest(items, place, random))
  const labels = items.map(({ label }) => label)
  const others = Math.max(1, new Set(labels).size - 1)
  const hit = (isSame: boolean): number => (guess === 'like' ? Number(isSame) : Number(!isSame) / others)
  const found = (of: readonly string[]): number => near.reduce<number>((sum, other, place) => sum + (other === null ? 0 : hit(of[place] === of[other])), 0) / Math.max(1, items.length)
  const places = [...Map.groupBy(items.keys(), (place) => items[place]?.group ?? '').values()]
  return verdict(name, found(labels), items.length, () => {
    const dealt = [...labels]
    for (const group of places) dealtAnew(group.map((place) => labels[place] ?? ''), random).forEach((label, index) => (dealt[group[index] ?? 0] = label))
    return found(dealt)
  })
}

function nearest(items: readonly Item[], place: number, random: RandomInt): number | null {
  const one = items[place]
  if (!one) return null
  let best: { readonly other: number; readonly apart: number } | null = null
  const begin = random(items.length)
  for (let step = 0; step < items.length; step++) {
    const other = (begin + step) % items.length
    const candidate = items[other]
    if (other === place || !candidate) continue
    const apart = Math.abs(candidate.clue - one.clue)
    if (best === null || apart < best.apart) best = { other, apart }
  }
  return best?.other ?? null
}

/** Who shares most names with each; anybody where nobody shares one. */
function namesakes(items: readonly Item[], random: RandomInt): readonly (number | null)[] {
  const byName = new Map<string, number[]>()
  items.forEach(({ names }, place) => names.forEach((name) => byName.set(name, [...(byName.get(name) ?? []), place].slice(-NAMESAKES_MAX))))
  return items.map(({ names }, place) => {
    const shared = new Map<number, number>()
    for (const other of names.flatMap((name) => byName.get(name) ?? [])) if (other !== place) shared.set(other, (shared.get(other) ?? 0) + 1)
    const [most] = [...shared].toSorted(([, a], [, b]) => b - a)
    return most?.[0] ?? (items.length < 2 ? null : (place + 1 + random(items.length - 1)) % items.length)
  })
}

function verdict(name: string, found: number, guesses: number, deal: () => number): Verdict {
  const dealt = Array.from({ length: DEALS }, deal)
  const chance = dealt.reduce((sum, one) => sum + one, 0) / DEALS
  const sd = Math.sqrt(dealt.reduce((sum, one) => sum + (one - chance) ** 2, 0) / DEALS)
  return { name, found, chance, deviations: (found - chance) / Math.max(SD_MIN, sd, guesses === 0 ? 0 : spreadOf(chance, guesses)) }
}

/** Centred; equal ones share theirs. */
function ranks(values: readonly number[]): readonly number[] {
  const middle = (values.length - 1) / 2
  return values.map((value) => values.filter((other) => other < value).length + (values.filter((other) => other === value).length - 1) / 2 - middle)
}

function dealtAnew<Of>(values: readonly Of[], random: RandomInt): readonly Of[] {
  const left = [...values]
  for (let place = left.length - 1; place > 0; place--) {
    const other = random(place + 1)
    const [one, two] = [left[place], left[other]]
    if (one === undefined || two === undefined) continue
    left[place] = two
    left[other] = one
  }
  return left
}
