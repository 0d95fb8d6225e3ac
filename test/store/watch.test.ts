import { describe, expect, it } from 'vitest'
import { bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import type { WatchChange } from '../../src/domain/watch.ts'
import { watchLimits } from '../../src/limits.ts'
import type { StoredEvent } from '../../src/seams.ts'
import { openHistory } from '../../src/store/history.ts'
import { START, gatewayEvent, heartRate, phase, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const change = (at: number, rule: string, state: WatchChange['state']): WatchChange => ({ bed: bedId('bed-7'), stay: stayId('stay-1'), rule, from: wallMs(at), state })
const watch = (at: number, ...changes: WatchChange[]): StoredEvent => ({ at: wallMs(at), kind: 'watch', changes, subject: { bed: bedId('bed-7'), stay: stayId('stay-1'), device: null } })

describe('the watch ledger, kept', () => {
  it('is read back as it was written, for a time, among all else that the log holds', async () => {
    using folder = tempFolder()
    const early = change(START - 3 * watchLimits.wholeMs, 'score', 'armed')
    const [armed, down, late] = [change(START, 'score', 'armed'), change(START + 60_000, 'score', 'gateway-down'), change(START + 600_000, 'score', 'armed')]
    const at = writing(folder.path)
    at.write(tick({ events: [watch(early.from, early)], snapshots: [heartRate(70, { receivedAt: early.from })] }))
    at.write(tick({ events: [watch(START, armed, down), gatewayEvent('something else'), phase('alert-1', 'active')], snapshots: [heartRate(72)] }))
    at.write(tick({ events: [watch(late.from, late)], snapshots: [heartRate(73, { receivedAt: late.from })] }))
    at[Symbol.dispose]()
    const history = openHistory(folder.path)
    const all = await history.watched({ from: START, to: wallMs(START + 900_000) })
    expect(all).toMatchObject({ kind: 'ledger', isCut: false, damaged: [], changes: [armed, down, late] })
    expect(await history.watched({ from: START, to: wallMs(START + 100_000) })).toMatchObject({ changes: [armed, down] })
    await history.close()
  })
})
