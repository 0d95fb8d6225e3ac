import { useEffect, useRef, useState } from 'preact/hooks'
import type { AlertView } from '../api/wire.ts'
import { newsIn } from './order.ts'
import { useStation } from './station.ts'
import { priorityText, subjectText } from './words.ts'

const sentenceOf = (alert: AlertView): string => `${priorityText(alert.priority)} priority. ${subjectText(alert)}: ${alert.text}.`

/** Reads new and risen alerts to those who listen to the page: high ones at once, the rest when there is a pause. */
export function AlertAnnouncer() {
  const { receiver } = useStation()
  const alerts = receiver.ward.value?.alerts
  const known = useRef<ReadonlyMap<string, AlertView>>(new Map())
  const [words, setWords] = useState({ urgent: '', calm: '' })
  useEffect(() => {
    if (alerts === undefined) return
    const news = newsIn(known.current, alerts)
    known.current = alerts
    if (news.length === 0) return
    setWords({
      urgent: news.filter((alert) => alert.priority === 'high').map(sentenceOf).join(' '),
      calm: news.filter((alert) => alert.priority !== 'high').map(sentenceOf).join(' '),
    })
  }, [alerts])
  return (
    <>
      <p class="heard" aria-live="assertive">{words.urgent}</p>
      <p class="heard" aria-live="polite">{words.calm}</p>
    </>
  )
}
