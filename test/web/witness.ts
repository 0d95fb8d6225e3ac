/** Sits in a page and notes what it shows and what it plays, when, by the page's own clock: a driver from outside would add its delay. */

import type { Page } from 'playwright-core'

/** Times are of Date.now() of this machine, which page and test share. */
export type Sight = {
  readonly at: number
  /** NOT RECEIVING stands over the whole width, in red. */
  readonly banner: boolean
  /** Cells whose number is shown as current, and those that show a number at all. */
  readonly live: number
  readonly shown: number
}

/** Stays with the page from its first script on. Needs a page that lets a test past its CSP. */
export async function witness(page: Page): Promise<void> {
  await page.addInitScript(watch)
  await page.addInitScript(listen)
}

/** Every change of what is to be seen since `from`. */
export const sightsOf = (page: Page, from: number): Promise<readonly Sight[]> =>
  page.evaluate((since) => (Reflect.get(window, 'sights') as Sight[]).filter(({ at }) => at >= since), from)

/** What is to be seen now; null before anything was. */
export const lastSightOf = (page: Page): Promise<Sight | null> => page.evaluate(() => (Reflect.get(window, 'sights') as Sight[]).at(-1) ?? null)

/** When something was loud since `from`, in pieces of 23 ms: the time at which it began. */
export const soundsOf = (page: Page, from: number): Promise<readonly number[]> =>
  page.evaluate((since) => (Reflect.get(window, 'heard') as number[]).filter((at) => at >= since), from)

function watch(): void {
  const sights: Sight[] = []
  Reflect.set(window, 'sights', sights)
  const isRed = (colour: string): boolean => {
    const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number)
    return red > 180 && green < 60 && blue < 60
  }
  const look = (): void => {
    const element = document.querySelector('.silence')
    const box = element?.getBoundingClientRect()
    const banner = element !== null && box !== undefined && box.width >= window.innerWidth - 1 && box.height > 0 && isRed(getComputedStyle(element).backgroundColor)
    const count = (selector: string): number => document.querySelectorAll(selector).length
    const seen = { banner, live: count('.cell[data-freshness="live"]'), shown: count('.cell[data-freshness="live"], .cell[data-freshness="stale"]') }
    const last = sights.at(-1)
    if (last?.banner !== seen.banner || last.live !== seen.live || last.shown !== seen.shown) sights.push({ at: Date.now(), ...seen })
    if (sights.length > 5_000) sights.splice(0, 1_000)
  }
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-freshness', 'class'] })
}

function listen(): void {
  const heard: number[] = []
  Reflect.set(window, 'heard', heard)
  const EAR = `registerProcessor('ear', class extends AudioWorkletProcessor {
    peak = 0; blocks = 0; began = 0
    process([[samples]]) {
      if (this.blocks === 0) this.began = currentTime
      if (samples) for (const sample of samples) this.peak = Math.max(this.peak, Math.abs(sample))
      if (++this.blocks < 8) return true
      if (this.peak > 0.02) this.port.postMessage(this.began)
      this.blocks = 0
      this.peak = 0
      return true
    }
  })`
  async function hear(context: AudioContext, node: AudioNode): Promise<void> {
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([EAR], { type: 'text/javascript' })))
    const ear = new AudioWorkletNode(context, 'ear')
    ear.port.onmessage = ({ data }: MessageEvent<number>) => {
      // The audio clock and the page's, told together; the message itself may come late.
      const stamp = context.getOutputTimestamp()
      heard.push(performance.timeOrigin + (stamp.performanceTime ?? 0) + (data - (stamp.contextTime ?? 0)) * 1_000)
      if (heard.length > 50_000) heard.splice(0, 10_000)
    }
    Reflect.apply(connect, node, [ear])
  }
  // The wrapped method keeps its own receiver.
  // oxlint-disable-next-line typescript/unbound-method
  const { connect } = AudioNode.prototype
  Reflect.set(AudioNode.prototype, 'connect', function (this: AudioNode, ...target: readonly unknown[]): unknown {
    if (target[0] instanceof AudioDestinationNode && this.context instanceof AudioContext) void hear(this.context, this)
    return Reflect.apply(connect, this, target)
  })
}
