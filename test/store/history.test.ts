import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { absent } from '../../src/domain/reading.ts'
import { storeLimits } from '../../src/limits.ts'
import { type History, type Trend, type TrendQuery, openHistory } from '../../src/store/history.ts'
import { openReaderDatabase } from '../../src/store/database.ts'
import { readTrend } from '../../src/store/trend.ts'
import { START, heartRate, snapshot, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const HOUR = 3_600_000
const whole = { from: START - HOUR, to: START + 10 * HOUR }

async function asked(folder: string, query: TrendQuery): Promise<Extract<Trend, { kind: 'series' }>> {
  const history = openHistory(folder)
  const trend = await history.trend(query)
  await history.close()
  if (trend.kind === 'failed') throw new Error(trend.why)
  return trend
}

const lines = ({ series }: Extract<Trend, { kind: 'series' }>) =>
  series.map(({ device, metric, channel, t, v }) => [device, metric, channel, t.map((at) => at - START), v])

describe('a trend', () => {
  it('is one line for each device, metric and channel of a bed, in the order of time', async () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(
      tick({
        snapshots: [
          heartRate(80), heartRate(70, { bed: 'bed-2' }), heartRate(81, { receivedAt: START + 1_000, stay: 'stay-2' }),
          heartRate(60, { device: 'monitor-2', channel: '2' }),
        ],
      }),
      tick({ snapshots: [snapshot({ receivedAt: START + 2_000, values: [['MDC_ECG_HEART_RATE', absent('lead-off')], ['MDC_PULS_OXIM_SAT_O2', 97]] })] }),
    )
    const trend = await asked(folder.path, { ...whole, bed: 'bed-1' })
    expect(lines(trend)).toEqual([
      ['monitor-1', 'MDC_ECG_HEART_RATE', '', [0, 1_000, 2_000], [80, 81, null]],
      ['monitor-1', 'MDC_PULS_OXIM_SAT_O2', '', [2_000], [97]],
      ['monitor-2', 'MDC_ECG_HEART_RATE', '2', [0], [60]],
    ])
    expect(trend.series[0]).toMatchObject({ label: 'HR', unit: '/min', decimals: 0 })
    expect(lines(await asked(folder.path, { ...whole, stay: 'stay-2' }))).toEqual([['monitor-1', 'MDC_ECG_HEART_RATE', '', [1_000], [81]]])
    const saturation = await asked(folder.path, { ...whole, bed: 'bed-1', metrics: ['MDC_PULS_OXIM_SAT_O2'] })
    expect(lines(saturation)).toEqual([['monitor-1', 'MDC_PULS_OXIM_SAT_O2', '', [2_000], [97]]])
  })

  it('shows a value where it was measured, though it came an hour later', async () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const late = heartRate(80, { receivedAt: START + HOUR, sentAt: START + HOUR, deviceAt: START })
    open.write(tick({ snapshots: [late, heartRate(90, { receivedAt: START + HOUR })] }))
    const trend = await asked(folder.path, { bed: 'bed-1', from: START - 60_000, to: START + 60_000 })
    expect(lines(trend)).toEqual([['monitor-1', 'MDC_ECG_HEART_RATE', '', [0], [80]]])
  })

  it('finds the rows of one bed among those of many, over many blocks of the log', async () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    for (let second = 0; second < 300; second++) {
      const receivedAt = START + second * 1_000
      open.write(tick({ snapshots: Array.from({ length: 7 }, (_, bed) => heartRate(60 + bed, { device: `monitor-${bed}`, bed: `bed-${bed}`, receivedAt })) }))
    }
    const trend = await asked(folder.path, { bed: 'bed-3', from: START + 60_500, to: START + 200_000, pointsMax: 1_000 })
    const seconds = Array.from({ length: 140 }, (_, count) => 61_000 + count * 1_000)
    expect(lines(trend)).toEqual([['monitor-3', 'MDC_ECG_HEART_RATE', '', seconds, seconds.map(() => 63)]])
  })

  it('has as many points as were asked for at most, and still its lowest', async () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: Array.from({ length: 3_000 }, (_, second) => heartRate(second === 1_234 ? 31 : 80, { receivedAt: START + second * 1_000 })) }))
    const line = (await asked(folder.path, { ...whole, bed: 'bed-1', pointsMax: 40 })).series[0]
    expect([(line?.v.length ?? 0) <= 40, line?.v.includes(31)]).toEqual([true, true])
    expect((await asked(folder.path, { ...whole, bed: 'bed-1' })).series[0]?.v.length).toBeLessThanOrEqual(storeLimits.trendPointsMax)
  })

  it('draws no line across a hole of a signal, and one from cuff to cuff', async () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const at = (minutes: number) => snapshot({ receivedAt: START + minutes * 60_000, values: [['MDC_ECG_HEART_RATE', 80], ['MDC_PRESS_BLD_NONINV_SYS', 120]] })
    open.write(tick({ snapshots: [at(0), at(30)] }))
    const trend = await asked(folder.path, { ...whole, bed: 'bed-1' })
    expect(trend.series.map(({ v }) => v)).toEqual([[80, null, 80], [120, 120]])
  })

  it('passes damaged rows over, and says how many', async () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: [heartRate(80), heartRate(81, { receivedAt: START + 1_000 })] }))
    const db = new Database(join(folder.path, 'vigil.db'))
    db.exec('UPDATE snapshot SET crc = 7 WHERE seq = 1')
    db.close()
    const trend = await asked(folder.path, { ...whole, bed: 'bed-1' })
    expect([trend.series[0]?.v, trend.damagedRows, trend.isCut]).toEqual([[81], 1, false])
  })

  it('of nothing is no line', async () => {
    using folder = tempFolder()
    writing(folder.path).writer.close()
    expect((await asked(folder.path, { ...whole, bed: 'bed-1' })).series).toEqual([])
  })
})

describe('a question', () => {
  it('costs no more than its bounds, and says when that was not enough', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: Array.from({ length: 6 }, (_, second) => heartRate(80, { receivedAt: START + second * 1_000 })) }))
    const { db } = openReaderDatabase(folder.path)
    const cost = (historyRowsMax: number, historyValuesMax: number) => {
      const { series, isCut } = readTrend(db, { ...whole, bed: 'bed-1' }, { historyRowsMax, historyValuesMax })
      return [series[0]?.v.length, isCut]
    }
    expect([cost(6, 6), cost(5, 100), cost(100, 5)]).toEqual([[6, false], [5, true], [5, true]])
    db.close()
  })
})

describe('the history thread', () => {
  const query = { ...whole, bed: 'bed-1' }

  it('says why when there is nothing to read, and reads when there is', async () => {
    using folder = tempFolder()
    const history = openHistory(folder.path)
    expect(await history.trend(query)).toMatchObject({ kind: 'failed', why: expect.stringContaining('no database'), series: [] })
    using open = writing(folder.path)
    open.write(tick({ snapshots: [heartRate(80)] }))
    expect(await history.trend(query)).toMatchObject({ kind: 'series', series: [{ v: [80] }] })
    await history.close()
    expect(await history.trend(query)).toMatchObject({ kind: 'failed' })
  })

  it('takes no more questions than its bound, and answers those that it took', async () => {
    using folder = tempFolder()
    writing(folder.path).writer.close()
    const history: History = openHistory(folder.path)
    const answers = await Promise.all(Array.from({ length: storeLimits.historyQueriesWaitingMax + 1 }, () => history.trend(query)))
    expect(answers.map(({ kind }) => kind)).toEqual([...Array.from({ length: storeLimits.historyQueriesWaitingMax }, () => 'series'), 'failed'])
    await history.close()
  })

  it('answers what was asked before it is closed', async () => {
    using folder = tempFolder()
    writing(folder.path).writer.close()
    const history = openHistory(folder.path)
    const answer = history.trend(query)
    await history.close()
    expect(await answer).toMatchObject({ kind: 'series' })
  })
})
