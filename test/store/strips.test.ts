import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { alertId, deviceId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { storeLimits } from '../../src/limits.ts'
import type { Strip } from '../../src/seams.ts'
import { openReaderDatabase } from '../../src/store/database.ts'
import { contentDigest } from '../../src/store/digest.ts'
import { type History, openHistory } from '../../src/store/history.ts'
import type { Finding } from '../../src/store/history-thread.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { Names } from '../../src/store/names.ts'
import { openWhateverItHolds } from '../../src/store/recover.ts'
import type { Damage } from '../../src/store/rows.ts'
import { readStrips } from '../../src/store/strips.ts'
import { decodeTick, encodeTick } from '../../src/store/tick-codec.ts'
import { verifying } from '../../src/store/verify.ts'
import { START, frame, heartRate, phase, stay, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const strip = (part: Partial<Strip> & { readonly id?: string } = {}): Strip => {
  const { id = 'alert-1', ...rest } = part
  return {
    alertId: alertId(id), at: START, device: deviceId('monitor-1'), metric: 'MDC_ECG_ELEC_POTL_II', channel: 'V1', rateHz: 250, scale: 0.0048828125, offset: -1.5, unit: 'mV',
    from: wallMs(START - 10_000.5), samples: Int32Array.from({ length: 7_500 }, (_, index) => Math.round(800 * Math.sin(index / 9))), ...rest,
  }
}

async function ask(folder: string, question: (history: History) => ReturnType<History['strips']>, onFound: ((finding: Finding) => void) | null = null) {
  const history = openHistory(folder, onFound)
  const answer = await question(history)
  await history.close()
  if (answer.kind === 'failed') throw new Error(answer.why)
  return answer
}

function damageRow(folder: string, id: number): void {
  const db = new Database(join(folder, 'vigil.db'))
  const { samples } = db.prepare<[number], { samples: Buffer }>('SELECT samples FROM strip WHERE id = ?').get(id) ?? { samples: Buffer.alloc(1) }
  samples.writeUInt8(samples.readUInt8(0) ^ 4, 0)
  db.prepare('UPDATE strip SET samples = ? WHERE id = ?').run(samples, id)
  db.close()
}

function damageIn(folder: string): readonly Damage[] {
  const { db } = openReaderDatabase(folder)
  const found: Damage[] = []
  const steps = verifying({ db, keys: new Map(), onDamage: (damage) => found.push(damage), onTampering: () => undefined })
  while (steps.next().done !== true) continue
  db.close()
  return found
}

describe('a strip', () => {
  it('comes back from the history thread as it was, with the others of its alert, in the order in which they were kept', async () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const kept = [strip(), strip({ metric: 'MDC_PULS_OXIM_PLETH', samples: Int32Array.of(2_147_483_647, -2_147_483_648) }), strip({ at: wallMs(START + 60_000) })]
    open.write(tick({ strips: kept }), tick({ strips: [strip({ id: 'alert-2' })] }))
    expect(await ask(folder.path, (history) => history.strips('alert-1'))).toEqual({ kind: 'strips', strips: kept, damaged: [], isCut: false })
    expect(await ask(folder.path, (history) => history.strips('nobody'))).toEqual({ kind: 'strips', strips: [], damaged: [], isCut: false })
  })

  it('travels in a tick behind the frames, each with its own bytes', () => {
    const whole = tick({ quarantined: [frame('noise')], strips: [strip(), strip({ id: 'alert-2', samples: Int32Array.of(7) })] })
    const decoded = decodeTick(encodeTick(whole, new Names({ streams: [], series: [], lastStream: 0, lastSeries: 0 })))
    expect([...(decoded.quarantined[0]?.bytes ?? [])]).toEqual([77, 83, 72])
    expect(decoded.strips.map(({ alertId: id, samples }) => [id, samples.length])).toEqual([['alert-1', decoded.strips[0]?.samples.length], ['alert-2', 1]])
    expect([...(decoded.strips[1]?.samples ?? [])]).toEqual([14])
  })

  it('of less than half the size of its samples as they were', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ strips: [strip()] }))
    const { db } = openReaderDatabase(folder.path)
    const { bytes } = db.prepare<[], { bytes: number }>('SELECT length(samples) AS bytes FROM strip').get() ?? { bytes: 0 }
    db.close()
    expect(bytes).toBeLessThan(7_500 * 2)
  })

  it('that the database refuses goes to quarantine, and the rest of its tick is stored', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    expect(open.write(tick({ snapshots: [heartRate(80)], strips: [strip({ scale: Number.NaN }), strip()] }))).toEqual([{ kind: 'durable', lastSeq: 1, refused: 1 }])
    using reader = openLogReader(folder.path)
    expect(reader.quarantined(10).map(({ device, why }) => [device, why])).toEqual([['monitor-1', expect.stringMatching(/refuses this strip/)]])
  })

  it('never enters the log: what is read for central holds nothing of it, and no number is spent', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    open.write(tick({ snapshots: [heartRate(80)] }))
    expect(open.write(tick({ strips: [strip(), strip()] }))).toEqual([{ kind: 'durable', lastSeq: 1 }])
    open.write(tick({ snapshots: [heartRate(81, { receivedAt: START + 1_000 })], strips: [strip()] }))
    using log = openLogReader(folder.path)
    expect(log.read(0, 100).map(({ seq, kind }) => [seq, kind])).toEqual([[1, 'snapshot'], [2, 'snapshot']])
    expect(JSON.stringify(log.read(0, 100))).not.toMatch(/MDC_ECG_ELEC_POTL|samples/)
  })

  it('is part of what two replays must agree on', () => {
    const digests = [[strip()], [strip()], [strip({ samples: Int32Array.of(1) })]].map((strips) => {
      using folder = tempFolder()
      using open = writing(folder.path)
      open.write(tick({ strips }))
      return contentDigest(folder.path)
    })
    expect([digests[0] === digests[1], digests[0] === digests[2]]).toEqual([true, false])
  })
})

describe('a strip that rotted', () => {
  it('is named by a verification, and never shown', async () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(tick({ strips: [strip(), strip({ channel: 'V2' })] }))
    }
    expect(damageIn(folder.path)).toEqual([])
    damageRow(folder.path, 1)
    const damage = { table: 'strip', row: 1, why: 'its bytes are not those that were written' }
    expect(damageIn(folder.path)).toEqual([damage])
    const found: Finding[] = []
    const answer = await ask(folder.path, (history) => history.strips('alert-1'), (finding) => found.push(finding))
    expect([answer.strips.map(({ channel }) => channel), answer.damaged]).toEqual([['V2'], [damage]])
    expect(found).toContainEqual({ kind: 'damage', damage })
  })

  it.each([
    ['another alert', `alert_id = 'alert-2'`, 'alert-2'], ['another scale', 'scale = 0.01', 'alert-1'], ['another time', 'began_at = began_at + 1', 'alert-1'], ['other bytes', `samples = CAST('x' AS BLOB)`, 'alert-1'],
  ])('in any column, %s, is not believed', (_name, change, id) => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(tick({ strips: [strip()] }))
    }
    const db = new Database(join(folder.path, 'vigil.db'))
    db.exec(`UPDATE strip SET ${change}`)
    expect(readStrips(db, id)).toMatchObject({ strips: [], damaged: [{ table: 'strip', row: 1 }] })
    db.close()
  })

  it('is left behind when a damaged file is set aside; the others of an open alert come along', () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      open.write(tick({ stays: [stay('stay-1')], events: [phase('alert-1', 'active'), phase('over', 'active'), phase('over', 'inactive')], strips: [strip({ channel: 'rotten' }), strip({ channel: 'a' }), strip({ channel: 'b' }), strip({ id: 'over' })] }))
    }
    damageRow(folder.path, 1)
    const opened = openWhateverItHolds({ folder: folder.path, identity: { kind: 'demo', gatewayId: 'gateway-1', createdAt: START }, asked: {}, condemned: 'a test says so', monoMs: () => 0 })
    if (opened.kind === 'refused') throw new Error(opened.why)
    expect(opened.setAside).toMatchObject({ alerts: 1, isPartial: true })
    expect(readStrips(opened.db, 'alert-1').strips.map(({ channel }) => channel)).toEqual(['a', 'b'])
    expect(readStrips(opened.db, 'over').strips).toEqual([])
    opened.db.close()
  })
})

describe('bounds', () => {
  it('of a damaged file no more strips are carried over than the limit', () => {
    using folder = tempFolder()
    {
      using open = writing(folder.path)
      const ids = ['alert-1', 'alert-2']
      open.write(tick({
        events: ids.map((id) => phase(id, 'active')),
        strips: ids.flatMap((id) => Array.from({ length: storeLimits.salvageStripsMax / 2 + (id === 'alert-1' ? 0 : 1) }, () => strip({ id, samples: Int32Array.of(1) }))),
      }))
    }
    const opened = openWhateverItHolds({ folder: folder.path, identity: { kind: 'demo', gatewayId: 'gateway-1', createdAt: START }, asked: {}, condemned: 'a test says so', monoMs: () => 0 })
    if (opened.kind === 'refused') throw new Error(opened.why)
    const { strips } = opened.db.prepare<[], { strips: number }>('SELECT count(*) AS strips FROM strip').get() ?? { strips: 0 }
    opened.db.close()
    expect(strips).toBe(storeLimits.salvageStripsMax)
  })

  it('an answer holds the newest rows, and says that there are more', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const rows = storeLimits.stripRowsPerAnswerMax
    const numbered = (from: number, count: number) => Array.from({ length: count }, (_, index) => strip({ samples: Int32Array.of(from + index) }))
    open.write(tick({ strips: numbered(0, rows) }))
    const { db } = openReaderDatabase(folder.path)
    expect(readStrips(db, 'alert-1')).toMatchObject({ isCut: false, strips: { length: rows } })
    open.write(tick({ strips: numbered(rows, 1) }))
    const { strips, isCut } = readStrips(db, 'alert-1')
    expect([strips.length, strips[0]?.samples[0], isCut]).toEqual([rows, 1, true])
    db.close()
  })

  it('an answer holds no more samples than main can make text of without a pause', () => {
    using folder = tempFolder()
    using open = writing(folder.path)
    const half = storeLimits.stripSamplesPerAnswerMax / 2
    const of = (length: number) => strip({ samples: new Int32Array(length) })
    open.write(tick({ strips: [of(half), of(half)] }))
    const { db } = openReaderDatabase(folder.path)
    expect(readStrips(db, 'alert-1')).toMatchObject({ isCut: false, strips: { length: 2 } })
    open.write(tick({ strips: [of(1)] }))
    expect(readStrips(db, 'alert-1')).toMatchObject({ isCut: true, strips: { length: 2 } })
    db.close()
  })
})
