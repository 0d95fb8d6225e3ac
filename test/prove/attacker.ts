/**
 * Who has central's tables, the metadata and the arrival of each call of the `release` lane cannot tell when somebody came, in which ward, or at
 * which monitor. Each attacker looks at one thing for each stay. What it finds is held against what it would find if the truth were dealt anew
 * among those that it cannot tell apart by design (a permutation test): it counts as a leak from 4.5 standard deviations on, which chance
 * brings about in one of 150,000 tries. All attackers together make that one in thousands.
 *
 * - Order of days: rank correlation with the day of discharge, among stays of one release. (The length of a stay is told, so coming and going are one secret.)
 * - The day: "it came so long before its release arrived" is right as often as the random delay permits, one day of its six, and no more.
 *   Arrival tells a day by itself within that delay: that is what the delay is there for, and the figure says how well.
 * - Ward: nearest neighbour among the releases of all wards, one that shares a name, or any ward but that of the nearest in time; dealt anew
 *   among releases. A ward gathers stays for days, so two releases within hours are of two wards: where central has but two, they take turns.
 * - Monitor: the same for stays; dealt anew among the stays of a release.
 *
 * Day and night show in a heart rate: at which hour somebody came can be guessed from a long stay, and is told here as a figure. Wards here
 * have monitors of one make: what was measured is what is sent, so a make that measures what no other does is known by it. The
 * network address of the caller is not part of the tables. The control is the `live` lane, which names all three.
 */

import { rmSync } from 'node:fs'
import { type Item, type Verdict, byNeighbour, byOrder, randomInt } from './attacker-statistics.ts'
import { DELAY_HOURS, type Seen, seenBy } from './attacker-ward.ts'
import { type Stay, staysIn } from './attacker-view.ts'
import { proveFolder } from './gateway.ts'
import type { Prove } from './prove.ts'

/** Standard deviations of what chance brings about. */
const LEAK_SD = 4.5
const DAY_MS = 86_400_000

/** More or less for those who came later, if it tells anything. */
const CLUES: Readonly<Record<string, (stay: Stay) => number>> = {
  'order of arrival': ({ calls }) => mean(calls), 'first call': ({ calls }) => Math.min(...calls), 'place among the events': ({ places }) => mean(places),
  'subject as a number': ({ subject }) => hex(subject), 'monitor as a number': ({ streams }) => mean(streams.map(hex)), 'keys as numbers': ({ keys }) => mean(keys.map(hex)),
  'least key': ({ keys }) => Math.min(...keys.map(hex)), 'alerts as numbers': ({ alerts }) => mean(alerts.map(hex)), 'times shown': ({ times }) => Math.min(...times),
  'seconds shown': ({ times }) => (times[0] ?? 0) % 60_000, 'size of its calls': ({ sizes }) => mean(sizes), 'events': ({ places }) => places.length, 'hour by day and night': ({ hour }) => hour,
}
/** Near each other for one ward or monitor, if they tell anything. */
const MARKS: Readonly<Record<string, (stay: Stay) => number>> = {
  'hour of arrival': ({ arrived }) => (Math.min(...arrived) / 3_600_000) % 24, 'second of arrival': ({ arrived }) => (Math.min(...arrived) / 1_000) % 60, 'arrival': ({ arrived }) => Math.min(...arrived),
  'stays of the release': ({ together }) => together, 'size of its calls': ({ sizes }) => mean(sizes), 'seconds shown': ({ times }) => (times[0] ?? 0) % 60_000,
  'minutes between values': ({ times }) => ((times[1] ?? 0) - (times[0] ?? 0)) / 60_000, 'subject as a number': ({ subject }) => hex(subject), 'monitor as a number': ({ streams }) => mean(streams.map(hex)),
}
/** The same for two of one ward or monitor, if they tell anything. */
const NAMES: Readonly<Record<string, (stay: Stay) => readonly string[]>> = {
  'names of monitors': ({ streams }) => streams, 'names of gateway, organisation and release': ({ envelope }) => envelope, 'any name of 32 digits': ({ keys, streams, alerts, subject, envelope }) => [...keys, ...streams, ...alerts, subject, ...envelope],
}

export const prove: Prove = async ({ quick, seed, say }) => {
  const folders: string[] = []
  const folderOf = (): string => {
    const folder = proveFolder()
    folders.push(folder)
    return folder
  }
  try {
    const size = quick ? { wards: 5, beds: 3, days: 30 } : { wards: 8, beds: 4, days: 240 }
    const real = judged(await seenBy({ ...size, seed, folderOf, lane: 'release' }), { seed, isLive: false })
    say(`release: ${real.stays} of ${real.known} stays in ${real.releases} releases; the most that anybody found: ${real.text}`)
    const control = judged(await seenBy({ ...size, days: Math.min(size.days, 20), seed, folderOf, lane: 'live' }), { seed, isLive: true })
    say(`live: ${control.stays} stays; ${control.text}`)
    for (const { name, found, chance, deviations } of real.leaks) say(`LEAK ${name}: ${found.toFixed(3)} against ${chance.toFixed(3)} by chance, ${deviations.toFixed(1)} sd`)
    const isDayHidden = real.dayHits <= real.dayChance
    return {
      kind: 'judged',
      pass: real.leaks.length === 0 && isDayHidden && real.stays > size.wards * size.beds * 8 && real.stays === real.known,
      figures: {
        'stays, releases': `${real.stays}, ${real.releases}`, 'attackers': real.verdicts.length, 'the most that one found': real.text,
        'day of admission by arrival: right, at most by design': `${percent(real.dayHits)}, ${percent(real.dayChance)}`, 'hour of admission by day and night, within two hours: right, by chance': `${percent(real.hourHits)}, ${percent(4 / 24)}`,
        'control: live lane': `day right ${percent(control.dayHits)}; leaks: ${control.leaks.map(({ name }) => name).join(', ')}`,
      },
      // Each of the three secrets must be seen to be one.
      control: { ran: true, failed: control.dayHits > 0.9 && ['days', 'ward', 'monitor'].every((secret) => control.leaks.some(({ name }) => name.startsWith(secret))) },
    }
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
}

type Judged = {
  readonly stays: number; readonly known: number; readonly releases: number; readonly verdicts: readonly Verdict[]; readonly leaks: readonly Verdict[]; readonly text: string
  readonly dayHits: number; readonly dayChance: number; readonly hourHits: number
}

function judged(seen: Seen, { seed, isLive }: { readonly seed: number; readonly isLive: boolean }): Judged {
  const stays = staysIn(seen.calls)
  const known = stays.flatMap((stay) => {
    const truth = seen.truth.get(stay.number)
    return truth ? [{ stay, truth }] : []
  })
  const random = randomInt(seed)
  // All that a release tells of itself is told of each of its stays: of the ward, releases are asked, by one stay of each.
  const ofRelease = [...new Map(known.map((one) => [one.stay.release, one])).values()]
  const wards = isLive ? known : ofRelease
  const item = ({ stay, truth }: (typeof known)[number], secret: 'day' | 'ward' | 'monitor'): Omit<Item, 'clue' | 'names'> =>
    ({ group: secret === 'ward' ? '' : isLive ? '' : stay.release, truth: secret === 'day' ? truth.closedAt : 0, label: secret === 'ward' ? String(truth.ward) : truth.device })
  const verdicts: Verdict[] = []
  for (const [name, clue] of Object.entries(CLUES)) verdicts.push(byOrder(`days by ${name}`, known.map((one) => ({ ...item(one, 'day'), clue: clue(one.stay), names: [] })), random))
  for (const secret of ['ward', 'monitor'] as const) {
    const asked = secret === 'ward' ? wards : known
    for (const [name, clue] of Object.entries(MARKS)) verdicts.push(byNeighbour(`${secret} by ${name}`, asked.map((one) => ({ ...item(one, secret), clue: clue(one.stay), names: [] })), random))
    verdicts.push(byNeighbour(`${secret}, unlike the nearest arrival`, asked.map((one) => ({ ...item(one, secret), clue: Math.min(...one.stay.arrived), names: [] })), random, 'unlike'))
    for (const [name, names] of Object.entries(NAMES)) verdicts.push(byNeighbour(`${secret} by ${name}`, asked.map((one) => ({ ...item(one, secret), clue: Number.NaN, names: names(one.stay) })), random))
  }
  const best = verdicts.toSorted((a, b) => strength(b) - strength(a))[0]
  const share = 24 / (DELAY_HOURS.to - DELAY_HOURS.from)
  return {
    stays: known.length, known: seen.truth.size, releases: ofRelease.length, verdicts, leaks: verdicts.filter((one) => strength(one) >= LEAK_SD),
    text: best ? `${best.name}, ${best.deviations.toFixed(1)} sd` : 'nothing', ...days(known), dayChance: share + LEAK_SD * Math.sqrt((share * (1 - share)) / Math.max(1, known.length)),
    hourHits: mean(known.map(({ stay, truth }) => Number(hoursApart(stay.hour, (truth.openedAt % DAY_MS) / 3_600_000) <= 2))),
  }
}

/** An order may be upside down; a guess that is wrong more often than chance would be another guess, and is asked as one. */
const strength = ({ name, deviations }: Verdict): number => (name.startsWith('days') ? Math.abs(deviations) : deviations)

/** The best of all delays that an attacker might suppose, and the time that is shown. */
function days(known: readonly { readonly stay: Stay; readonly truth: { readonly openedAt: number } }[]): { readonly dayHits: number } {
  const right = (guess: (stay: Stay) => number): number => mean(known.map(({ stay, truth }) => Number(dayOf(guess(stay)) === dayOf(truth.openedAt))))
  const supposed = Array.from({ length: 60 }, (_, step) => step * 4 * 3_600_000)
  return { dayHits: Math.max(right(({ times }) => Math.min(...times)), ...supposed.map((delayMs) => right(({ arrived, minutes }) => Math.min(...arrived) - minutes * 60_000 - delayMs))) }
}

const dayOf = (at: number): number => Math.floor(at / DAY_MS)
const hoursApart = (a: number, b: number): number => Math.min((a - b + 48) % 24, (b - a + 48) % 24)
const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length)
const hex = (text: string): number => Number.parseInt(text.replace(/[^0-9a-f]/g, '').slice(0, 8) || '0', 16)
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
