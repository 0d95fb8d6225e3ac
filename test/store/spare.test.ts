import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mllpFrame } from '../../src/codec/mllp.ts'
import { storeLimits } from '../../src/limits.ts'
import { openSpare, untilStoreOpens } from '../../src/store/spare.ts'
import { fakeClock } from '../fakes/clock.ts'
import { freePort } from '../free-port.ts'
import { ProvedSite, dial } from '../prove/wire-site.ts'
import { openedStore } from './fake-disk.ts'
import { heartRate, tempFolder, tick } from './fixture.ts'

const settings = (folder: string) => ({ folder, kind: 'real', gatewayId: 'gateway-1', clock: fakeClock() }) as const

describe('a store in the place of one that cannot be opened', () => {
  it('knows of nothing, stores nothing, says why, and leaves nothing behind', async () => {
    using folder = tempFolder()
    const place = join(folder.path, 'in memory')
    mkdirSync(place)
    writeFileSync(join(place, 'vigil.db'), 'of a process that was killed')
    const spare = await openSpare(settings(join(folder.path, 'gone')), { place, why: 'the disk is full' })
    if (spare.kind === 'refused') throw new Error(spare.why)
    expect([spare.stays, spare.openAlertEvents, [...spare.recent(spare.aliveAt ?? settings('').clock.wall())]]).toEqual([[], [], []])
    expect(await spare.store.commit(tick({ snapshots: [heartRate(80)] }))).toEqual({ kind: 'failed', why: 'the disk is full' })
    await spare.store.close()
    expect(existsSync(place)).toBe(false)
  })

  it('is refused where there is no place for it', async () => {
    using folder = tempFolder()
    const place = join(folder.path, 'no folder', 'here')
    expect(await openSpare(settings(folder.path), { place, why: 'the disk is full' })).toEqual({ kind: 'refused', how: 'disk', why: 'the disk is full' })
  })

  it('is given up once the data folder can be opened, by nobody else meanwhile', async () => {
    using folder = tempFolder()
    const data = join(folder.path, 'data')
    writeFileSync(data, 'no folder')
    const clock = fakeClock()
    let isOver = false
    const opens = untilStoreOpens(settings(data), clock, new AbortController().signal).then((is) => {
      isOver = true
      return is
    })
    const look = async (): Promise<void> => {
      await clock.pass(storeLimits.spareLookMs)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await look()
    expect(isOver).toBe(false)
    rmSync(data)
    const other = await openedStore(settings(data))
    await look()
    expect(isOver).toBe(false)
    await other.store.close()
    while (!isOver) await look()
    expect(await opens).toBe(true)
    const after = await openedStore(settings(data))
    await after.store.close()
  })
})

it('a gateway that starts while its disk is gone watches all the same: it alerts, and acknowledges nothing', async () => {
  const told: string[] = []
  const receiver = createServer((request, response) => {
    request.on('data', (bytes: Buffer) => void told.push(bytes.toString()))
    request.on('end', () => response.end())
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const address = receiver.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const port = await freePort()
  await using site = new ProvedSite((folder) => {
    symlinkSync(join(folder, 'not mounted', 'data'), join(folder, 'data'))
    const sends = { types: ['technical', 'physiological'] }
    return {
      links: [{ kind: 'mllp-listen', id: 'hl7', host: '127.0.0.1', port, driver: 'hl7' }],
      devices: [{ id: 'mon-1', driver: 'hl7', bed: 'bed-1', match: { sender: 'MON1' } }],
      beds: [{ id: 'bed-1', label: '1' }],
      notify: { ways: [{ kind: 'webhook', id: 'told', url, patientData: true, sends }] },
    }
  })
  const gateway = await site.start()
  const monitor = await dial(port)
  const at = new Date().toISOString().replaceAll(/[-:T]|\..*/g, '')
  const asystole = `MSH|^~\\&|MON1||||${at}+0000||ORU^R01|1|P|2.6\rOBR|1\rOBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|0|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||F\r`
  monitor.write(mllpFrame(Buffer.from(asystole)))
  const [answer]: Buffer[] = await once(monitor, 'data')
  expect(String(answer)).toContain('MSA|AE|1|')
  await expect.poll(() => told.join(), { timeout: 20_000 }).toMatch(/asystole/i)
  await expect.poll(() => told.join(), { timeout: 20_000 }).toContain('cannot open its database')
  monitor.destroy()
  await gateway.stop()
  receiver.close()
})
