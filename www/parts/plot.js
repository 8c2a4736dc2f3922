// The canvas with a histogram: sharp on every screen, read with the mouse or the arrow keys.

import { chartTheme } from './chart-theme.js'
import { h } from './dom.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../types').Histogram} Histogram */
/** What is said about a chart besides its figures. @typedef {{ title: string, xLabel: string, yLabel: string, logY: boolean }} Wording */

export class Plot {
  #context
  #painter
  #histogram
  #wording
  /** @type {import('../wasm/plots').PlotArea} */
  #area = { left: 0, top: 0, right: 0, bottom: 0 }
  /** @type {number | undefined} */
  #bin
  #total
  #canvas = h('canvas', { part: 'canvas', role: 'img' })
  #tip = h('div', { class: 'tip', part: 'tooltip', hidden: true })

  /**
   * @param {OpenContext} context
   * @param {import('../plots.js').Plots} painter
   * @param {Histogram} histogram
   * @param {Wording} wording
   */
  constructor(context, painter, histogram, wording) {
    this.#context = context
    this.#painter = painter
    this.#histogram = histogram
    this.#wording = wording
    this.#total = histogram.counts.reduce((sum, count) => sum + count, histogram.below + histogram.above)
    this.#canvas.setAttribute('aria-label', `${wording.title}. ${this.summary()}`)
    this.element = h('div', {
      class: 'plot', role: 'slider', tabindex: 0, 'aria-label': context.t('chooseBin'), 'aria-valuemin': 1, 'aria-valuemax': histogram.counts.length,
      onpointermove: (/** @type {PointerEvent} */ event) => this.#point(event), onpointerleave: () => this.#hover(undefined), onblur: () => this.#hover(undefined),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    }, this.#canvas, this.#tip)
    this.#tellValue()
    const resized = new ResizeObserver(() => this.#draw())
    resized.observe(this.element)
    context.signal.addEventListener('abort', () => resized.disconnect())
    context.settings.addEventListener('appearance', () => this.#draw(), { signal: context.signal })
  }

  /** The histogram in a sentence or two. */
  summary() {
    const { t, numbers } = this.#context
    const { edges, counts, below, above } = this.#histogram
    const mode = counts.indexOf(counts.reduce((most, count) => Math.max(most, count), 0))
    const text = t('plotSummary', {
      bins: counts.length, low: numbers.significant(edges[0]), high: numbers.significant(edges[counts.length]),
      modeLow: numbers.significant(edges[mode]), modeHigh: numbers.significant(edges[mode + 1]), percent: numbers.percent(counts[mode] / (this.#total || 1)),
    })
    return below + above === 0 ? text : `${text} ${t('plotOutside', { below: numbers.exact(below), above: numbers.exact(above) })}`
  }

  /**
   * @param {number} width
   * @param {number} height
   * @param {number} scale
   * @returns {import('../wasm/plots').Chart}
   */
  chart(width, height, scale) {
    const { edges, counts } = this.#histogram
    return { kind: 'histogram', ...this.#wording, ...chartTheme(this.element), edges, counts, width, height, scale }
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.element
    if (width === 0 || height === 0) return
    const scale = devicePixelRatio || 1
    this.#canvas.width = Math.round(width * scale)
    this.#canvas.height = Math.round(height * scale)
    const chart = this.chart(width, height, scale)
    if (this.#bin !== undefined) chart.hover = this.#bin
    this.#area = this.#painter.draw(this.#canvas, chart)
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const { left, right } = this.#area
    const x = event.clientX - this.element.getBoundingClientRect().left
    const bins = this.#histogram.counts.length
    const bin = Math.floor((x - left) / (right - left) * bins)
    this.#hover(bin >= 0 && bin < bins ? bin : undefined)
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const last = this.#histogram.counts.length - 1
    const at = this.#bin
    /** @type {Record<string, number | undefined>} */
    const targets = { ArrowRight: at === undefined ? 0 : Math.min(last, at + 1), ArrowLeft: at === undefined ? last : Math.max(0, at - 1), Home: 0, End: last, Escape: undefined }
    if (!(event.key in targets)) return
    event.preventDefault()
    this.#hover(targets[event.key])
  }

  /** @param {number | undefined} bin */
  #hover(bin) {
    if (bin === this.#bin) return
    this.#bin = bin
    this.#draw()
    this.#tellValue()
    this.#tip.hidden = bin === undefined
    if (bin === undefined) return
    const { left, right, top } = this.#area
    this.#tip.replaceChildren(...this.#words(bin).map(line => h('div', {}, line)))
    const center = left + (bin + 0.5) / this.#histogram.counts.length * (right - left)
    const half = this.#tip.offsetWidth / 2
    // Beside the bar, on the side where there is room.
    const x = center + 14 + 2 * half < this.element.clientWidth ? center + 14 : center - 14 - 2 * half
    this.#tip.style.left = `${Math.max(0, x)}px`
    this.#tip.style.top = `${top + 8}px`
  }

  #tellValue() {
    this.element.setAttribute('aria-valuenow', String((this.#bin ?? 0) + 1))
    this.element.setAttribute('aria-valuetext', this.#bin === undefined ? this.summary() : this.#words(this.#bin).join(', '))
  }

  /** @param {number} bin */
  #words(bin) {
    const { t, numbers } = this.#context
    const { edges, counts } = this.#histogram
    const percent = numbers.percent(counts[bin] / (this.#total || 1))
    return [
      t('bin', { low: numbers.significant(edges[bin]), high: numbers.significant(edges[bin + 1]) }),
      t('binCount', { count: numbers.exact(counts[bin]), percent }, counts[bin]),
    ]
  }
}
