/**
 * Alerts over what happens to a gateway. SIGKILL while they come and go: none is lost, renamed or left open, what was told as
 * saved is, and the page shows what stands as soon as it is back. A line that breaks: none goes away without a word. A wall
 * clock that is set: none missed, none false.
 *
 * Controls: a life cycle that forgets what stood before a start; a store that answers before it commits; durations that are
 * taken from the clock that steps.
 */

import { join } from 'node:path'
import { type CutOutcome, cutTrial } from './alert-cuts.ts'
import { type Clocked, STEPS, type Step, clockTrial, differences, ofBeds } from './alert-clock.ts'
import { type Killed, killTrial } from './alert-kills.ts'
import { isClean, wordsOf } from './alert-log.ts'
import { quantile, spread } from './figures.ts'
import type { Prove, ProveResult, ProveSetting } from './prove.ts'

const FORGETFUL = join(import.meta.dirname, 'controls', 'forgetful.ts')
const EARLY_STORE = join(import.meta.dirname, 'controls', 'settle-early.ts')

/** From the page's connection to the picture of what stands; a machine that is busy with other tests says nothing of speed. */
const SHOWN_MS = { full: 2_000, quick: 30_000 } as const
/** The lives of the control with the early store: one acknowledgement that was told as saved and is lost is enough. */
const EARLY_TRIALS_MAX = 5

type Figures = Readonly<Record<string, number | string>>
type Judged = { readonly pass: boolean; readonly figures: Figures }

export const prove: Prove = (setting) => (setting.quick ? quickProve(setting) : fullProve(setting))

/** All side by side. */
async function quickProve({ seed, say }: ProveSetting): Promise<ProveResult> {
  const [kills, forgetful, cuts, clock] = await Promise.all([
    killTrial({ kills: 1, beds: 4, seed, at: 'standing', livesMs: [100, 500], say }),
    forgetfulTrial(seed, say),
    cutTrial({ beds: 3, rounds: 1, seed, cutMs: [300, 1_500], longest: 1_000, say }),
    clockTrial({ step: 'back 2 h', beds: 4, phases: 3, seed, isRestarted: false }),
  ])
  const judged = [killsJudged(kills, { kills: 1, shownMs: SHOWN_MS.quick }), cutsJudged(cuts), clockJudged('back 2 h', clock, null)]
  return {
    kind: 'judged',
    pass: judged.every(({ pass }) => pass),
    figures: { ...Object.assign({}, ...judged.map(({ figures }) => figures)), 'control, a life cycle that forgets': wordsOf(forgetful.findings) },
    control: { ran: true, failed: !isClean(forgetful.findings) },
  }
}

const forgetfulTrial = (seed: number, say: ProveSetting['say']): Promise<Killed> => killTrial({ kills: 1, beds: 2, seed: seed + 1, at: 'standing', livesMs: [100, 500], imports: [FORGETFUL], say })

async function fullProve({ seed, say }: ProveSetting): Promise<ProveResult> {
  const judged: Judged[] = []
  const told = (one: Judged): Judged => {
    for (const [figure, value] of Object.entries(one.figures)) say(`${figure}: ${value}${one.pass ? '' : ' (FAILED)'}`)
    judged.push(one)
    return one
  }
  const kills = await killTrial({ kills: 200, beds: 8, seed, at: 'any', livesMs: [500, 1_500], say })
  told(killsJudged(kills, { kills: 200, shownMs: SHOWN_MS.full }))
  told(cutsJudged(await cutTrial({ beds: 9, rounds: 12, seed, cutMs: [200, 12_000], longest: 6_000, say })))
  const clock = { beds: 6, phases: 7, seed, isRestarted: true }
  const unstepped = await clockTrial({ step: 'none', ...clock })
  told(clockJudged('none', unstepped, null))
  for (const step of ['back 2 h', 'on 1 y', 'end of summer time', 'begin of summer time'] as const) told(clockJudged(step, await clockTrial({ step, ...clock }), unstepped))
  say('now the controls')
  const forgetful = await forgetfulTrial(seed, say)
  const early = await earlyTrials(seed, say)
  const mono = await clockTrial({ step: 'back 2 h', ...clock, isMonoStepped: true })
  const { missed, surplus } = differences(ofBeds(mono.alerts), mono.wanted)
  return {
    kind: 'judged',
    pass: judged.every(({ pass }) => pass),
    figures: {
      ...Object.assign({}, ...judged.map(({ figures }) => figures)),
      'control, a life cycle that forgets': wordsOf(forgetful.findings),
      'control, an early store: told as saved, and not': `${early.saved}, ${early.unsaved}`,
      'control, durations from the wall clock: missed, false': `${missed}, ${surplus}`,
    },
    control: { ran: true, failed: !isClean(forgetful.findings) && early.unsaved > 0 && missed + surplus > 0 },
  }
}

async function earlyTrials(seed: number, say: ProveSetting['say']): Promise<{ readonly saved: number; readonly unsaved: number }> {
  let [saved, unsaved] = [0, 0]
  for (let trial = 0; trial < EARLY_TRIALS_MAX && unsaved === 0; trial++) {
    const one = await killTrial({ kills: 4, beds: 4, seed: seed + trial, livesMs: [2_000, 500], at: 'saved', imports: [EARLY_STORE], say })
    saved += one.saved
    unsaved += one.unsaved
  }
  return { saved, unsaved }
}

function killsJudged(of: Killed, { kills, shownMs }: { readonly kills: number; readonly shownMs: number }): Judged {
  const { findings, unsaved, notShown, isStandingRight, leftOpen } = of
  const isShownInTime = quantile(of.givenMs, 1) <= shownMs
  return {
    pass: isClean(findings) && findings.stood > 0 && unsaved + notShown + leftOpen === 0 && isStandingRight && isShownInTime,
    figures: {
      kills,
      'kills: alerts': wordsOf(findings),
      'kills: told as saved, and not': `${of.saved}, ${unsaved}`,
      'kills: after the last, shown of those that stood; shown of others': of.standing,
      'kills: left open in the end': leftOpen,
      'kills: active before and not shown again': notShown,
      'kills: page connected to alerts shown': spread(of.shownMs),
      'kills: the same without what the host of this machine took': spread(of.givenMs),
      'kills: kill to alerts shown': spread(of.againMs),
      'kills: processor time that it took meanwhile': `${Math.round(100 * quantile(of.takenShares, 0.5))} % (median)`,
    },
  }
}

function cutsJudged({ cuts, findings, silences, untold, stood, unmarked, awayForGood, isAwayRight, leftOpen }: CutOutcome): Judged {
  return {
    pass: isClean(findings) && untold + unmarked + leftOpen === 0 && isAwayRight,
    figures: {
      'cuts of a line': cuts,
      'cuts: alerts': wordsOf(findings),
      'cuts: long ones, not told as a silence': `${silences}, ${untold}`,
      'cuts: alerts that stood in long ones, not marked as last known': `${stood}, ${unmarked}`,
      'cuts: never mended, with a marked alert and a silence': awayForGood,
      'cuts: others left open in the end': leftOpen,
    },
  }
}

/** `unstepped`: the same run without a step. */
function clockJudged(step: Step, { alerts, wanted, told }: Clocked, unstepped: Clocked | null): Judged {
  const { missed, surplus, which } = differences(ofBeds(alerts), wanted)
  const other = unstepped === null ? null : differences(alerts, unstepped.alerts)
  const isSame = other === null || other.missed + other.surplus === 0
  const count = [...alerts.values()].reduce((sum, one) => sum + one, 0)
  // A step is told by the one that saw it: over a restart nobody did.
  const isTold = told.gateway > 0 || STEPS[step].byMs === 0
  return {
    pass: count > 0 && missed + surplus === 0 && isSame && isTold,
    figures: {
      [`clock, ${step}: alerts, missed, false`]: `${count}, ${missed}, ${surplus}${which === '' ? '' : ` (${which})`}${other === null || isSame ? '' : ` (than unstepped: ${other.which})`}`,
      [`clock, ${step}: told of the gateway's, of devices'`]: `${told.gateway}, ${told.devices}`,
    },
  }
}
