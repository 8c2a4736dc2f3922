// Icons, drawn on a grid of 16.

import { svg } from './dom.js'

const LINES = {
  search: 'M7 2.4a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2M10.5 10.5l3.6 3.6',
  close: 'M4 4l8 8M12 4l-8 8',
  more: 'M3.2 8h.01M8 8h.01M12.8 8h.01',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3.05 3.05l1 1M11.95 11.95l1 1M12.95 3.05l-1 1M4.05 11.95l-1 1',
  moon: 'M13.6 9.6A6 6 0 0 1 6.4 2.4a6 6 0 1 0 7.2 7.2z',
  auto: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 2v12M9.6 3v10M11.2 3.6v8.8M12.8 5v6',
  shield: 'M8 1.8 13.4 4v4c0 3.2-2.2 5.3-5.4 6.4C4.8 13.3 2.6 11.2 2.6 8V4zM5.7 8l1.7 1.7 3-3.2',
  bolt: 'M8.8 1.8 3.6 9h3.800l-.6 5.200L12.400 7H8.400z',
  tree: 'M2.5 3h5M5.5 8h8M5.5 13h8M3.5 3v10M3.5 8h2M3.5 13h2',
  list: 'M2.5 3.5h11M2.5 8h11M2.5 12.5h11',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  lock: 'M3.5 7.5h9v6.5h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  link: 'M6.6 9.4l2.8-2.8M7.3 4.7l1-1a2.83 2.83 0 0 1 4 4l-1 1M8.7 11.3l-1 1a2.83 2.83 0 0 1-4-4l1-1',
  warning: 'M8 2.2 14.6 13.6H1.4zM8 6.6v3.2M8 11.7h.01',
  twist: 'M6 4l4 4-4 4',
}

/** @param {keyof typeof LINES} name */
export function icon(name) {
  const path = svg('path', { d: LINES[name] })
  return svg('svg', {
    viewBox: '0 0 16 16', width: 14, height: 14, class: `icon ${name}`, fill: 'none', stroke: 'currentColor',
    'stroke-width': name === 'more' ? 2.4 : 1.6, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true',
  }, path)
}

/**
 * The four bars.
 *
 * @param {number} size
 */
export function logo(size) {
  const bars = [[1, 11, 6], [5.3, 5, 12], [9.6, 1, 16], [14, 8, 9]]
  const rects = bars.map(([x, y, height]) => svg('rect', { x, y, width: 3, height, rx: 1 }))
  return svg('svg', { viewBox: '0 0 18 18', width: size, height: size, fill: 'currentColor', 'aria-hidden': 'true' }, ...rects)
}
