// A button with a menu, by the ARIA pattern; the browser's popover closes it.

import { h } from './dom.js'

let made = 0

/**
 * @param {object} options
 * @param {import('./dom.js').Child[]} options.label
 * @param {string} [options.title]
 * @param {string} options.part
 * @param {string} options.look  the button's class
 * @param {{ id: string, text: string, act: () => void }[]} options.items
 * @returns {HTMLElement}
 */
export function createMenu({ label, title, part, look, items }) {
  const id = `menu-${++made}`
  const entries = items.map(item => h('button', { type: 'button', role: 'menuitem', tabindex: -1, 'data-action': item.id, onclick: () => { close(); item.act() } }, item.text))
  const menu = h('div', { id, role: 'menu', class: 'menu', popover: 'auto', onkeydown: key, ontoggle: toggled }, entries)
  const button = h('button', { type: 'button', class: look, part, popovertarget: id, 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-label': title, title }, label)
  // The attribute alone does not reach across in every engine when both are built before they are in a tree.
  button.popoverTargetElement = menu

  /** @param {Event} event */
  function toggled(event) {
    const open = /** @type {ToggleEvent} */ (event).newState === 'open'
    button.setAttribute('aria-expanded', String(open))
    if (!open) return
    const { bottom, right } = button.getBoundingClientRect()
    menu.style.top = `${bottom + 6}px`
    menu.style.left = `${Math.max(8, right - menu.offsetWidth)}px`
    entries[0]?.focus()
  }

  /** The keyboard goes on where it came from; in a shadow tree browsers lose the place. */
  function close() {
    menu.hidePopover()
    button.focus()
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.key === 'Escape') {
      event.preventDefault()
      return close()
    }
    const at = entries.findIndex(entry => entry === event.target)
    /** @type {Record<string, number>} */
    const targets = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }
    const next = targets[event.key]
    if (next === undefined) return
    event.preventDefault()
    entries.at(next % entries.length)?.focus()
  }

  return h('span', { class: 'menu-anchor' }, button, menu)
}
