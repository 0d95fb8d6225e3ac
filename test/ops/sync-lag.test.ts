import { describe, expect, it } from 'vitest'
import type { SyncStatus } from '../../src/domain/batch.ts'
import { wallMs } from '../../src/domain/time.ts'
import { syncLimits } from '../../src/limits.ts'
import { lagText } from '../../src/ops/sync-lag.ts'

const START = wallMs(Date.UTC(2026, 0, 1))
const LONG = syncLimits.behindToldMs
const behind: SyncStatus = { kind: 'behind', lagRows: 5, why: 'connection refused', lastAcceptedAt: null, deadLetters: 0, stoppedByScanner: 0, breaker: 'open', fenced: false }
const after = (ms: number, change: Partial<SyncStatus> = {}): string | null => lagText({ ...behind, ...change }, { startedAt: START, now: wallMs(START + ms) })

describe('a central that takes nothing', () => {
  it('is told of after an hour, with how long and why, and not before', () => {
    expect(after(LONG - 1)).toBeNull()
    expect(after(LONG)).toBe('Central has taken nothing for 1 h and rows wait for it; none is lost: connection refused')
    expect(after(3 * LONG + 5)).toContain('for 3 h')
  })

  it('is counted from what it took last, and not from before this start', () => {
    expect(after(LONG, { lastAcceptedAt: wallMs(START + 1) })).toBeNull()
    expect(after(LONG - 1, { lastAcceptedAt: wallMs(START - LONG) })).toBeNull()
  })

  it('is told of by name where there are several, whatever the others took', () => {
    const sinks = [{ ...behind, id: 'kafka' }, { ...behind, id: 'ehr', kind: 'ok' as const, lagRows: 0 }, { ...behind, id: 'central', lastAcceptedAt: wallMs(START + LONG) }]
    expect(after(LONG, { sinks })).toBe('kafka has taken nothing for 1 h and rows wait for it; none is lost: connection refused')
    expect(after(LONG, { sinks: sinks.slice(1) })).toBeNull()
  })

  it('is nobody\'s alert while nothing waits, or while another alert says why', () => {
    expect(after(2 * LONG, { lagRows: 0 })).toBeNull()
    expect(after(2 * LONG, { kind: 'paused' })).toBeNull()
    expect(after(2 * LONG, { kind: 'ok' })).toBeNull()
  })
})
