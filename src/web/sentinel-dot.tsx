import { useEffect } from 'preact/hooks'
import type { SentinelView } from '../api/wire.ts'
import { useStation } from './station.ts'
import { sentinelText } from './words.ts'

/** That an alert comes all the way to this screen: tried each minute with one of nobody, and said back as for any other. */
export function SentinelDot() {
  const { receiver } = useStation()
  const ward = receiver.ward.value
  const { reception } = receiver.moment.value
  useReceipt(ward?.sentinel?.id ?? null)
  const sentinel: SentinelView | undefined = ward?.gateway.sentinel
  if (sentinel === undefined) return null
  const known = reception === 'receiving' ? sentinel : null
  return (
    <span class="sentinel" data-state={known?.kind ?? 'unknown'} title="Each minute a synthetic patient desaturates: whether its alert comes from the bytes of a monitor to this screen.">
      <span>{sentinelText(known)}</span>
    </span>
  )
}

function useReceipt(alert: string | null): void {
  const { receiver } = useStation()
  const { link } = receiver.connection.value
  useEffect(() => {
    if (alert === null) return undefined
    const tell = (): void => void requestAnimationFrame(() => setTimeout(() => receiver.sentinelDisplayed(alert)))
    tell()
    document.addEventListener('visibilitychange', tell)
    return () => document.removeEventListener('visibilitychange', tell)
  }, [alert, link.kind])
}
