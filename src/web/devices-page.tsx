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
          <table class="devices">
            <thead>
              <tr>
                <th scope="col">Device</th>
                <th scope="col">Link</th>
                <th scope="col">Bed</th>
                <th scope="col">Last frame</th>
                <th scope="col">Driver</th>
                <th scope="col">Clock</th>
                <th scope="col" class="count-cell">Good</th>
                <th scope="col" class="count-cell">Bad</th>
                <th scope="col" class="count-cell">Skipped</th>
                <th scope="col" class="count-cell">Quarantined</th>
                <th scope="col" class="count-cell">Waveforms</th>
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
  const link = reception === 'receiving' ? device.link : 'unknown'
  const age = device.lastFrameAt === null ? 'never' : server === null ? '' : agoText(server - device.lastFrameAt)
  return (
    <tr>
      <th scope="row">{device.id}</th>
      <td><span class="link-state" data-link={link}>{link === 'unknown' ? 'not known' : linkText(link)}</span></td>
      <td data-unbound={device.bed === null}>{device.bed === null ? 'not bound' : bedText(bed?.label ?? device.bed)}</td>
      <td>{age}</td>
      <td>{device.driver}</td>
      <td class="clock-cell">{deviceClockText(device.clock ?? null, server)}</td>
      {[good, bad, skipped, quarantined].map((count, index) => (
        <td key={index} class="count-cell" data-trouble={(index === 1 || index === 3) && count > 0}>{count.toLocaleString('en-GB')}</td>
      ))}
      <td class="count-cell">{wavesText(device.waves)}</td>
      <td class="note-cell">{device.note}</td>
    </tr>
  )
}
