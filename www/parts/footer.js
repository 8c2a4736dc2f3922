// The line at the bottom: the analysis that runs, or what one can start.

import { isAbort } from '../errors.js'
import { h } from './dom.js'

/** @typedef {import('./context.js').OpenContext} OpenContext */

/** A rate is told once it rests on this much time. */
const RATE_AFTER_MS = 400

/**
 * @param {OpenContext} context
 * @param {(progress: import('../types').Progress) => void} onProgress
 * @returns {HTMLElement}
 */
export function createFooter(context, onProgress) {
  const { host, t, session, settings, signal } = context
  const element = h('footer', { part: 'footer' })
  const bar = h('progress', { max: 1, value: 0 })
  const task = h('span', { class: 'task' })
  const figures = h('span', { class: 'figures' })
  const status = h('span', { class: 'status', role: 'status' })
  const start = h('button', { type: 'button', class: 'tool', 'data-action': 'analyse', onclick: run })
  const cancel = h('button', { type: 'button', class: 'tool', 'data-action': 'cancel', onclick: () => session.cancel() }, t('cancel'))
  const space = h('span', { class: 'space' })
  const label = () => { start.textContent = t(host.filter.trim() === '' ? 'analyseAll' : 'analyseMatches') }

  async function run() {
    try {
      await session.analyze(host.filter, onProgress)
    } catch (error) {
      if (!isAbort(error)) context.report(/** @type {Error} */ (error))
    }
  }

  function show() {
    const running = session.run
    // A pressed button gives way to the other one, or to the table.
    const held = element.matches(':focus-within')
    place(running)
    if (!held || element.matches(':focus-within')) return
    if (!running && start.hidden) settings.dispatchEvent(new Event('focus'))
    else (running ? cancel : start).focus()
  }

  /** @param {typeof session.run} running */
  function place(running) {
    if (!running) {
      status.textContent = idleText(context)
      start.hidden = session.results.size >= session.checkpoint.tensors.length
      if (element.firstChild !== status) element.replaceChildren(status, space, start)
      return
    }
    if (element.firstChild !== task) element.replaceChildren(task, bar, figures, space, cancel)
    const { progress } = running
    const total = progress?.tensorsTotal ?? session.checkpoint.tensors.length
    task.textContent = t('analysing', { count: context.numbers.exact(total) }, total)
    bar.setAttribute('aria-label', task.textContent)
    bar.value = progress ? progress.bytes / (progress.bytesTotal || 1) : 0
    figures.textContent = progress ? progressText(context, progress, performance.now() - running.started) : ''
  }

  session.addEventListener('analysis', show, { signal })
  session.addEventListener('results', show, { signal })
  settings.addEventListener('filter', label, { signal })
  label()
  show()
  return element
}

/** @param {OpenContext} context */
function idleText({ t, numbers, session }) {
  const done = session.results.size
  const total = session.checkpoint.tensors.length
  if (done === 0) return total === 0 ? '' : t('analysisIdle')
  return t('analysed', { count: numbers.exact(done), total: numbers.exact(total) }, total)
}

/**
 * `9.3 GiB of 15 GiB · 1.31 GiB/s · 4 s left`.
 *
 * @param {OpenContext} context
 * @param {import('../types').Progress} progress
 * @param {number} ms
 */
function progressText({ t, numbers }, { bytes, bytesTotal }, ms) {
  const parts = [t('progress', { done: numbers.bytes(bytes), total: numbers.bytes(bytesTotal) })]
  if (ms > RATE_AFTER_MS && bytes > 0) {
    const rate = bytes / ms * 1000
    const left = Math.ceil((bytesTotal - bytes) / rate)
    const time = left < 90 ? t('seconds', { count: left }) : t('minutes', { count: Math.round(left / 60) })
    parts.push(t('progressRate', { rate: numbers.bytes(rate) }), t('progressLeft', { time }))
  }
  return parts.join(' · ')
}
