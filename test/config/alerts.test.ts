import { expect, it } from 'vitest'
import { lifecycleSettings } from '../../src/config/alerts.ts'
import { parseSite } from '../../src/config/load.ts'
import { alertLimits } from '../../src/limits.ts'

const SITE = "gateway: { id: gw, ward: Ward, data: /nowhere }\nbeds: [{ id: bed-1, label: '1' }]\nlinks: [{ kind: mllp-listen, id: in, port: 0 }]\n"
const parsed = (alerts: string) => parseSite(`${SITE}${alerts}\n`, 'site.yaml')

it('a site that says nothing leaves simple limits to the monitor, and its acknowledgements hold as long as NEWS2 would have a patient seen', () => {
  const loaded = parsed('')
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join())
  expect(loaded.site.alerts.besideMonitor).toBe('quiet')
  expect(lifecycleSettings(loaded.site.alerts).acknowledgedMs).toEqual({ high: alertLimits.acknowledgedHighMs, medium: alertLimits.acknowledgedMediumMs, low: alertLimits.acknowledgedLowMs })
})

it('an acknowledgement that would hold too long is refused', () => {
  expect(parsed(`alerts: { acknowledgedMinutes: { high: ${alertLimits.acknowledgedMinutesMax} } }`).kind).toBe('ok')
  expect(parsed(`alerts: { acknowledgedMinutes: { high: ${alertLimits.acknowledgedMinutesMax + 1} } }`).kind).toBe('wrong')
})
