/** Fails the run when a hazard's control is not shown by tests that ran and passed, and prints one plain closing line. */

import { relative, resolve } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'
import { HAZARDS } from './log.ts'

const ROOT = resolve(import.meta.dirname, '../..')

export default class HazardReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const states = new Map<string, string>()
    const counts = { passed: 0, failed: 0, skipped: 0 }
    for (const module of modules) {
      const file = relative(ROOT, module.moduleId)
      states.set(file, 'ran')
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state !== 'pending') counts[state]++
        states.set(`${file} > ${test.name}`, state)
      }
    }
    const whole = process.env['VIGIL_ALL_TESTS'] === '1'
    const gaps = HAZARDS.flatMap(({ id, shownBy }) =>
      shownBy.flatMap(([file, ...names]) => {
        if (!states.has(file)) return whole ? [`${id}: ${file} did not run`] : []
        return names.flatMap((name) => {
          const state = states.get(`${file} > ${name}`) ?? 'missing'
          // A part that this machine lacks may be skipped here; in CI it may not.
          const fine = state === 'passed' || (state === 'skipped' && process.env['CI'] !== 'true')
          return fine ? [] : [`${id}: "${name}" in ${file} is ${state}`]
        })
      }),
    )
    for (const gap of gaps) process.stderr.write(`hazard without a passing test · ${gap}\n`)
    if (gaps.length > 0) process.exitCode = 1
    if (whole && gaps.length === 0) process.stdout.write(`hazards: ${HAZARDS.length} of ${HAZARDS.length} shown to be controlled\n`)
    process.stdout.write(`tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
  }
}
