/**
 * The reference central: a small, real backend with the contract of the platform, for demos, tests and trying out a gateway.
 * It stores exactly what comes; keeping identifiers away from it is the gateway's business.
 */

import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { centralLimits } from '../../src/limits.ts'
import type { Clock } from '../../src/seams.ts'
import { accessBy } from './access.ts'
import { createFaults } from './faults.ts'
import { openLive } from './live.ts'
import { latestOf } from './read.ts'
import { addApi, addControl, addPages, refuse, suffer } from './routes.ts'
import type { Central } from './routes.ts'
import { migrate } from './schema.ts'
import { openDatabase } from './sql.ts'
import type { Place } from './sql.ts'

export type CentralOptions = {
  /** 0 for any free port. */
  readonly port: number
  readonly host: string
  /** At least 16 characters. */
  readonly token: string
  /** postgresql:// address; wins over dataFolder. */
  readonly databaseUrl?: string | undefined
  /** Where PGlite keeps its files; without either, in memory. */
  readonly dataFolder?: string | undefined
  readonly clock: Clock
  /** Lines for the operator, never with anything from a batch. */
  readonly note: (line: string) => void
}

export type RunningCentral = {
  /** `http://127.0.0.1:40001`, without a slash at the end. */
  readonly url: string
  /** A batch half written is rolled back: its sender got no answer and sends it again. */
  readonly close: () => Promise<void>
}

/** @throws Error with a sentence when the port is taken, the folder is in use or the database does not open. */
export async function startCentral({ port, host, token, databaseUrl, dataFolder, clock, note }: CentralOptions): Promise<RunningCentral> {
  const access = accessBy(token)
  const database = await openDatabase(placeOf(databaseUrl, dataFolder), note)
  const stopping = new AbortController()
  const app = createApp(note, stopping.signal)
  try {
    await migrate(database)
    const live = openLive({
      server: app.server, clock, note, stop: stopping.signal, mayEnter: access.isBearer,
      metrics: () => latestOf(database, null),
    })
    const central: Central = { database, clock, stop: stopping.signal, access, faults: createFaults(), live }
    await addRoutes(app, central)
    await app.listen({ port, host })
    const idle = countRequests(app)
    return { url: urlOf(app, host), close: closeOnce(async () => {
      stopping.abort(new Error('central is stopping'))
      await live.close()
      await app.close()
      await idle()
      await database.close()
    }) }
  } catch (error) {
    stopping.abort()
    await app.close()
    await database.close()
    throw error
  }
}

function placeOf(databaseUrl: string | undefined, dataFolder: string | undefined): Place {
  if (databaseUrl !== undefined) return { kind: 'url', url: databaseUrl }
  return dataFolder === undefined ? { kind: 'memory' } : { kind: 'folder', folder: dataFolder }
}
