/** How far an alert came, in the words of a line: raised → sent → displayed → accepted. Pure. */

import type { DeliveryView } from '../api/wire.ts'
import { clockText } from './age.ts'

/** `at`: when it first came so far; null: it has not. */
export type ChainStep = { readonly name: string; readonly at: number | null; readonly who: readonly string[] }

export type Chain = {
  readonly steps: readonly ChainStep[]
  /** What went wrong since, in a sentence each, the newest first. */
  readonly failures: readonly string[]
}

/** A pager that has it has not been looked at: `delivered` is shown where a way says it, and is no step that every alert takes. */
const STEPS = [
  { step: 'raised', name: 'raised', isAlways: true },
  { step: 'sent', name: 'sent', isAlways: false },
  { step: 'delivered', name: 'delivered', isAlways: false },
  { step: 'displayed', name: 'displayed', isAlways: true },
  { step: 'accepted', name: 'accepted', isAlways: true },
] as const

const receiverText = ({ way, address }: DeliveryView): string => (way === 'screen' ? 'a screen here' : address === '' ? way : `${way} ${address}`)

/** Who is named beside a step: the person where one is known, else the way; raising is our own. */
const whoText = (delivery: DeliveryView): string => (delivery.step === 'raised' ? '' : delivery.by === null ? receiverText(delivery) : delivery.way === 'screen' ? delivery.by : `${delivery.by} (${delivery.way})`)

export function chainOf(deliveries: readonly DeliveryView[]): Chain {
  const sorted = deliveries.toSorted((one, other) => one.at - other.at)
  const steps = STEPS.flatMap(({ step, name, isAlways }): readonly ChainStep[] => {
    const its = sorted.filter((delivery) => delivery.step === step)
    if (its.length === 0 && !isAlways) return []
    return [{ name, at: its[0]?.at ?? null, who: [...new Set(its.map(whoText))].filter((who) => who !== '') }]
  })
  const failures = sorted.filter(({ step }) => step === 'failed').map((one) => `${clockText(one.at)} ${receiverText(one)} failed${one.note === null ? '' : `: ${one.note}`}`)
  return { steps, failures: failures.toReversed() }
}

export const stepText = ({ name, at, who }: ChainStep): string =>
  at === null ? `not ${name}` : `${name} ${clockText(at)}${who.length === 0 ? '' : ` ${who.join(', ')}`}`
