// What is measured beside what, and the bars: the table of the bench.

import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { analysing, chosen, feel, memory, opening, reading } from './browser.js'

/**
 * @typedef {object} Bench  what rows measure with
 * @property {import('./browser.js').Viewer} viewer
 * @property {string} python
 * @property {(name: string) => string} file  the path of a file that `files.py` made
 */

/**
 * One measurement: figures by their names.
 *
 * @typedef {() => Promise<Record<string, number>>} Side
 */

/**
 * @typedef {object} Row  one line of the table: its figure is the ratio of `ours` to `beside`, both of one round
 * @property {string} name
 * @property {string} besides  what it is measured beside
 * @property {'GB/s' | 'MB' | 'ms'} unit
 * @property {(figures: Record<string, number>) => number} ours
 * @property {(figures: Record<string, number>) => number} beside
 * @property {{ least: number } | { most: number }} bar
 */

/**
 * @typedef {object} Group  rows whose sides are measured in turn
 * @property {number} [rounds]
 * @property {Row[]} rows
 * @property {(bench: Bench) => Promise<{ sides: Side[], end?: () => Promise<void> }>} begin
 */

/** As many as the viewer takes by itself. */
const WORKERS = Math.min(8, availableParallelism())

/** @type {Group[]} */
export const GROUPS = [
  ...[{ dtype: 'f32', numpy: 3 }, { dtype: 'f16', numpy: 5 }, { dtype: 'bf16' }].map(wholeFile),
  {
    rows: [
      {
        name: 'moments of f32 on one core', besides: '6 GB/s, or half of memcpy', unit: 'GB/s',
        ours: ({ moments_gbs }) => moments_gbs, beside: ({ memcpy_gbs }) => Math.min(6, memcpy_gbs / 2), bar: { least: 1 },
      },
      { name: 'histogram of f32 on one core', besides: '3 GB/s', unit: 'GB/s', ours: ({ histogram_gbs }) => histogram_gbs, beside: () => 3, bar: { least: 1 } },
    ],
    begin: async () => ({ sides: [kernels] }),
  },
  {
    rounds: 15,
    rows: [{ name: 'opening the large file', besides: 'one of 3 MB with as many tensors', unit: 'ms', ours: ({ large }) => large, beside: ({ small }) => small, bar: { most: 1.5 } }],
    async begin({ viewer, file }) {
      const { page, check } = await viewer.open()
      const large = await chosen(page, file('large.safetensors'))
      const small = await chosen(page, file('small.safetensors'))
      return { sides: [async () => ({ small: await opening(page, small) }), async () => ({ large: await opening(page, large) })], end: check }
    },
  },
  {
    rows: [{ name: 'memory for the large file, two workers', besides: '220 MB', unit: 'MB', ours: ({ peak }) => peak, beside: () => 220, bar: { most: 1 } }],
    begin: async ({ viewer, file }) => ({ sides: [async () => ({ peak: await memory(viewer, file('large.safetensors'), 2) })] }),
  },
  {
    rows: [
      { name: '100 000 tensors: first rows', besides: '1 s', unit: 'ms', ours: ({ opened }) => opened, beside: () => 1000, bar: { most: 1 } },
      { name: '100 000 tensors: slowest key in the filter', besides: '50 ms', unit: 'ms', ours: ({ key }) => key, beside: () => 50, bar: { most: 1 } },
      { name: '100 000 tensors: longest frame of scrolling', besides: '50 ms', unit: 'ms', ours: ({ frame }) => frame, beside: () => 50, bar: { most: 1 } },
    ],
    begin: async ({ viewer, file }) => ({ sides: [() => feel(viewer, file('many.safetensors'))] }),
  },
  {
    rows: [
      { name: 'contiguous HDF5, native', besides: 'the same as safetensors', unit: 'GB/s', ours: ({ contiguous }) => contiguous, beside: ({ safetensors }) => safetensors, bar: { least: 0.85 } },
      { name: 'HDF5 with gzip, native', besides: 'h5py and NumPy', unit: 'GB/s', ours: ({ gzip }) => gzip, beside: ({ gzipBeside }) => gzipBeside, bar: { least: 0.8 } },
      { name: 'HDF5 with gzip and shuffle, native', besides: 'h5py and NumPy', unit: 'GB/s', ours: ({ shuffle }) => shuffle, beside: ({ shuffleBeside }) => shuffleBeside, bar: { least: 0.8 } },
    ],
    begin: async ({ python, file }) => ({
      sides: [
        async () => ({ safetensors: await native(file('contiguous.safetensors')) }),
        async () => ({ contiguous: await native(file('contiguous.h5')) }),
        async () => ({ gzipBeside: await baseline(python, 'hdf5', file('gzip.h5')) }),
        async () => ({ gzip: await native(file('gzip.h5')) }),
        async () => ({ shuffleBeside: await baseline(python, 'hdf5', file('gzip-shuffle.h5')) }),
        async () => ({ shuffle: await native(file('gzip-shuffle.h5')) }),
      ],
    }),
  },
]

/**
 * The analysis of a whole file in Chromium.
 *
 * @param {{ dtype: string, numpy?: number }} of  `numpy`: how many times as fast as NumPy it has to be, which has no bfloat16
 * @returns {Group}
 */
function wholeFile({ dtype, numpy }) {
  const basic = `counts, moments, 50 bins of ${dtype}`
  const ours = (/** @type {Record<string, number>} */ { moments }) => moments
  const beside = (/** @type {Record<string, number>} */ { raw }) => raw
  /** @type {Row[]} */
  const rows = [
    { name: basic, besides: 'reading it raw', unit: 'GB/s', ours, beside, bar: { least: 0.75 } },
    { name: `full set with percentiles of ${dtype}`, besides: 'reading it raw', unit: 'GB/s', ours: ({ full }) => full, beside, bar: { least: 0.6 } },
  ]
  if (numpy) rows.push({ name: basic, besides: 'NumPy', unit: 'GB/s', ours, beside: ({ numpy }) => numpy, bar: { least: numpy } })
  return {
    rows,
    async begin({ viewer, python, file }) {
      const path = file(`${dtype}.safetensors`)
      const { chunk_bytes: chunk } = await kernels()
      const { page, check } = await viewer.open()
      const handle = await chosen(page, path)
      await readOnce(path)
      /** @type {Side[]} */
      const sides = [
        async () => ({ full: await analysing(page, handle, { depth: 'full', workers: WORKERS }) }),
        async () => ({ raw: await reading(page, handle, { chunk, workers: WORKERS }) }),
        async () => ({ moments: await analysing(page, handle, { depth: 'moments', workers: WORKERS }) }),
      ]
      if (numpy) sides.push(async () => ({ numpy: await baseline(python, 'safetensors', path) }))
      return { sides, end: check }
    },
  }
}

/** Brings a file into the page cache. @param {string} path */
async function readOnce(path) {
  for await (const _ of createReadStream(path, { highWaterMark: 1 << 20 }));
}

const run = promisify(execFile)
const EXAMPLES = 'target/release/examples'

/** @type {Side} */
async function kernels() {
  return JSON.parse((await run(`${EXAMPLES}/kernels`)).stdout)
}

/** @param {string} path */
const native = path => rate(`${EXAMPLES}/throughput`, [path])

/**
 * @param {string} python
 * @param {'safetensors' | 'hdf5'} how
 * @param {string} path
 */
const baseline = (python, how, path) => rate(python, ['tests/bench/baselines.py', how, path])

/**
 * Of a program that prints seconds and bytes.
 *
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<number>} GB/s
 */
async function rate(program, args) {
  const [seconds, bytes] = (await run(program, args)).stdout.split(' ').map(Number)
  return bytes / seconds / 1e9
}
