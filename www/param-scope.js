// The class of <param-scope>. Importing it registers nothing and touches no window.

import { openCheckpoint, DEFAULT_BINS } from './checkpoint.js'
import { coreOnPage } from './engine.js'
import { abortError, isAbort } from './errors.js'
import { droppedEntries } from './files.js'
import { Numbers } from './parts/numbers.js'
import { Session } from './parts/session.js'
import { Shell, loaded, styleLink } from './parts/shell.js'
import { chooseLanguage, translator } from './parts/texts.js'
import { MAX_BINS, MIN_BINS, VIEWS } from './parts/views.js'
import { place } from './place.js'

/** A small real checkpoint that is part of the site. */
const EXAMPLE = 'examples/simplenn_checkpoint.pt'

/** On a server there is no HTMLElement to extend, and nobody makes an element. */
const Base = globalThis.HTMLElement ?? /** @type {typeof HTMLElement} */ (/** @type {unknown} */ (class {}))

export class ParamScope extends Base {
  static observedAttributes = ['src', 'tensor', 'view', 'filter', 'bins', 'scale', 'theme', 'lang', 'readonly']

  #shell = new Shell(this)
  #style = styleLink()
  #settings = new EventTarget()
  /** @type {Session | null} */
  #session = null
  /** @type {import('./engine.js').Core | null} */
  #core = null
  /** @type {{ language: string, translate: import('./parts/texts.js').Translate } | null} */
  #texts = null
  /** @type {AbortController | null} */
  #opening = null
  #rendering = new AbortController()

  constructor() {
    super()
    this.attachShadow({ mode: 'open' }).append(this.#style, this.#shell.element)
  }

  connectedCallback() {
    Promise.all([coreOnPage(), loaded(this.#style), this.#translate()]).then(([core]) => {
      this.#core = core
      this.#render()
      if (this.src && !this.#session) this.#openQuietly(this.src)
    }, async error => this.#shell.broken((await translator(this.language))('noCore', { message: error.message })))
  }

  disconnectedCallback() {
    // Being moved within the document disconnects too, but only for a moment.
    queueMicrotask(() => { if (!this.isConnected) this.close() })
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} now
   */
  attributeChangedCallback(name, before, now) {
    if (before === now || !this.#core) return
    if (name === 'lang') this.#translate().then(() => this.#render())
    else if (name === 'readonly') this.#render()
    else if (name === 'src' && now) this.#openQuietly(now)
    else if (name === 'tensor') this.#selectByName()
    else if (name === 'theme') this.#shell.theme(this.theme)
    this.#settings.dispatchEvent(new Event(name))
  }

  get src() { return this.getAttribute('src') ?? '' }
  set src(value) { this.setAttribute('src', value) }
  get tensor() { return this.getAttribute('tensor') ?? '' }
  set tensor(value) { this.setAttribute('tensor', value) }
  get filter() { return this.getAttribute('filter') ?? '' }
  set filter(value) { this.setAttribute('filter', value) }
  get readonly() { return this.hasAttribute('readonly') }
  set readonly(value) { this.toggleAttribute('readonly', value) }

  get view() {
    const view = this.getAttribute('view')
    return VIEWS.some(({ id }) => id === view) ? String(view) : VIEWS[0].id
  }
  set view(value) { this.setAttribute('view', value) }

  get bins() {
    const bins = Math.round(Number(this.getAttribute('bins') ?? DEFAULT_BINS)) || DEFAULT_BINS
    return Math.min(MAX_BINS, Math.max(MIN_BINS, bins))
  }
  set bins(value) {
    this.setAttribute('bins', String(value))
    // Out of bounds the attribute may change where the number does not; the box must show the number.
    this.#settings.dispatchEvent(new Event('bins'))
  }

  /** @returns {'linear' | 'log'} */
  get scale() { return this.getAttribute('scale') === 'log' ? 'log' : 'linear' }
  set scale(value) { this.setAttribute('scale', value) }

  /** @returns {'auto' | 'light' | 'dark'} */
  get theme() {
    const theme = this.getAttribute('theme')
    return theme === 'light' || theme === 'dark' ? theme : 'auto'
  }
  set theme(value) { this.setAttribute('theme', value) }

  /** The language of the texts: the attribute's, or else what the browser prefers. */
  get language() { return chooseLanguage(this.getAttribute('lang') ?? '') }

  get checkpoint() { return this.#session?.checkpoint ?? null }

  /**
   * Opens a checkpoint. What was open stays open until this one is, and for good if it cannot be opened.
   *
   * @param {import('./types').Openable} files
   * @returns {Promise<import('./types').Checkpoint>}
   */
  async open(files) {
    this.#opening?.abort()
    const opening = new AbortController()
    this.#opening = opening
    this.#shell.opening(nameOf(files))
    try {
      const checkpoint = await openCheckpoint(files, { signal: opening.signal })
      if (opening.signal.aborted) {
        checkpoint.close()
        throw abortError()
      }
      this.#replace(new Session(checkpoint))
      return checkpoint
    } catch (error) {
      if (!isAbort(error)) this.#report(/** @type {Error} */ (error))
      throw error
    } finally {
      if (this.#opening === opening) {
        this.#opening = null
        this.#shell.opening(null)
      }
    }
  }

  /** Closes what is open, and frees its memory. */
  close() {
    this.#opening?.abort()
    if (this.#session) this.#forget()
    if (this.isConnected) this.#render()
  }

  /** What an attribute asks for: its failure is shown, and nobody waits for it. @param {import('./types').Openable} files */
  #openQuietly(files) {
    this.open(files).catch(() => {})
  }

  /** What a person asks for: the keyboard goes on in the table. @param {import('./types').Openable} files */
  #openForPerson(files) {
    this.open(files).then(() => this.#settings.dispatchEvent(new Event('focus')), () => {})
  }

  /** @param {Session} session */
  #replace(session) {
    if (this.#session) this.#forget()
    this.#session = session
    session.addEventListener('select', () => {
      const tensor = session.checkpoint.tensors[session.selected]
      this.tensor = tensor.name
      this.#tell('tensor-select', { tensor })
    })
    // What is open is told before what is chosen in it.
    this.#tell('checkpoint-open', { checkpoint: session.checkpoint })
    this.#selectByName()
    if (session.selected < 0) this.removeAttribute('tensor')
    this.#shell.dismiss()
    this.#render()
  }

  /** A filter and a choice belong to the checkpoint that they were made in. */
  #forget() {
    const session = this.#session
    this.#session = null
    session?.close()
    this.removeAttribute('filter')
    this.removeAttribute('tensor')
  }

  #selectByName() {
    const { tensor } = this
    const tensors = this.#session?.checkpoint.tensors ?? []
    if (tensor === '' || tensors[this.#session?.selected ?? -1]?.name === tensor) return
    const index = tensors.findIndex(({ name }) => name === tensor)
    if (index >= 0) this.#session?.select(index)
  }

  /** Makes ready the texts of the language that is wanted by then. */
  async #translate() {
    const { language } = this
    const translate = await translator(language)
    if (language === this.language) this.#texts = { language, translate }
  }

  #render() {
    const core = this.#core
    const texts = this.#texts
    if (!core || !texts) return
    this.#rendering.abort()
    this.#rendering = new AbortController()
    const { language, translate: t } = texts
    const context = { host: this, t, numbers: new Numbers(language), core, settings: this.#settings, signal: this.#rendering.signal, report: (/** @type {Error} */ error) => this.#report(error) }
    this.#shell.show(context, this.#session, {
      open: files => this.#openForPerson(files),
      drop: transfer => droppedEntries(transfer).then(entries => this.#openForPerson(entries), error => this.#report(error)),
      example: () => this.#openForPerson(place(EXAMPLE)),
      close: () => this.close(),
      progress: progress => this.#tell('analysis-progress', progress),
    })
  }

  /** @param {Error} error */
  #report(error) {
    this.#shell.error(error, this.#session !== null)
    this.#tell('checkpoint-error', { error })
  }

  /**
   * @param {keyof import('./types').ParamScopeEvents} name
   * @param {unknown} detail
   */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }
}

/**
 * What is being opened, in a word.
 *
 * @param {import('./types').Openable} files
 * @returns {string}
 */
function nameOf(files) {
  if (typeof files === 'string' || files instanceof URL) return String(files).split('/').at(-1) ?? ''
  const first = files instanceof File ? files : files[0]
  return (first instanceof File ? first.name : first?.path) ?? ''
}
