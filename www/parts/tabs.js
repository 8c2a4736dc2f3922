// A list of tabs by the ARIA pattern: one is in the tab order, arrow keys move and choose.

import { h } from './dom.js'

/**
 * @param {object} options
 * @param {string} options.label
 * @param {string} options.look  a class
 * @param {string} options.panel  the id of what they show
 * @param {{ id: string, title: string, extra?: Node | null }[]} options.tabs
 * @param {string} options.chosen
 * @param {(id: string) => void} options.onChoose
 */
export function createTabs({ label, look, panel, tabs, chosen, onChoose }) {
  const buttons = tabs.map(({ id, title, extra }) => h('button', {
    type: 'button', role: 'tab', id: `${panel}-${id}`, 'data-tab': id, 'aria-controls': panel,
    onclick: () => choose(id),
  }, title, extra ?? null))
  const element = h('div', { role: 'tablist', class: look, part: look, 'aria-label': label, onkeydown: key }, buttons)
  show(chosen)

  /** @param {string} id */
  function show(id) {
    for (const button of buttons) {
      const on = button.dataset.tab === id
      button.setAttribute('aria-selected', String(on))
      button.tabIndex = on ? 0 : -1
    }
  }

  /** @param {string} id */
  function choose(id) {
    show(id)
    onChoose(id)
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    const at = buttons.findIndex(button => button === event.target)
    /** @type {Record<string, number>} */
    const targets = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }
    const next = targets[event.key]
    if (next === undefined || at < 0) return
    event.preventDefault()
    const button = buttons[(next + buttons.length) % buttons.length]
    button.focus()
    choose(button.dataset.tab ?? '')
  }

  return { element, show }
}
