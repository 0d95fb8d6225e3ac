import type { BedView, DeviceView } from '../api/wire.ts'
import { agoText } from './age.ts'
import { useStation } from './station.ts'
import { WaysList } from './ways-list.tsx'
import { bedText, deviceClockText, linkText, mayOpenDevices, wavesText } from './words.ts'

/** For whoever mends things: each device, how it speaks, and what came of it. */
export function DevicesPage() {
  const { receiver } = useStation()
  const ward = receiver.ward.value
  if (ward === null) return <main class="page"><p class="empty large">Waiting for the gateway.</p></main>
  if (!mayOpenDevices(ward.you.role)) return <main class="page"><p class="empty large">This page is for biomedical engineers and administrators.</p></main>
  return (
    <main class="page">
      <h2>Devices</h2>
      {ward.devices.length === 0 ? (
        <p class="empty large">No devices yet: name them under “devices” in the site's configuration, or let one send. An unknown one appears here, unbound.</p>
      ) : (
        <div class="table-box" tabIndex={0} role="region" aria-label="Devices">
          <table class="devices stacks">
            <thead>
              <tr>
                {['Device', 'Link', 'Bed', 'Last frame', 'Driver', 'Clock'].map((title) => <th key={title} scope="col">{title}</th>)}
                {['Good', 'Bad', 'Skipped', 'Quarantined', 'Waveforms'].map((title) => <th key={title} scope="col" class="count-cell">{title}</th>)}
                <th scope="col">Note</th>
              </tr>
            </thead>
            <tbody>{ward.devices.map((device) => <DeviceRow key={device.id} device={device} beds={ward.beds} />)}</tbody>
          </table>
        </div>
      )}
      <WaysList />
    </main>
  )
}

function DeviceRow({ device, beds }: { readonly device: DeviceView; readonly beds: readonly BedView[] }) {
  const { receiver } = useStation()
  const { server, reception } = receiver.moment.value
  const bed = beds.find((one) => one.id === device.bed)
  const { good, bad, skipped, quarantined } = device.frames
  const counts = [['Good', good], ['Bad', bad], ['Skipped', skipped], ['Quarantined', quarantined]] as const
  const link = reception === 'receiving' ? device.link : 'unknown'
  const age = device.lastFrameAt === null ? 'never' : server === null ? '' : agoText(server - device.lastFrameAt)
  return (
    <tr>
      <th scope="row">{device.id}</th>
      <td data-label=""><span class="link-state" data-link={link}>{link === 'unknown' ? 'not known' : linkText(link)}</span></td>
      <td data-label="" data-unbound={device.bed === null}>{device.bed === null ? 'not bound' : bedText(bed?.label ?? device.bed)}</td>
      <td data-label="Last frame">{age}</td>
      <td data-label="Driver">{device.driver}</td>
      <td data-label="Clock" class="clock-cell">{deviceClockText(device.clock ?? null, server)}</td>
      {counts.map(([title, count]) => (
        <td key={title} data-label={title} class="count-cell" data-trouble={(title === 'Bad' || title === 'Quarantined') && count > 0}>{count.toLocaleString('en-GB')}</td>
      ))}
      <td data-label="Waveforms" class="count-cell">{wavesText(device.waves)}</td>
      <td data-label="" class="note-cell">{device.note}</td>
    </tr>
  )
}
