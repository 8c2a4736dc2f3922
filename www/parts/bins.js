// A histogram as a picture: its bins, in words and by the mouse.

/** @typedef {import('../types').Histogram} Histogram */

/** @param {Histogram} histogram */
export const totalOf = ({ counts, below, above }) => counts.reduce((sum, count) => sum + count, below + above)

/**
 * @param {import('./context.js').OpenContext} context
 * @param {Histogram} histogram
 * @param {{ title: string, xLabel: string, yLabel: string, logY: boolean }} wording
 * @returns {import('./picture.js').Subject}
 */
export function bins({ t, numbers }, { edges, counts, below, above }, { logY, ...words }) {
  const total = totalOf({ edges, counts, below, above })
  const last = counts.length - 1
  const share = (/** @type {number} */ bin) => numbers.percent(counts[bin] / (total || 1))
  const mode = counts.indexOf(counts.reduce((most, count) => Math.max(most, count), 0))
  const summary = t('plotSummary', {
    bins: counts.length, low: numbers.significant(edges[0]), high: numbers.significant(edges[counts.length]),
    modeLow: numbers.significant(edges[mode]), modeHigh: numbers.significant(edges[mode + 1]), percent: share(mode),
  })
  return {
    words,
    summary: below + above === 0 ? summary : `${summary} ${t('plotOutside', { below: numbers.exact(below), above: numbers.exact(above) })}`,
    hint: t('chooseBin'),
    count: counts.length,
    chart: (frame, hover) => ({ kind: 'histogram', frame, edges, series: [{ label: words.title, counts, total }], logY, hover }),
    tell: bin => [
      t('bin', { low: numbers.significant(edges[bin]), high: numbers.significant(edges[bin + 1]) }),
      t('binCount', { count: numbers.exact(counts[bin]), percent: share(bin) }, counts[bin]),
    ],
    at: (x, _, { area }) => {
      const bin = Math.floor((x - area.left) / (area.right - area.left) * counts.length)
      return bin >= 0 && bin <= last ? bin : undefined
    },
    place: (bin, { area }) => {
      const edge = (/** @type {number} */ at) => area.left + at / counts.length * (area.right - area.left)
      return { ...area, left: edge(bin), right: edge(bin + 1) }
    },
    keys: bin => ({ ArrowRight: bin === undefined ? 0 : Math.min(last, bin + 1), ArrowLeft: bin === undefined ? last : Math.max(0, bin - 1), Home: 0, End: last, Escape: undefined }),
  }
}
