/**
 * `vigil score <rule>`: one JSON object of inputs a line from stdin, one answer a line. The same functions as the live
 * rules, so that a clinician can check them by hand.
 */

import type { Command } from 'commander'
import { suggestion } from '../domain/nearest.ts'
import { toolLimits } from '../limits.ts'
import { SCORES, scoreOf } from '../rules/scores/catalogue.ts'
import { INPUT_KEYS, parseInputs } from '../rules/scores/parse.ts'
import type { Score, ScoreResult } from '../rules/scores/result.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'

type Line = { readonly number: number; readonly text: string } | { readonly number: number; readonly tooLong: true }
type Answer = { readonly kind: 'scored'; readonly result: ScoreResult } | { readonly kind: 'wrong'; readonly why: string }

const NEWLINE = 10

/** Lines of at most `jsonLineBytesMax` bytes; a longer one is reported and its bytes are dropped. Empty lines are skipped. */
async function* linesOf(stdin: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const held = new Uint8Array(toolLimits.jsonLineBytesMax)
  const decoder = new TextDecoder()
  let length = 0
  let number = 1
  let isTooLong = false
  const line = (): Line | null => {
    if (isTooLong) return { number, tooLong: true }
    const text = decoder.decode(held.subarray(0, length)).trim()
    return text === '' ? null : { number, text }
  }
  for await (const chunk of stdin) {
    let from = 0
    while (from < chunk.length) {
      const end = chunk.indexOf(NEWLINE, from)
      const piece = chunk.subarray(from, end === -1 ? chunk.length : end)
      if (length + piece.length > held.length) isTooLong = true
      else held.set(piece, length)
      length = isTooLong ? 0 : length + piece.length
      if (end === -1) break
      const whole = line()
      if (whole !== null) yield whole
      length = 0
      isTooLong = false
      number++
      from = end + 1
    }
  }
  const last = line()
  if (last !== null) yield last
}

function parsedJson(text: string): { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'wrong'; readonly why: string } {
  try {
    const value: unknown = JSON.parse(text)
    return { kind: 'value', value }
  } catch {
    return { kind: 'wrong', why: 'not JSON' }
  }
}

function answerTo(line: Line, score: Score): Answer {
  if ('tooLong' in line) return { kind: 'wrong', why: `longer than ${toolLimits.jsonLineBytesMax} bytes` }
  const json = parsedJson(line.text)
  if (json.kind === 'wrong') return json
  const parsed = parseInputs(json.value)
  return parsed.kind === 'wrong' ? parsed : { kind: 'scored', result: score.score(parsed.inputs) }
}

function jsonOf(answer: Answer, rule: string, line: number): string {
  if (answer.kind === 'wrong') return JSON.stringify({ rule, error: answer.why, line })
  const { result } = answer
  const { total, complete, min, max, parts, missing, rejected } = result
  return JSON.stringify({
    rule, total, complete, min, max, parts, missing,
    ...(result.applicable ? {} : { applicable: false, why: result.why }),
    ...(Object.keys(rejected).length === 0 ? {} : { rejected }),
  })
}

const COLUMNS = ['line', 'total', 'range', 'points', 'missing'] as const
const WIDTHS = [5, 7, 12, 48] as const
const row = (cells: readonly string[]): string => cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0)).join(' ').trimEnd()

function rowOf(answer: Answer, line: number): string {
  if (answer.kind === 'wrong') return row([`${line}`, 'error', answer.why])
  const { result } = answer
  if (!result.applicable) return row([`${line}`, '–', `not applicable: ${result.why}`])
  const points = Object.entries(result.parts).map(([name, value]) => `${name} ${value}`)
  const rejected = Object.entries(result.rejected).map(([name, why]) => `${name} not believed: ${why}`)
  const range = result.complete ? 'complete' : `${result.min} to ${result.max}`
  return row([`${line}`, `${result.total}`, range, points.join(', '), [...result.missing, ...rejected].join(', ')])
}

function rulesHelp(): string {
  const rules = SCORES.map(({ id, title }) => `  ${id.padEnd(14)}${title}`).join('\n')
  return `\nRules:\n${rules}\n\nInputs: ${INPUT_KEYS.join(' ')}\nAbsent keys are missing, never zero.`
}

/** On Ctrl-C the input ends here, whoever holds its other end. */
function endOnStop({ stdin, stop }: CliContext): void {
  stop.addEventListener('abort', () => {
    if ('destroy' in stdin && typeof stdin.destroy === 'function') stdin.destroy()
  })
}

async function run(context: CliContext, rule: string, json: boolean): Promise<void> {
  const score = scoreOf(rule)
  if (score === undefined) {
    const ids = SCORES.map(({ id }) => id)
    throw new UsageError(`No rule ${JSON.stringify(rule)}.${suggestion(rule, ids)} Rules: ${ids.join(', ')}.`)
  }
  endOnStop(context)
  if (!json) context.write(`${score.title}\n${row(COLUMNS)}`)
  let lines = 0
  let wrong = 0
  try {
    for await (const line of linesOf(context.stdin)) {
      if (context.stop.aborted) break
      const answer = answerTo(line, score)
      lines++
      if (answer.kind === 'wrong') wrong++
      context.write(json ? jsonOf(answer, score.id, line.number) : rowOf(answer, line.number))
    }
  } catch (error) {
    if (!context.stop.aborted) throw error
  }
  if (wrong > 0) throw new CommandFailed(`${wrong} of ${lines} lines could not be scored.`)
}

export const register: Register = (program: Command, context) => {
  program
    .command('score')
    .description('Compute a score by hand: one JSON object of inputs a line on stdin, one answer a line.')
    .argument('<rule>', 'which score, see below')
    .option('--json', 'one JSON object a line on stdout and nothing else')
    .addHelpText('after', rulesHelp())
    .action(async (rule: string, options: { readonly json?: boolean }) => run(context, rule, options.json === true))
}
