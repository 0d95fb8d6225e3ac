import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // No test is about time: on a shared machine whose processors are mostly elsewhere it may take long, and is right all the same.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    pool: 'forks',
    reporters: ['default', './test/hazards/reporter.ts'],
  },
})
