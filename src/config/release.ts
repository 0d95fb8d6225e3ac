/** What the site's file says of lanes to central: which one each sink has, when stays leave, and what of the site's own fields does. */

import { z } from 'zod'
import { releaseLimits } from '../limits.ts'
import type { SinkSetting } from './sinks.ts'

const hours = z.number().min(0.01).max(releaseLimits.delayHoursMax)
const fieldName = z.string().regex(/^[a-z][A-Za-z0-9]{0,31}$/, 'must begin with a small letter and hold letters and digits, at most 32')

export const laneOfSink = z.enum(['release', 'live'])

export const release = z
  .strictObject({
    method: z
      .enum(['safe-harbor', 'date-shift'])
      .default('safe-harbor')
      .describe('safe-harbor: times count from the begin of the stay, which is shown as the first instant of its year. date-shift: each stay is moved back by whole days, drawn for it; time of day and intervals stay, the weekday does not. Weaker: no Safe Harbor.'),
    delayHours: z
      .strictObject({ from: hours, to: hours })
      .default({ from: 24, to: 168 })
      .describe(`Hours after its end when a stay may leave: drawn for each stay between these. At least ${releaseLimits.delayHoursMin}, and ${releaseLimits.delaySpreadHoursMin} from one to the other, outside of a demo.`),
    staysMin: z.int().min(1).max(releaseLimits.staysPerReleaseMax).default(releaseLimits.classStaysMin).describe('So many stays leave together.'),
    gatherHours: z.number().min(0).max(releaseLimits.delayHoursMax).default(72).describe('Fewer leave when the first of them has waited for so long, or for as little as half of it: drawn for each release.'),
  })
  .prefault({})
  .describe('When and how stays leave in the release lane.')

export const fields = z
  .array(
    z.strictObject({
      fields: z.array(fieldName).min(1).max(releaseLimits.fieldsMax).describe('Names out of `fields` of the beds; also `bed` (its label) and `ward`.'),
      method: z
        .enum(['hash', 'mask', 'tokenize'])
        .describe('hash: HMAC-SHA-256 under a key of this box; derived from the value, so no Safe Harbor. mask: nothing of it but its form. tokenize: random, kept in a table.'),
      preserveFormat: z.boolean().default(false).describe('A digit for a digit, a letter for a letter, signs as they are.'),
      ttl: z.int().min(60).optional().describe('Seconds for which a token stands for its value; then another is drawn.'),
    }),
  )
  .max(releaseLimits.fieldsMax)
  .default([])
  .describe(`Fields of the site that are told of a stay in the release lane, where at least ${releaseLimits.classStaysMin} stays of a release share them and all else that is told.`)

/** Of a bed. */
export const bedFields = z
  .record(fieldName, z.string().min(1).max(releaseLimits.fieldCharactersMax))
  .optional()
  .describe('What the site says of this bed besides, by name: level of care, say. None of it leaves unless `sync.fields` says how.')

type Setting = {
  readonly lane?: 'none' | 'live' | 'release' | undefined
  readonly agreement?: string | undefined
  readonly url?: string | undefined
  readonly token?: unknown
  readonly sinks: readonly SinkSetting[]
  readonly release: z.output<typeof release>
  readonly fields: z.output<typeof fields>
}

const leavesHospital = ({ to }: SinkSetting): boolean => to.kind !== 'hl7-oru'

/** The lane of what names none of its own: `release` where something is to be sent and nothing is said of how. */
export const laneOf = ({ lane, url, sinks }: Pick<Setting, 'lane' | 'url' | 'sinks'>): 'none' | 'live' | 'release' =>
  lane ?? (url !== undefined || sinks.some(leavesHospital) ? 'release' : 'none')

type Retention = { readonly numericsDays: number; readonly identityHours: number }
type Problem = readonly [path: readonly PropertyKey[], text: string]

/** Paths are within `sync`. */
export function laneProblems(sync: Setting, retention: Retention): readonly Problem[] {
  const lane = laneOf(sync)
  const central = sync.sinks.filter(leavesHospital)
  const problems: Problem[] = []
  sync.sinks.forEach((sink, index) => problems.push(...sinkProblems(sink, sync).map((text): Problem => [['sinks', index], text])))
  problems.push(...secondSinks(sync))
  if (lane === 'none') {
    if (central.length > 0) problems.push([[], '"sync.sinks" sends to central, and lane "none" lets nothing leave: name a lane.'])
    return problems
  }
  if (lane === 'live' && sync.agreement === undefined) problems.push([[], 'lane "live" needs "sync.agreement".'])
  if (central.length === 0) for (const name of ['url', 'token'] as const) if (sync[name] === undefined) problems.push([[], `lane "${lane}" needs "sync.${name}".`])
  if (central.length > 0 && sync.url !== undefined) problems.push([[], '"sync.url" is the short form for one sink: put it among "sync.sinks", or leave them out.'])
  if (lane === 'release' || central.some((sink) => sink.lane === 'release')) problems.push(...releaseProblems(sync.release, retention))
  return problems
}

/** Central knows a gateway by its name: of a second cursor under that name it could not tell what it has, and stays would leave twice. */
function secondSinks(sync: Setting): readonly Problem[] {
  const known = new Set<string>()
  return sync.sinks.flatMap(({ to, lane }, index): readonly Problem[] => {
    if (to.kind !== 'https-batch') return []
    const own = lane ?? laneOf(sync)
    const name = `${own} ${to.url.replace(/\/+$/, '')}`
    const isSecond = known.has(name)
    known.add(name)
    return isSecond ? [[['sinks', index], `a second sink of lane "${own}" to one central: make it one.`]] : []
  })
}

function sinkProblems({ to, lane, events }: SinkSetting, { agreement, lane: general }: Setting): readonly string[] {
  if (to.kind === 'hl7-oru') return lane === undefined ? [] : ['what stays in the hospital has no lane: leave it out for "hl7-oru".']
  const own = lane ?? general ?? 'release'
  if (own === 'live' && lane === 'live' && agreement === undefined) return ['lane "live" needs "sync.agreement".']
  if (to.kind !== 'patients-api') return []
  if (own === 'release') return ['"patients-api" is of lane "live" alone: it shows patients as they are now.']
  const other = events?.find((event) => event !== 'vital-signs')
  return other === undefined ? [] : [`"patients-api" posts vital signs and nothing else: leave "${other}" out of "events", or send it by another sink.`]
}

function releaseProblems({ delayHours: { from, to }, gatherHours }: Setting['release'], { numericsDays, identityHours }: Retention): readonly Problem[] {
  if (to < from) return [[['release', 'delayHours'], '"to" comes before "from".']]
  const keptHours = Math.max(numericsDays * 24, identityHours)
  return to + gatherHours + 24 > keptHours
    ? [[['release'], `a stay may leave as late as ${Math.ceil(to + gatherHours + 24)} h after its end, and "retention" deletes it after ${keptHours} h: shorten "delayHours" and "gatherHours", or keep it longer.`]]
    : []
}

/** What is too fast for patients, and right for a demo in which nobody exists. A sentence, or null. */
export function tooSoon(sync: Setting): string | null {
  const { from, to } = sync.release.delayHours
  const { delayHoursMin, delaySpreadHoursMin } = releaseLimits
  if (laneOf(sync) !== 'release' && !sync.sinks.some(({ lane }) => lane === 'release')) return null
  return from < delayHoursMin || to - from < delaySpreadHoursMin
    ? `sync.release.delayHours is for a demo: from at least ${delayHoursMin} h on, and spread over ${delaySpreadHoursMin} h or more.`
    : null
}
