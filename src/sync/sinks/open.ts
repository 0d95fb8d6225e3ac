/** From what the configuration says of a sink to the sink. Libraries are loaded for those that are named, and for no others. */

import type { Sink } from '../../seams.ts'
import type { LaneName } from '../lanes.ts'
import type { SinkMemory } from '../ledger.ts'
import type { Certificate } from './http.ts'
import type { NatsLogin } from './nats-jetstream.ts'
import type { OruHeader, StayIdentity } from './oru.ts'
import type { TlsSpec } from './tls.ts'

/** Plain data, for it is copied to the thread; secrets are read. */
export type SinkSpec =
  | {
      readonly kind: 'https-batch'
      readonly url: string
      readonly token: string
      readonly ca: string | null
      readonly certificate: Certificate | null
      readonly compression: 'gzip' | 'zstd'
    }
  | {
      readonly kind: 'patients-api'
      readonly url: string
      readonly token: string
      readonly ca: string | null
      readonly certificate: Certificate | null
      readonly freshMs: number
      readonly everyMs: number
      readonly placeholders: Readonly<Record<string, string>>
    }
  | {
      readonly kind: 'kafka'
      readonly brokers: readonly string[]
      readonly tls: TlsSpec | null
      readonly sasl: { readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; readonly username: string; readonly password: string } | null
      readonly topicPrefix: string
    }
  | {
      readonly kind: 'nats-jetstream'
      readonly servers: readonly string[]
      readonly tls: TlsSpec | null
      readonly login: NatsLogin
    }
  | { readonly kind: 'postgres'; readonly url: string; readonly password: string | null; readonly tls: TlsSpec | null }
  | { readonly kind: 'hl7-oru'; readonly host: string; readonly port: number; readonly tls: TlsSpec | null; readonly header: OruHeader }

export type SinkKind = SinkSpec['kind']

/** The lane of a kind of sink where the site names none: what leaves the hospital may be of the release lane instead. */
export const LANE_OF: Readonly<Record<SinkKind, LaneName>> = {
  'https-batch': 'live', 'patients-api': 'live', kafka: 'live', 'nats-jetstream': 'live', postgres: 'live', 'hl7-oru': 'hospital',
}

export type OpenParts = {
  readonly id: string
  readonly organizationId: string
  /** Drawn at each start of the gateway; null for a sink that must not say which gateway it is. */
  readonly instance: string | null
  readonly memory: SinkMemory
  readonly identityOf: (stay: string) => StayIdentity | null
}

export type OpenSink = Sink & { close(): void | Promise<void> }

/** A sink that is set up wrongly pauses and says why: the others send on. */
export async function openSink(spec: SinkSpec, parts: OpenParts): Promise<OpenSink> {
  try {
    return await made(spec, parts)
  } catch (error) {
    // What the setting says is the engineer's to mend; anything else is a bug.
    if (!(error instanceof RangeError)) throw error
    return refusing(parts.id, error.message)
  }
}

async function made(spec: SinkSpec, { id, organizationId, instance, memory, identityOf }: OpenParts): Promise<OpenSink> {
  switch (spec.kind) {
    case 'https-batch': {
      const { createHttpsBatch } = await import('./https-batch.ts')
      return createHttpsBatch({ ...spec, id, ...(instance === null ? {} : { instance }) })
    }
    case 'patients-api': {
      const { createPatientsApi } = await import('./patients-api.ts')
      return createPatientsApi({ ...spec, id, memory })
    }
    case 'kafka': {
      const { createKafka } = await import('./kafka.ts')
      return createKafka({ ...spec, id })
    }
    case 'nats-jetstream': {
      const { createNatsJetstream } = await import('./nats-jetstream.ts')
      return createNatsJetstream({ ...spec, id, organizationId })
    }
    case 'postgres': {
      const { createPostgres } = await import('./postgres.ts')
      return createPostgres({ ...spec, id })
    }
    case 'hl7-oru': {
      const { createHl7Oru } = await import('./hl7-oru.ts')
      return createHl7Oru({ ...spec, id, memory, identityOf })
    }
  }
}

const refusing = (id: string, why: string): OpenSink => ({
  id,
  send: () => Promise.resolve({ kind: 'refused', how: 'pause', why }),
  close: () => undefined,
})
