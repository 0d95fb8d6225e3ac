import { describe, expect, it } from 'vitest'
import { keepAlive } from '../../src/ops/supervisor.ts'

describe('a child that cannot be started', () => {
  it('is told of as one that died', async () => {
    const deaths: string[] = []
    const child = keepAlive({ command: '/nowhere/at-all', args: [], cwd: '/', env: {}, line: () => undefined, message: () => undefined, died: (how) => (deaths.push(how), 'give-up') })
    await child.ended
    expect(deaths).toEqual([expect.stringContaining('ENOENT')])
  })
})
