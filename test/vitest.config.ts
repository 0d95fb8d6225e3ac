import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes minutes begins first, so that nothing long is left over for one processor alone at the end. */
class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => /\/test\/(prove|e2e)\/|\/(durability|epochs|patient)\.test\.ts$/.test(moduleId)
    return Promise.resolve([...files.filter(isLong), ...files.filter((file) => !isLong(file))])
  }
}

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // No test is about time: on a shared machine whose processors are mostly elsewhere it may take long, and is right all the same.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
    pool: 'forks',
    // Many files wait for processes, disks and brokers: without a word one processor of two would stand still.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './test/hazards/reporter.ts'],
  },
})
