/** Whom an escalation calls beside the screens: pagers of the people it tells, and of the team. Pure but for the calls it makes. */

import type { Alert, AlertEvent, EscalationLevel } from '../domain/alert.ts'
import type { Delivery } from '../domain/delivery.ts'
import type { AlertId } from '../domain/ids.ts'
import type { Ways } from './ways/ways.ts'

type Call = { readonly way: string; readonly address: string }

/** People sign in as they like to write themselves: accounts are lower case, settings are written by hand. */
const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

export type CallSetting = {
  readonly people: readonly (Call & { readonly name: string })[]
  readonly team?: { readonly calls: readonly Call[] } | undefined
}

export type EscalationCalls = {
  /** Alert events, the moment they happen. */
  publish(events: readonly AlertEvent[]): void
  /** After a restart: who was told of what is still unanswered, and whose call never left, is called again. */
  resume(open: Iterable<Alert>): void
}

/** `missed`: a call that no way took. */
export function escalationCalls(setting: CallSetting, ways: Pick<Ways, 'call' | 'deliveries'>, missed: (call: Call & { readonly alert: AlertId }) => void): EscalationCalls {
  const callsOf = (level: EscalationLevel, to: string | null): readonly Call[] => (level === 'team' ? (setting.team?.calls ?? []) : setting.people.filter(({ name }) => to !== null && isSame(name, to)))
  const make = ({ way, address }: Call, alert: AlertId): void => {
    if (!ways.call(way, address, alert)) missed({ way, address, alert })
  }
  return {
    publish(events) {
      for (const event of events) if (event.kind === 'escalated') for (const call of callsOf(event.level, event.to)) make(call, event.alertId)
    },
    resume(open) {
      for (const { id, state, priority, acknowledged, escalated = [] } of open) {
        if (state !== 'active' || priority !== 'high' || acknowledged !== null) continue
        for (const { level, to, at } of escalated) {
          const left = ({ way, address }: Call): boolean => ways.deliveries(id).some((one: Delivery) => one.step === 'sent' && one.way === way && one.address === address && one.at >= at)
          for (const call of callsOf(level, to)) if (!left(call)) make(call, id)
        }
      }
    },
  }
}
