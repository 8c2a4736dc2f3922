// A picture on a canvas: sharp on every screen, read with the mouse or the arrow keys, saved as a file.

import { plots } from '../plots.js'
import { chartTheme } from './chart-theme.js'
import { h } from './dom.js'
import { download } from './download.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */
/** @typedef {import('../wasm/plots').Chart} Chart */
/** @typedef {import('../wasm/plots').Frame} Frame */
/** @typedef {import('../wasm/plots').Drawn} Drawn */

/**
 * What a picture shows, and what of it can be pointed out: things that are counted from 0 on.
 *
 * @typedef {object} Subject
 * @property {Pick<Frame, 'title' | 'xLabel' | 'yLabel'>} words
 * @property {string} summary  the picture in a sentence or two
 * @property {string} hint  what is chosen, and by which keys
 * @property {number} count  of things
 * @property {(frame: Frame, thing?: number) => Chart} chart
 * @property {(thing: number) => string[]} tell
 * @property {(x: number, y: number, drawn: Drawn) => number | undefined} at  the thing at a point
 * @property {(thing: number, drawn: Drawn) => import('../wasm/plots').Area} place
 * @property {(thing: number | undefined) => Record<string, number | undefined>} keys  where each key leads
 * @property {(thing: number) => void} [enter]  where Enter and a click lead
 * @property {boolean} [marked]  whether a frame around the thing points it out: drawing all again would take long
 */

/** Of exported pictures, in CSS pixels and device pixels each. */
const EXPORT = { width: 720, height: 420, scale: 2 }

/**
 * The module that draws, or a failure that says so to the person.
 *
 * @param {OpenContext} context
 */
export function painting({ t }) {
  return plots().catch(error => { throw new Error(t('noPictures', { message: error.message })) })
}

export class Picture {
  #painter
  #subject
  /** @type {Drawn} */
  #drawn = { area: { left: 0, top: 0, right: 0, bottom: 0 }, parts: [] }
  /** @type {number | undefined} */
  #thing
  #canvas = h('canvas', { part: 'canvas', role: 'img' })
  #mark = h('div', { class: 'pointed', hidden: true })
  #tip = h('div', { class: 'tip', part: 'tooltip', hidden: true })

  /**
   * @param {OpenContext} context
   * @param {import('../plots.js').Plots} painter
   * @param {Subject} subject
   */
  constructor(context, painter, subject) {
    this.#painter = painter
    this.#subject = subject
    this.#canvas.setAttribute('aria-label', `${subject.words.title}. ${subject.summary}`)
    this.element = h('div', {
      class: subject.enter ? 'plot leads' : 'plot', role: 'slider', tabindex: 0, 'aria-label': subject.hint, 'aria-valuemin': 1, 'aria-valuemax': subject.count,
      onpointermove: (/** @type {PointerEvent} */ event) => this.#point(event), onpointerleave: () => this.#choose(undefined), onblur: () => this.#choose(undefined),
      onclick: () => this.#enter(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    }, this.#canvas, this.#mark, this.#tip)
    this.#tellValue()
    const resized = new ResizeObserver(() => this.#draw())
    resized.observe(this.element)
    context.signal.addEventListener('abort', () => resized.disconnect())
    context.settings.addEventListener('appearance', () => this.#draw(), { signal: context.signal })
  }

  /**
   * Saves the picture, or the figures behind it.
   *
   * @param {string} name
   * @param {keyof typeof FILES} type
   */
  async save(name, type) {
    const chart = this.#chart(EXPORT)
    download(`${name}.${chart.kind}.${type.toLowerCase()}`, await FILES[type](this.#painter, chart))
  }

  /** @param {Pick<Frame, 'width' | 'height' | 'scale'>} size @param {number} [thing] */
  #chart(size, thing) {
    return this.#subject.chart({ ...this.#subject.words, ...chartTheme(this.element), ...size }, thing)
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.element
    if (width === 0 || height === 0) return
    const scale = devicePixelRatio || 1
    this.#canvas.width = Math.round(width * scale)
    this.#canvas.height = Math.round(height * scale)
    this.#drawn = this.#painter.draw(this.#canvas, this.#chart({ width, height, scale }, this.#thing))
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const { left, top } = this.element.getBoundingClientRect()
    this.#choose(this.#subject.at(event.clientX - left, event.clientY - top, this.#drawn))
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === 'Enter' && this.#enter()) return event.preventDefault()
    const targets = this.#subject.keys(this.#thing)
    if (!(event.key in targets)) return
    event.preventDefault()
    this.#choose(targets[event.key])
  }

  /** Whether what is pointed out leads anywhere. */
  #enter() {
    const { enter } = this.#subject
    if (!enter || this.#thing === undefined) return false
    enter(this.#thing)
    return true
  }

  /** @param {number | undefined} thing */
  #choose(thing) {
    if (thing === this.#thing) return
    this.#thing = thing
    if (!this.#subject.marked) this.#draw()
    this.#tellValue()
    this.#tip.hidden = thing === undefined
    this.#mark.hidden = thing === undefined || !this.#subject.marked
    if (thing === undefined) return
    this.#tip.replaceChildren(...this.#subject.tell(thing).map(line => h('div', {}, line)))
    const { left, right, top, bottom } = this.#subject.place(thing, this.#drawn)
    for (const [side, value] of /** @type {const} */ ([['left', left - 2], ['top', top - 2], ['width', right - left + 4], ['height', bottom - top + 4]])) this.#mark.style[side] = `${value}px`
    const center = (left + right) / 2
    const width = this.#tip.offsetWidth
    // Beside the thing, on the side where there is room.
    const x = center + 14 + width < this.element.clientWidth ? center + 14 : center - 14 - width
    this.#tip.style.left = `${Math.max(0, x)}px`
    this.#tip.style.top = `${Math.min(top + 8, this.element.clientHeight - this.#tip.offsetHeight)}px`
  }

  #tellValue() {
    this.element.setAttribute('aria-valuenow', String((this.#thing ?? 0) + 1))
    this.element.setAttribute('aria-valuetext', this.#thing === undefined ? this.#subject.summary : this.#subject.tell(this.#thing).join(', '))
  }
}

/**
 * The buttons that save a picture.
 *
 * @param {OpenContext} context
 * @param {string} name  of the tensor
 * @param {() => Picture | undefined} picture
 */
export function createExports({ t }, name, picture) {
  return h('span', { class: 'tools', role: 'group', hidden: true }, /** @type {(keyof typeof FILES)[]} */ (Object.keys(FILES)).map(type => h('button', {
    type: 'button', class: 'tool', 'data-export': type.toLowerCase(), 'aria-label': t('exportAs', { type }),
    onclick: () => picture()?.save(name || 'tensor', type),
  }, type)))
}

/** How each type of file is made of a chart. */
const FILES = {
  PNG: toPng,
  SVG: (/** @type {import('../plots.js').Plots} */ painter, /** @type {Chart} */ chart) => new Blob([painter.svg(chart)], { type: 'image/svg+xml' }),
  CSV: (/** @type {import('../plots.js').Plots} */ painter, /** @type {Chart} */ chart) => new Blob([painter.csv(chart)], { type: 'text/csv' }),
}

/**
 * @param {import('../plots.js').Plots} painter
 * @param {Chart} chart
 * @returns {Promise<Blob>}
 */
function toPng(painter, chart) {
  const { width, height, scale } = chart.frame
  const canvas = h('canvas', { width: width * scale, height: height * scale })
  painter.draw(canvas, chart)
  return new Promise((resolve, reject) => canvas.toBlob(blob => blob ? resolve(blob) : reject(new Error('The browser could not make a PNG.')), 'image/png'))
}
