/** A batch in words, for a person who wants to know what left. Pure. */

import { metricOfId } from '../domain/metrics.ts'
import { METHODS } from './lanes.ts'

type Fields = Readonly<Record<string, unknown>>

/** `subjects`: what stands for stays in it, in the order in which they come. */
export type Explained = { readonly lines: readonly string[]; readonly subjects: readonly string[] }

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const fieldsIn = (value: unknown): Fields => (isFields(value) ? value : {})
const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : value === null || value === undefined ? 'nothing' : JSON.stringify(value))

/** A sentence when it is no batch. */
export function explain(body: unknown): Explained | string {
  if (!isFields(body) || !Array.isArray(body['events']) || !isFields(body['metadata'])) return 'this is no batch of Vigil: it has no events and metadata'
  const metadata = body['metadata']
  const events = body['events'].map(fieldsIn)
  const subjects = [...new Set(events.map(subjectOf).filter((subject) => subject !== ''))]
  const named = new Map(subjects.map((subject, place) => [subject, `stay ${place + 1}`]))
  return {
    lines: [
      `Batch ${text(body['batchId'])}: ${events.length} events of ${subjects.length} stays.`, ...laneLines(metadata), '', 'Said of the batch as a whole:',
      ...Object.entries(metadata).map(([name, value]) => `  ${name}: ${text(value)}`), '', 'Stays, each known to central by a random name alone:',
      ...subjects.map((subject, place) => `  stay ${place + 1} is ${subject}`), '', 'Fields, in how many events, and an example:', ...fieldLines(events), '', 'Events:',
      ...events.map((event, place) => `  ${place + 1}. ${sentenceOf(event, named.get(subjectOf(event)) ?? 'no stay')}`),
    ],
    subjects,
  }
}

const subjectOf = (event: Fields): string => {
  const subject = event['partitionKey'] ?? event['patientId'] ?? fieldsIn(event['metadata'])['subject']
  return typeof subject === 'string' ? subject : ''
}

function laneLines({ lane, method }: Fields): readonly string[] {
  switch (lane) {
    case 'release':
      return [`Lane: release (${text(method)}). Its stays had ended; times count from the begin of each stay${method === 'date-shift' ? ', and its days are shifted' : ', which is shown as the first instant of its year'}.`]
    case 'live':
      return [`Lane: live (${METHODS.live}), under the data-use agreement of the site. Times are true.`]
    default:
      return [`Lane: ${text(lane)}.`]
  }
}

/** Every field that is in it, whatever it is: nothing is left out because nobody thought of it. */
function fieldLines(events: readonly Fields[]): readonly string[] {
  const seen = new Map<string, { times: number; readonly example: string }>()
  for (const event of events) {
    for (const [path, example] of new Map(leavesOf(event, ''))) {
      const known = seen.get(path)
      if (known) known.times++
      else seen.set(path, { times: 1, example })
    }
  }
  return [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([path, { times, example }]) => `  ${path.padEnd(28)} ${String(times).padStart(6)}   ${example}`)
}

function leavesOf(value: unknown, path: string): readonly (readonly [string, string])[] {
  if (Array.isArray(value)) return value.length === 0 ? [[`${path}[]`, 'none']] : value.flatMap((one) => leavesOf(one, `${path}[]`))
  if (isFields(value)) return Object.entries(value).flatMap(([name, field]) => leavesOf(field, path === '' ? name : `${path}.${name}`))
  return [[path, text(value)]]
}

function sentenceOf(event: Fields, who: string): string {
  const data = fieldsIn(event['data'])
  const at = text(event['timestamp'])
  switch (event['eventType']) {
    case 'vital-signs':
      return `${who}: ${valuesText(data)}, in the minute of ${at}, by ${text(event['streamId'])}`
    case 'alerts':
      return `${who}: alert ${text(data['phase'])} (${text(data['priority'])}, ${text(data['type'])}), ${text(data['rule'])}, at ${at}`
    case 'gaps':
      return `${who}: ${listIn(data['rule']).map((rule, place) => `${text(rule)} ${text(listIn(data['state'])[place])}`).join(', ')}, at ${at}`
    case 'visit': {
      const details = fieldsIn(fieldsIn(event['metadata'])['details'])
      return `${who}: the stay itself: ${text(details['minutes'])} minutes, age ${text(details['ageBand'])} (${text(details['ageGroup'])}), sex ${text(details['sex'])}${listIn(details['site']).map((field) => `, ${text(fieldsIn(field)['name'])} ${text(fieldsIn(field)['value'])}`).join('')}`
    }
    case 'corrections':
      return `${text(data['kind'])} of ${listIn(data['keys']).length} events from ${text(data['from'])} to ${text(data['to'])}: ${text(data['reason'])}`
    default:
      return event['action'] === undefined ? `${who}: ${JSON.stringify(event)}` : `${who}: ${text(fieldsIn(event['metadata'])['change'])} by user ${text(event['userId'])}, at ${at}`
  }
}

function valuesText({ metric, unit, v }: Fields): string {
  const values = listIn(v)
  const label = typeof metric === 'string' ? (metricOfId(metric)?.label ?? metric) : text(metric)
  const shown = values.slice(0, 5).map((value) => (value === null ? 'no value' : text(value)))
  return `${label} ${shown.join(', ')}${values.length > shown.length ? ` and ${values.length - shown.length} more` : ''} ${text(unit)}`
}
