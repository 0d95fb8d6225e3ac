import { expect, it } from 'vitest'
import { alertId, bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import type { LoggedRow } from '../../src/seams.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { createPump } from '../../src/sync/pump.ts'
import { createScanner } from '../../src/sync/scanner.ts'
import { EPOCH, NEVER, START, alertRow, bodyOf, fakeCentral, fakeClock, fakeLog, phaseEvent, scratch, snapshotRow } from './fakes.ts'

/** Every text that a row can hold is another canary. */
function planted(): { readonly rows: readonly LoggedRow[]; readonly canaries: readonly string[] } {
  const canaries: string[] = []
  const canary = (where: string): string => {
    // Names, numbers and serials in the shapes that they have on a ward; each unmistakable.
    const shapes = [`Kanari${canaries.length}^${where}`, `90${1_000_000 + canaries.length * 7_919}`, `SN-${where}-${canaries.length}QX`, `${canaries.length}.0815.${where}`]
    const text = shapes[canaries.length % shapes.length] ?? ''
    canaries.push(text)
    return text
  }
  const id = (where: string): string => canary(where).replaceAll('^', '_')
  const rows: LoggedRow[] = []
  for (let seq = 1; seq <= 300; seq += 3) {
    const who = { device: id('device'), bed: id('bed'), stay: id('stay') }
    rows.push(snapshotRow(seq, [{ value: 60, channel: canary('channel') }, { metric: 'MDC_TEMP', value: 37, channel: canary('channel') }], who))
    const alert = alertId(id('alert'))
    rows.push(alertRow(seq + 1, phaseEvent({
      alertId: alert, device: deviceId(who.device), bed: bedId(who.bed), stay: stayId(who.stay), text: canary('text'), condition: `threshold/${canary('condition')}`,
      because: {
        rule: canary('rule'), version: canary('version'), missing: [canary('missing')], limit: { text: `below 90 ${canary('limit')}`, setBy: canary('author') },
        inputs: [{ name: canary('input'), value: canary('value'), unit: canary('unit'), at: START }],
      },
    })))
    rows.push(seq % 2 === 0
      ? alertRow(seq + 2, { kind: 'acknowledged', alertId: alert, at: START, by: canary('nurse') })
      : { kind: 'event', seq: seq + 2, stored: { at: wallMs(START), kind: 'gateway', what: canary('what'), subject: { bed: bedId(who.bed), stay: stayId(who.stay), device: deviceId(who.device) } } })
  }
  return { rows, canaries }
}

const foundIn = (text: string, canaries: readonly string[]): readonly string[] => canaries.filter((canary) => text.includes(canary) || text.includes(canary.replaceAll('^', '_')))

it('No canary planted in any field leaves, in body, batch id or status; everything else does.', async () => {
  using place = scratch()
  const { rows, canaries } = planted()
  const central = fakeCentral()
  const ledger = openSyncLedger(place.folder)
  const told: string[] = []
  const clock = fakeClock()
  const pump = createPump({
    gatewayId: 'gw', organizationId: 'org', ledger, log: fakeLog([...rows]), clock, sink: central.sink, random: () => 0, identifiers: () => canaries, onStatus: (status) => void told.push(JSON.stringify(status)),
  })
  while ((await pump.step(NEVER)).kind !== 'idle') clock.now += 1
  const sent = central.calls.map((call) => call.batchId + Buffer.from(call.body).toString('utf8')).join('\n')
  expect(foundIn(sent + told.join('\n'), canaries)).toEqual([])
  expect(canaries.length).toBeGreaterThan(1_500)
  const events = central.calls.flatMap((call) => bodyOf(call.body).events)
  expect(events.filter((event) => event.eventType === 'vital-signs')).toHaveLength(200)
  expect(events.filter((event) => event.eventType === 'alerts')).toHaveLength(100)
  expect(pump.status()).toMatchObject({ stoppedByScanner: 0, deadLetters: 0, lagRows: 0 })
  ledger.close()
})

it('Control: without the allow-list every canary would leave, so the search finds what there is.', () => {
  const { rows, canaries } = planted()
  expect(foundIn(JSON.stringify(rows), canaries)).toHaveLength(canaries.length)
})

it('Control: without the allow-list the scanner still stops every row.', () => {
  const { rows, canaries } = planted()
  const scanner = createScanner(['gw', EPOCH])
  scanner.learn(canaries)
  expect(rows.filter((row) => scanner.scan(row).kind === 'clean')).toEqual([])
})
