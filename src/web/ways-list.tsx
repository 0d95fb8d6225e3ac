import { useState } from 'preact/hooks'
import type { WayView } from '../api/wire.ts'
import { agoText } from './age.ts'
import { paths, post } from './api.ts'
import { useStation } from './station.ts'
import { wayText } from './words.ts'

/** The ways out of alerts beside the screens: whether each works, and a test that is marked as one. */
export function WaysList() {
  const { receiver } = useStation()
  const ways = receiver.ward.value?.gateway.ways ?? []
  return (
    <section class="ways" aria-label="Ways out">
      <h2>Ways out of alerts</h2>
      {ways.length === 0 ? (
        <p class="empty">None beside the screens: name them under “notify” in the site's configuration.</p>
      ) : (
        <div class="table-box" tabIndex={0} role="region" aria-label="Ways out of alerts">
          <table class="devices">
            <thead>
              <tr>
                <th scope="col">Way</th>
                <th scope="col">State</th>
                <th scope="col">Last sent</th>
                <th scope="col" class="count-cell">Waiting</th>
                <th scope="col">Note</th>
                <th scope="col">Test</th>
              </tr>
            </thead>
            <tbody>{ways.map((way) => <WayRow key={way.id} way={way} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function WayRow({ way }: { readonly way: WayView }) {
  const { receiver } = useStation()
  const { server, reception } = receiver.moment.value
  const [said, say] = useState('')
  const state = reception === 'receiving' ? way.state : 'unknown'
  const test = async (): Promise<void> => {
    say('Sending…')
    const answer = await post(paths.testWay(way.id), {})
    say(answer.kind === 'done' ? 'Sent: look at the receiver.' : answer.why)
  }
  return (
    <tr>
      <th scope="row">{way.id}</th>
      <td><span class="link-state" data-link={LIKE[state]}>{wayText(state)}</span></td>
      <td>{way.lastSentAt === null ? 'not since the start' : server === null ? '' : agoText(server - way.lastSentAt)}</td>
      <td class="count-cell">{way.waiting}</td>
      <td class="note-cell">{way.why}</td>
      <td><button type="button" onClick={() => void test()} disabled={said === 'Sending…'}>Send a test</button> <span role="status">{said}</span></td>
    </tr>
  )
}

/** Drawn as the state of a device is. */
const LIKE = { works: 'live', troubled: 'silent', failing: 'down', unknown: 'unknown' } as const
