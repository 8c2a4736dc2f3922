// How long a person waits for the page, measured in the page itself.

/** @typedef {import('playwright-core').Page} Page */

/**
 * Chooses a file; the milliseconds until its first rows are shown.
 *
 * @param {Page} page
 * @param {string} path
 */
export async function timedOpening(page, path) {
  await page.evaluate(() => {
    const element = /** @type {HTMLElement} */ (document.querySelector('param-scope'))
    const root = /** @type {ShadowRoot} */ (element.shadowRoot)
    const opening = new Promise(opened => {
      root.querySelector('[part=file-input]')?.addEventListener('change', () => {
        const start = performance.now()
        // What is drawn in a frame is to be seen after it.
        const look = () => requestAnimationFrame(() => {
          if (root.querySelector('[role=row][data-name]')) setTimeout(() => opened(performance.now() - start))
          else look()
        })
        look()
      }, { capture: true, once: true })
    })
    Object.assign(globalThis, { opening })
  })
  await page.locator('[part=file-input]').setInputFiles(path)
  return /** @type {Promise<number>} */ (page.evaluate(() => /** @type {any} */ (globalThis).opening))
}

/**
 * Types into the filter, key by key; for each, the milliseconds from the key to the frame with the rows that it left.
 *
 * @param {Page} page
 * @param {string[]} keys  each of which has to change the rows
 */
export async function timedKeys(page, keys) {
  await page.locator('[part=filter]').focus()
  /** @type {number[]} */
  const times = []
  for (const key of keys) {
    await page.evaluate(() => {
      const root = /** @type {ShadowRoot} */ (document.querySelector('param-scope')?.shadowRoot)
      const filtering = new Promise(filtered => {
        root.querySelector('[part=filter]')?.addEventListener('keydown', event => {
          const found = new MutationObserver(() => {
            found.disconnect()
            requestAnimationFrame(() => setTimeout(() => filtered(performance.now() - event.timeStamp)))
          })
          // Tells how many rows there are, once they are there.
          found.observe(/** @type {Node} */ (root.querySelector('[part=hits]')), { childList: true, characterData: true, subtree: true })
        }, { capture: true, once: true })
      })
      Object.assign(globalThis, { filtering })
    })
    await page.keyboard.press(key)
    times.push(await page.evaluate(() => /** @type {any} */ (globalThis).filtering))
  }
  return times
}

/**
 * Scrolls the table from its top to its end; the milliseconds between each two frames, the longest last.
 *
 * @param {Page} page
 */
export function timedFrames(page) {
  return page.evaluate(async () => {
    const root = /** @type {ShadowRoot} */ (document.querySelector('param-scope')?.shadowRoot)
    const body = /** @type {HTMLElement} */ (root.querySelector('[role=treegrid]'))
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve))
    const gaps = []
    let last = await frame()
    for (let step = 0; step <= 120; step++) {
      body.scrollTop = (body.scrollHeight - body.clientHeight) * step / 120
      const now = await frame()
      gaps.push(now - last)
      last = now
    }
    return gaps.sort((a, b) => a - b)
  })
}
