/** The ways out that a site names, made from its settings. */

import type { Logger } from 'pino'
import type { Site, SecretSetting, WayOutSetting } from '../../config/schema.ts'
import type { Alert } from '../../domain/alert.ts'
import type { OpenResult, Target } from '../../links/ports.ts'
import type { Clock } from '../../seams.ts'
import { espaSession } from './espa.ts'
import { hl7Way } from './hl7.ts'
import { type MailTransport, mailWay } from './mail.ts'
import { pagerWay } from './pager-way.ts'
import { tapSession } from './tap.ts'
import { webhookWay } from './webhook.ts'
import type { FarWord, Way } from './way.ts'
import type { WaySetting } from './ways.ts'

export type MailServer = Extract<WayOutSetting, { kind: 'mail' }> & { readonly secret: string | null }

export type ConfiguredParts = {
  readonly gateway: Pick<Site['gateway'], 'id' | 'ward'>
  readonly clock: Clock
  readonly log: Logger
  /** @throws Error with a sentence that names where the secret should be. */
  readonly secretOf: (secret: SecretSetting) => string
  /** Text of a file that the site names. */
  readonly fileOf: (path: string) => string
  readonly openPort: (target: Target, heard: (bytes: Uint8Array) => void) => Promise<OpenResult>
  /** In place of SMTP, for tests. */
  readonly mailTransport?: (server: MailServer) => MailTransport
  /** Medical record number of the patient whose alert it is; null when it is not known. */
  readonly mrnOf: (alert: Alert) => string | null
}

export async function configuredWays({ ways, failAfterSeconds }: Site['notify'], parts: ConfiguredParts): Promise<readonly WaySetting[]> {
  return Promise.all(ways.map(async (setting) => {
    const { sends, patientData } = setting
    return {
      way: await wayOf(setting, parts),
      sends: { types: sends.types, priorities: sends.priorities, beds: sends.beds ?? null },
      // One mail goes to all of its readers; pagers are called one by one.
      addresses: setting.kind === 'espa' || setting.kind === 'tap' ? setting.to : [],
      endings: 'endings' in setting ? setting.endings : true,
      patientData,
      failingAfterMs: failAfterSeconds * 1_000,
    }
  }))
}

async function wayOf(setting: WayOutSetting, parts: ConfiguredParts): Promise<Way> {
  const { gateway, clock, log, secretOf, fileOf, mailTransport, mrnOf } = parts
  const { id, patientData } = setting
  const secret = (given: SecretSetting | undefined): string | null => (given === undefined ? null : secretOf(given))
  const common = { id, gatewayId: gateway.id, patientData, clock }
  switch (setting.kind) {
    case 'webhook':
      return webhookWay({ ...common, url: setting.url, style: setting.style, secret: secret(setting.secret) })
    case 'mail': {
      const transportOf = mailTransport ?? (await import('./smtp.ts')).smtpTransport
      return mailWay({ ...common, from: setting.from, to: setting.to, transport: transportOf({ ...setting, secret: secret(setting.password) }) })
    }
    case 'mqtt': {
      // The library is heavy, and a site without this way starts sooner without it.
      const { mqttWay } = await import('./mqtt.ts')
      const { url, clientId, topic, username = null, ca } = setting
      return mqttWay({ ...common, url, clientId, topic, username, password: secret(setting.password), ca: ca === undefined ? null : fileOf(ca) })
    }
    case 'hl7-pcd04': {
      const { host, port, tls, receivingApplication, receivingFacility, statusListener = null } = setting
      return hl7Way({
        ...common, ward: gateway.ward, host, port, receivingApplication, receivingFacility, statusListener, mrnOf, log,
        tls: tls === undefined ? null : { ca: tls.ca === undefined ? null : fileOf(tls.ca) },
      })
    }
    case 'espa': {
      const { role, ownAddress, pagingAddress, transmissions, polls, beep, textChars } = setting
      const coding = { alarm: beep.high, high: beep.medium, normal: beep.low }
      const session = () => espaSession({ role, ownAddress, pagingAddress, transmissions, polls, beep: coding })
      return pagerWay({ ...common, log, session, textCharsMax: textChars, statuses: statusesOf(setting.statuses), open: openerOf(setting.line, parts) })
    }
    case 'tap': {
      const password = secret(setting.password) ?? ''
      return pagerWay({ ...common, log, session: () => tapSession({ password }), textCharsMax: setting.textChars, statuses: new Map(), open: openerOf(setting.line, parts) })
    }
  }
}

type LineSetting = Extract<WayOutSetting, { kind: 'espa' }>['line']

function openerOf(line: LineSetting, { openPort }: ConfiguredParts): (heard: (bytes: Uint8Array) => void) => Promise<OpenResult> {
  if ('host' in line) return (heard) => openPort({ kind: 'tcp', host: line.host, port: line.port }, heard)
  const { path, ...settings } = line
  return (heard) => openPort({ kind: 'serial', path, line: settings }, heard)
}

function statusesOf(statuses: Extract<WayOutSetting, { kind: 'espa' }>['statuses']): ReadonlyMap<string, FarWord['step']> {
  const steps = ['delivered', 'displayed', 'accepted', 'failed'] as const
  return new Map(steps.flatMap((step) => (statuses[step] ?? []).map((status) => [status, step] as const)))
}
