// Histograms on one axis as a picture: their bins, in words and by the mouse.

/** @typedef {{ label: string, counts: Float64Array, below: number, above: number }} Series */
/**
 * What is shown: one series or more over the same edges. `powers`: edges are exponents of two, and the values magnitudes.
 *
 * @typedef {{ edges: Float64Array, series: Series[], powers: boolean }} Bins
 */

/** All values, those outside the edges, too. @param {Series} series */
export const totalOf = ({ counts, below, above }) => counts.reduce((sum, count) => sum + count, below + above)

/** What would not be seen in counts of tensors of unlike sizes. @param {Bins} bins */
export const asShares = ({ series }) => series.some(one => totalOf(one) !== totalOf(series[0]))

/**
 * @param {import('./context.js').OpenContext} context
 * @param {Bins} bins
 * @param {{ title: string, xLabel: string, yLabel: string, logY: boolean, notes: string[] }} wording  `notes`: sentences to end with
 * @returns {import('./picture.js').Subject}
 */
export function binsOf({ t, numbers }, { edges, series, powers }, { logY, notes, ...words }) {
  const [{ counts }] = series
  const last = counts.length - 1
  const totals = series.map(totalOf)
  const share = (/** @type {number} */ bin, at = 0) => numbers.percent(series[at].counts[bin] / (totals[at] || 1))
  const edge = (/** @type {number} */ at) => numbers.significant(powers ? 2 ** edges[at] : edges[at])
  const mode = counts.indexOf(counts.reduce((most, count) => Math.max(most, count), 0))
  const summary = [
    series.length > 1 && t('comparing', { names: series.map(({ label }) => label).join(', ') }),
    t(powers ? 'magnitudeSummary' : 'plotSummary', { bins: counts.length, low: edge(0), high: edge(last + 1), modeLow: edge(mode), modeHigh: edge(mode + 1), percent: share(mode) }),
    ...series.map(({ label, below, above }) => below + above > 0 &&
      t(series.length > 1 ? 'plotOutsideOf' : 'plotOutside', { name: label, below: numbers.exact(below), above: numbers.exact(above) })),
    ...notes,
  ]
  const short = tellingApart(series.map(({ label }) => label))
  const shares = asShares({ edges, series, powers })
  return {
    words,
    summary: summary.filter(Boolean).join(' '),
    hint: t('chooseBin'),
    count: counts.length,
    chart: (frame, hover) => ({ kind: 'histogram', frame, edges, series: series.map(({ label, counts }, at) => ({ label, short: short[at], counts, total: totals[at] })), logY, shares, powers, hover }),
    tell: bin => [
      t('bin', { low: edge(bin), high: edge(bin + 1) }),
      ...powers ? [t('binPowers', { low: numbers.exact(edges[bin]), high: numbers.exact(edges[bin + 1]) })] : [],
      ...series.map(({ counts }, at) => {
        const told = t('binCount', { count: numbers.exact(counts[bin]), percent: share(bin, at) }, counts[bin])
        return series.length > 1 ? t('binOf', { name: short[at], told }) : told
      }),
    ],
    at: (x, _, { area }) => {
      const bin = Math.floor((x - area.left) / (area.right - area.left) * counts.length)
      return bin >= 0 && bin <= last ? bin : undefined
    },
    place: (bin, { area }) => {
      const side = (/** @type {number} */ at) => area.left + at / counts.length * (area.right - area.left)
      return { ...area, left: side(bin), right: side(bin + 1) }
    },
    keys: bin => ({ ArrowRight: bin === undefined ? 0 : Math.min(last, bin + 1), ArrowLeft: bin === undefined ? last : Math.max(0, bin - 1), Home: 0, End: last, Escape: undefined }),
  }
}

/**
 * Names without the parts that all of them begin and end with, but for the last one before they differ: `…layers.0…`.
 *
 * @param {string[]} names
 */
export function tellingApart(names) {
  const parts = names.map(name => name.split(/(?<=[./])/))
  const least = Math.min(...parts.map(({ length }) => length)) - 1
  const alike = (/** @type {number} */ at) => parts.every(part => part.at(at) === parts[0].at(at))
  let [before, after] = [0, 0]
  while (before < least && alike(before)) before++
  while (after < least - before && alike(-1 - after)) after++
  const first = Math.max(0, before - 1)
  return parts.map(part => `${first > 0 ? '…' : ''}${part.slice(first, part.length - after).join('').replace(after > 0 ? /[./]$/ : '', '')}${after > 0 ? '…' : ''}`)
}

/**
 * Magnitudes of several tensors over the powers of two that any of them has; none without a value other than zero.
 *
 * @param {{ label: string, magnitudes: import('../types').Summary['magnitudes'] }[]} tensors
 * @returns {Bins | undefined}
 */
export function magnitudes(tensors) {
  const filled = tensors.flatMap(({ label, magnitudes }) => magnitudes && magnitudes.counts.length > 0 ? [{ label, ...magnitudes }] : [])
  if (filled.length === 0) return undefined
  const lowest = Math.min(...filled.map(({ lowest }) => lowest))
  const end = Math.max(...filled.map(({ lowest, counts }) => lowest + counts.length))
  const edges = Float64Array.from({ length: end - lowest + 1 }, (_, at) => lowest + at)
  return {
    powers: true,
    edges,
    series: filled.map(({ label, lowest: first, counts }) => {
      const all = new Float64Array(end - lowest)
      all.set(counts, first - lowest)
      return { label, counts: all, below: 0, above: 0 }
    }),
  }
}
