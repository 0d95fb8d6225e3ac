import { wardBanner } from './house.ts'
import { useStation } from './station.ts'

/** Who looks at any screen of a ward that is not live must know it first. */
export function WardBanner() {
  const { receiver, route } = useStation()
  const watching = receiver.ward.value?.gateway.watching
  const banner = wardBanner(watching, receiver.moment.value.server ?? watching?.since ?? 0)
  if (banner === null || route.value === 'login') return null
  return (
    <p class="ward-mode" role="note" data-mode={watching?.mode}>
      <strong>{banner.head}</strong> <span>{banner.words}</span>
    </p>
  )
}
