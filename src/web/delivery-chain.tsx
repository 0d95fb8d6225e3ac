import { useEffect, useState } from 'preact/hooks'
import type { AlertView, DeliveryView } from '../api/wire.ts'
import { webLimits } from '../limits.ts'
import { get, paths } from './api.ts'
import { chainOf, stepText } from './delivery.ts'
import { isDeliveries } from './wire-guard.ts'

type Known = { readonly kind: 'asking' } | { readonly kind: 'known'; readonly deliveries: readonly DeliveryView[] } | { readonly kind: 'failed'; readonly why: string }

/** Asked again while it is open: receipts come when they come. `changedAt`: what a person did is asked for at once. */
function useDeliveries({ id, changedAt }: AlertView, isOpen: boolean): Known {
  const [known, setKnown] = useState<Known>({ kind: 'asking' })
  useEffect(() => {
    if (!isOpen) return
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOver = false
    const ask = async (): Promise<void> => {
      const answer = await get(paths.deliveries(id))
      if (isOver) return
      if (answer.kind === 'done') setKnown(isDeliveries(answer.body) ? { kind: 'known', deliveries: answer.body } : { kind: 'failed', why: 'The gateway says something that this page does not understand.' })
      else setKnown({ kind: 'failed', why: answer.why })
      timer = setTimeout(() => void ask(), webLimits.deliveriesEveryMs)
    }
    void ask()
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [id, changedAt, isOpen])
  return known
}

/** Raised → sent → displayed → accepted, of one alert, when somebody asks. */
export function DeliveryChain({ alert }: { readonly alert: AlertView }) {
  const [isOpen, setOpen] = useState(false)
  const known = useDeliveries(alert, isOpen)
  return (
    <details class="delivery" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>How far it came</summary>
      {known.kind === 'asking' && <p>…</p>}
      {known.kind === 'failed' && <p class="failed">{known.why}</p>}
      {known.kind === 'known' && <Steps deliveries={known.deliveries} />}
    </details>
  )
}

function Steps({ deliveries }: { readonly deliveries: readonly DeliveryView[] }) {
  const { steps, failures } = chainOf(deliveries)
  return (
    <>
      <ol class="chain">
        {steps.map((step) => <li key={step.name} data-done={step.at !== null}>{stepText(step)}</li>)}
      </ol>
      {failures.map((failure) => <p key={failure} class="failed">{failure}</p>)}
    </>
  )
}
